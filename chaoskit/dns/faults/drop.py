"""``drop``: no answer at all. glibc waits 5 s, twice (resolv.conf(5), ``timeout`` and ``attempts``), then reports ``EAI_AGAIN`` (-3)."""

from __future__ import annotations

import random
from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Drop as Dropped
from chaoskit.dns.message import Query, Reply


@dataclass(frozen=True, slots=True)
class Drop(DnsFault):
    """Silence."""

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        return Dropped()
