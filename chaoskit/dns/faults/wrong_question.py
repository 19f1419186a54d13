"""``wrong_question``: the answer repeats another question than the one asked. A resolver must not take it (RFC 5452 §9.1).

To one that checks, there is no answer. One that does not check, such as musl 1.2.3, takes it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Reply
from chaoskit.dns.names import canonical


@dataclass(frozen=True, slots=True)
class WrongQuestion(DnsFault):
    """``name`` stands in place of the name that was asked for. The type and the records stay."""

    name: str = "wrong.invalid"

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", canonical(self.name))

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer) or query.name == self.name:
            return reply
        return reply.with_wire(question=(self.name, query.rtype))
