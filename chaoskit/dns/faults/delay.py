"""``delay``: the right answer, late. Beyond 5 s glibc has asked again; beyond 10 s it has given up, and the late answer is lost."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Drop, Query, Reply
from chaoskit.units import Duration


@dataclass(frozen=True, slots=True)
class Delay(DnsFault):
    """``by`` is how much later the answer leaves; delays of several faults add up."""

    by: Duration

    def __post_init__(self) -> None:
        if self.by <= 0:
            raise ValueError("'by' must be longer than 0")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if isinstance(reply, Drop):
            return reply
        return replace(reply, delay_ns=reply.delay_ns + self.by)
