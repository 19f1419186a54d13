"""``nxdomain``: the name does not exist (RFC 2308 §2.1). glibc reports ``EAI_NONAME`` (-2), "Name or service not known".

A resolver caches it for *every* type of the name, for the negative TTL of the SOA in the authority section.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Reply


@dataclass(frozen=True, slots=True)
class Nxdomain(DnsFault):
    """The name is gone. ``soa``: whether the zone's SOA says how long resolvers may cache that."""

    soa: bool = True

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer):
            return reply
        authority = (reply.soa,) if self.soa and reply.soa else ()
        return replace(reply, rcode="NXDOMAIN", records=(), authority=authority, additional=(), aa=True)
