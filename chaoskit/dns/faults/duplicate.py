"""``duplicate``: the answer comes several times, as from a network that repeats datagrams, or beside it another one, as from a forger.

A resolver takes the first that fits its question. One that keeps its socket for further questions finds the others there, with IDs of
questions that are answered. A fault written after this one changes the first message only.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.faults._addresses import ADDRESS_TYPES, family, read_addresses, with_addresses
from chaoskit.dns.message import Answer, Query, Reply

MAX_COPIES = 16


@dataclass(frozen=True, slots=True)
class Duplicate(DnsFault):
    """``copies`` messages in all, sent at once.

    With ``other``, an address or several, all but the first hold those addresses instead; with ``other_first``, all but the last do.
    """

    EXAMPLE: ClassVar[str] = "{duplicate: {copies: 2, other: 127.0.0.99}}"

    copies: int = 2
    other: str | tuple[str, ...] = ()
    other_first: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "other", read_addresses(self.other))
        if not 2 <= self.copies <= MAX_COPIES:
            raise ValueError(f"'copies' goes from 2 to {MAX_COPIES}")
        if self.other_first and not self.other:
            raise ValueError("'other_first' needs 'other', the addresses of the other answer")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer):
            return reply
        other = reply
        addresses = family(self.other, query.rtype) if query.rtype in ADDRESS_TYPES else ()
        if addresses:
            other = with_addresses(reply, query.name, query.rtype, addresses)
        first, *rest = (
            [other] * (self.copies - 1) + [reply] if self.other_first else [reply] + [other] * (self.copies - 1)
        )
        return replace(first, also=(*reply.also, *(replace(one, also=()) for one in rest)))
