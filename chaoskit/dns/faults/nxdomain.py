"""``nxdomain``: the name does not exist (RFC 2308 §2.1). glibc reports ``EAI_NONAME`` (-2), "Name or service not known".

A resolver caches it for *every* type of the name, for the negative TTL of the SOA in the authority section.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.faults._negative import check_negative_ttl, negative_authority
from chaoskit.dns.message import Answer, Query, Reply
from chaoskit.units import Duration


@dataclass(frozen=True, slots=True)
class Nxdomain(DnsFault):
    """The name is gone. ``soa``: whether the zone's SOA says how long resolvers may cache that.

    ``negative_ttl`` is that time; without it, as the zone says.
    """

    soa: bool = True
    negative_ttl: Duration | None = None

    def __post_init__(self) -> None:
        check_negative_ttl(self.soa, self.negative_ttl)

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer):
            return reply
        authority = negative_authority(reply, self.soa, self.negative_ttl)
        return replace(reply.negative("NXDOMAIN", authority), aa=True)
