"""The canary: a name of the served zones that must keep resolving, so that it shows at once when more breaks than was meant to."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.dns.message import Answer, Query
from chaoskit.dns.names import DEFAULT_CANARY
from chaoskit.dns.responder import Responder
from chaoskit.dns.zone import Zone, Zones

CANARY_ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class CanaryState:
    """What the last probe of the canary found."""

    name: str
    ok: bool
    detail: str


def zones_with_canary(zones: Zones, canary: str) -> Zones:
    """The zones, and our own canary's zone if it is that one and no zone of theirs would answer for it."""
    if canary != DEFAULT_CANARY or zones.find(canary) is not None:
        return zones
    record = {"name": canary, "rtype": "A", "ttl": 0, "data": CANARY_ADDRESS}
    return Zones.of([*zones.zones.values(), Zone.from_plan({"apex": canary, "records": [record]})])


def probe(responder: Responder, canary: str, at: Instant) -> CanaryState:
    """Resolve the canary as the server would at ``at``: it must have addresses, at once, and by nobody's fault."""
    said = []
    for rtype in ("A", "AAAA"):
        reply, faults = responder.respond(_question(canary, rtype), at)
        if faults:
            return CanaryState(canary, False, f"{rtype} is changed by {', '.join(faults)}")
        if isinstance(reply, Answer) and reply.rcode == "NOERROR" and reply.records and not reply.delay_ns:
            return CanaryState(canary, True, f"{rtype} resolves")
        said.append(f"{rtype}: {reply.rcode if isinstance(reply, Answer) else type(reply).__name__}")
    return CanaryState(canary, False, f"no addresses ({', '.join(said)})")


def _question(name: str, rtype: str) -> Query:
    return Query(name, rtype, "udp", "canary", CANARY_ADDRESS, None, 1)
