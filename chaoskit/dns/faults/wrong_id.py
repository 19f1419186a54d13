"""``wrong_id``: the answer bears another ID than the question. A resolver must not take it (RFC 5452 §9.1), so to it there is no answer."""

from __future__ import annotations

import random
from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Reply


@dataclass(frozen=True, slots=True)
class WrongId(DnsFault):
    """The ID is drawn from all the wrong ones."""

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        return reply.with_wire(id_xor=rng.randrange(1, 1 << 16)) if isinstance(reply, Answer) else reply
