"""``spoof``: records of your own in place of the zone's: addresses, an alias, a mail server, text, a service.

A resolver sees a valid answer. This is how to test what a client does with records that somebody else has written.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.faults._negative import whole_seconds
from chaoskit.dns.message import Answer, Query, Record, Reply
from chaoskit.units import SECOND, Duration

TYPES = ("a", "aaaa", "cname", "mx", "txt", "srv")


@dataclass(frozen=True, slots=True)
class Spoof(DnsFault):
    """Data of one record or several for each type, as in a master file: ``mx: "10 mail.example.com."``. ``ttl`` is theirs.

    A type without data is left alone. ``cname`` answers every type that has none of its own.
    """

    EXAMPLE: ClassVar[str] = '{spoof: {a: 127.0.0.99, mx: "10 mail.api.example."}}'

    a: str | tuple[str, ...] = ()
    aaaa: str | tuple[str, ...] = ()
    cname: str | tuple[str, ...] = ()
    mx: str | tuple[str, ...] = ()
    txt: str | tuple[str, ...] = ()
    srv: str | tuple[str, ...] = ()
    ttl: Duration = 5 * SECOND

    def __post_init__(self) -> None:
        from chaoskit.dns.codec import check_record

        whole_seconds(self.ttl, "ttl")
        for rtype in TYPES:
            written = getattr(self, rtype)
            data = (written,) if isinstance(written, str) else tuple(written)
            object.__setattr__(self, rtype, data)
            for one in data:
                check_record(Record("", rtype.upper(), 0, one))
        if not any(getattr(self, rtype) for rtype in TYPES):
            raise ValueError(f"write records of at least one type: {', '.join(TYPES)}")
        if len(self.cname) > 1:
            raise ValueError("a name has one CNAME at most (RFC 2181 §10.1)")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        rtype = query.rtype.lower()
        data = getattr(self, rtype) if rtype in TYPES else ()
        if not data:
            rtype, data = "cname", self.cname
        if not isinstance(reply, Answer) or not data:
            return reply
        ttl = whole_seconds(self.ttl, "ttl")
        records = tuple(Record(query.name, rtype.upper(), ttl, one) for one in data)
        return replace(reply, rcode="NOERROR", records=records, authority=(), additional=(), aa=True)
