"""``stale``: the answer as it was before the zone changed. A secondary server that missed a transfer, or a cache that serves on.

A resolver sees a valid answer with addresses that were right once; nothing tells it that they are old.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Reply


@dataclass(frozen=True, slots=True)
class Stale(DnsFault):
    """``versions`` changes of the zones ago. While the zones have not changed so often, the answer is the honest one."""

    versions: int = 1

    def __post_init__(self) -> None:
        if self.versions < 1:
            raise ValueError("'versions' counts back from 1, the zones before the last change")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer) or reply.look is None:
            return reply
        earlier = reply.look(versions=self.versions)
        if earlier is None:
            return reply
        return replace(
            reply,
            rcode=earlier.rcode,
            records=earlier.records,
            authority=earlier.authority,
            additional=earlier.additional,
            aa=earlier.aa,
            soa=earlier.soa,
        )
