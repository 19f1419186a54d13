"""``servfail``: the server cannot answer (RFC 1035 §4.1.1). glibc asks again, then reports ``EAI_AGAIN`` (-3)."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Reply


@dataclass(frozen=True, slots=True)
class Servfail(DnsFault):
    """SERVFAIL without records."""

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        return replace(reply.negative("SERVFAIL"), aa=False) if isinstance(reply, Answer) else reply
