"""``truncate``: the answer says that it is cut short (TC=1, RFC 1035 §4.1.1), so the resolver asks again over TCP (RFC 7766 §5).

A resolver that does no TCP (musl 1.2.3) or cannot reach it, because a firewall passes UDP port 53 only, never gets the rest. With
``drop`` or ``hangup`` on ``transports: [tcp]`` beside it, this is that firewall.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Reply


@dataclass(frozen=True, slots=True)
class Truncate(DnsFault):
    """``keep`` records are left in the answer. Over TCP there is nothing to truncate, so ``tcp`` must say that it is meant."""

    keep: int = 0
    tcp: bool = False

    def __post_init__(self) -> None:
        if self.keep < 0:
            raise ValueError("'keep' must be 0 or more")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer) or (query.transport == "tcp" and not self.tcp):
            return reply
        kept = replace(reply, records=reply.records[: self.keep], authority=(), additional=())
        return kept.with_wire(truncated=True)
