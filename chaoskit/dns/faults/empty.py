"""``empty``: the record is there no more, but its name is. NOERROR with no answer (NODATA, RFC 2308 §2.2).

This is what DynamoDB's regional endpoint answered on 20 October 2025. A resolver sees an existing name without addresses; glibc reports
``EAI_NODATA`` (-5), "No address associated with hostname". With an SOA in the authority section the emptiness may
be cached for min(SOA TTL, SOA MINIMUM) seconds (RFC 2308 §5); without one it may not be cached.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.faults._negative import check_negative_ttl, negative_authority
from chaoskit.dns.message import Answer, Query, Reply
from chaoskit.units import Duration


@dataclass(frozen=True, slots=True)
class Empty(DnsFault):
    """No records. ``soa``: whether the zone's SOA says how long resolvers may cache the emptiness.

    ``negative_ttl`` is for how long; without it, as the zone says.
    """

    EXAMPLE: ClassVar[str] = "{empty: {negative_ttl: 15s}}"

    soa: bool = True
    negative_ttl: Duration | None = None

    def __post_init__(self) -> None:
        check_negative_ttl(self.soa, self.negative_ttl)

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer):
            return reply
        authority = negative_authority(reply, self.soa, self.negative_ttl)
        return replace(reply.negative("NOERROR", authority), aa=True)
