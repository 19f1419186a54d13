"""``ttl``: another time to live. A resolver that caches asks again sooner, or later, or at each connection (0: RFC 1035 §3.2.1).

The TTL of an emptiness is another one: see ``negative_ttl`` of ``empty`` and ``nxdomain``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.faults._negative import whole_seconds
from chaoskit.dns.message import Answer, Query, Record, Reply
from chaoskit.units import Duration


@dataclass(frozen=True, slots=True)
class Ttl(DnsFault):
    """``to`` sets the TTL of all records of the answer; ``at_most`` and ``at_least`` bound it."""

    EXAMPLE: ClassVar[str] = "{ttl: {at_most: 1s}}"

    to: Duration | None = None
    at_most: Duration | None = None
    at_least: Duration | None = None

    def __post_init__(self) -> None:
        written = {name: getattr(self, name) for name in ("to", "at_most", "at_least")}
        given = {name: duration for name, duration in written.items() if duration is not None}
        for name, duration in given.items():
            whole_seconds(duration, name)
        if not given or ("to" in given and len(given) > 1):
            raise ValueError("write 'to' alone, or 'at_most' and 'at_least'")
        if len(given) == 2 and given["at_least"] > given["at_most"]:
            raise ValueError("'at_least' is longer than 'at_most'")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer):
            return reply
        return replace(reply, records=tuple(map(self._changed, reply.records)))

    def _changed(self, record: Record) -> Record:
        ttl = record.ttl if self.to is None else whole_seconds(self.to, "to")
        if self.at_most is not None:
            ttl = min(ttl, whole_seconds(self.at_most, "at_most"))
        if self.at_least is not None:
            ttl = max(ttl, whole_seconds(self.at_least, "at_least"))
        return replace(record, ttl=ttl)
