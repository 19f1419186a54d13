"""``refused``: the server will not answer, for a reason of policy (RFC 1035 §4.1.1). To a resolver, this server is of no use for the name.

glibc asks the next server, or again, then reports ``EAI_AGAIN`` (-3), as for SERVFAIL.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Reply


@dataclass(frozen=True, slots=True)
class Refused(DnsFault):
    """REFUSED without records."""

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        return replace(reply.negative("REFUSED"), aa=False) if isinstance(reply, Answer) else reply
