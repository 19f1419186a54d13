"""``rotate``: the same addresses in another order, as a round-robin server gives them (RFC 1794 §2).

Clients that take the first address put all their load on it. chaoskit's honest answers keep the order of the zone; a libc may sort what it
gets (RFC 6724), which leaves addresses of equal rank as they came.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.faults._addresses import ADDRESS_TYPES
from chaoskit.dns.message import Answer, Query, Reply


@dataclass(frozen=True, slots=True)
class Rotate(DnsFault):
    """``how``: ``round_robin`` moves the first address to the end, once more each time that an asker asks; ``shuffle`` draws."""

    EXAMPLE: ClassVar[str] = "{rotate: {how: shuffle}}"

    how: Literal["round_robin", "shuffle"] = "round_robin"

    def __post_init__(self) -> None:
        if self.how not in ("round_robin", "shuffle"):
            raise ValueError(f"'how' is round_robin or shuffle, not {self.how!r}")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer):
            return reply
        others = tuple(record for record in reply.records if record.rtype not in ADDRESS_TYPES)
        addresses = [record for record in reply.records if record.rtype in ADDRESS_TYPES]
        if len(addresses) < 2:
            return reply
        if self.how == "shuffle":
            rng.shuffle(addresses)
        else:
            first = query.nth % len(addresses)
            addresses = addresses[first:] + addresses[:first]
        return replace(reply, records=(*others, *addresses))
