"""What negative answers share: the SOA that says for how long they may be cached. No kind of fault, hence the underscore."""

from __future__ import annotations

from dataclasses import replace

from chaoskit.dns.message import Answer, Record
from chaoskit.units import SECOND, format_duration

MAX_TTL = (1 << 31) - 1  # RFC 2181 §8


def whole_seconds(duration: int, name: str) -> int:
    """A TTL in seconds. Raises ``ValueError`` naming the field."""
    if not 0 <= duration <= MAX_TTL * SECOND or duration % SECOND:
        raise ValueError(f"{name!r} of {format_duration(duration)} is no TTL; write whole seconds, from 0s")
    return duration // SECOND


def negative_authority(reply: Answer, soa: bool, negative_ttl: int | None) -> tuple[Record, ...]:
    """The authority section of a negative answer: the zone's SOA, or nothing.

    ``negative_ttl`` (nanoseconds) becomes both the SOA's TTL and its MINIMUM, whose smaller one counts (RFC 2308 §5).
    """
    if not soa or reply.soa is None:
        return ()
    if negative_ttl is None:
        return (reply.soa,)
    ttl = whole_seconds(negative_ttl, "negative_ttl")
    *fields, _ = reply.soa.data.split()
    return (replace(reply.soa, ttl=ttl, data=" ".join([*fields, str(ttl)])),)


def check_negative_ttl(soa: bool, negative_ttl: int | None) -> None:
    """Raise ``ValueError`` for what cannot be sent."""
    if negative_ttl is not None:
        whole_seconds(negative_ttl, "negative_ttl")
        if not soa:
            raise ValueError("without an SOA there is no negative TTL; leave out 'negative_ttl', or 'soa: false'")
