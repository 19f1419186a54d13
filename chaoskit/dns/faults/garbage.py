"""``garbage``: a damaged answer. Bytes of it are spoilt, at a chosen place, or its end is missing.

What a resolver makes of it depends on the place: spoilt flags can turn an answer into an error or a truncated one, spoilt counts and names
make it unreadable, and spoilt data is a wrong address that nobody can tell from a right one: DNS without DNSSEC has nothing but UDP's
checksum against that.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar, get_args

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Damage, Place, Query, Reply


@dataclass(frozen=True, slots=True)
class Garbage(DnsFault):
    """``place`` is header (the ID stays right), question, answer (all behind the question), anywhere, or length: cut short.

    ``count`` bytes are spoilt; which ones, and how, is drawn for each query.
    """

    EXAMPLE: ClassVar[str] = "{garbage: {place: header, count: 2}}"

    place: Place = "anywhere"
    count: int = 1

    def __post_init__(self) -> None:
        if self.place not in get_args(Place):
            raise ValueError(f"'place' is {', '.join(get_args(Place))}, not {self.place!r}")
        if self.count < 1:
            raise ValueError("'count' must be 1 or more")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer):
            return reply
        return reply.with_wire(damage=Damage(self.place, self.count, rng.getrandbits(32)))
