"""Whether an injection could meet a query at all: a misspelt name would else look like a fault that everything withstands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice

from chaoskit.dns.names import parents
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zone, Zones

MOST_COMPARED = 2_000
"""Names that a misspelt one is compared with; each takes some microseconds."""

NEAR = 0.85
"""How alike two names are of which one may be meant for the other (``difflib``); a domain that both are in makes any two alike."""


def doubt(where: DnsTarget, zones: Zones, forwards: bool) -> str | None:
    """Why nobody may ever ask for what is meant, for people; None when there is no reason to think so.

    ``forwards``: names outside ``zones`` are asked of an upstream, which may have them.
    """
    if where.name is None:
        met = forwards or any(where.could_meet(apex, tuple(zone.nodes)) for apex, zone in zones.zones.items())
        names = tuple(islice((name for zone in zones.zones.values() for name in zone.nodes), MOST_COMPARED))
        return None if met or where.meets_search(names) else _outside(where, zones)
    zone = zones.find(where.name)
    if zone is None:
        return None if forwards else _outside(where, zones)
    if zone.bound(where.name) is not None or zone.node(where.name) is not None:
        return None
    return f"{where.name} does not exist in the zone {zone.apex or '.'}{_nearest(where.name, [zone])}"


def _outside(where: DnsTarget, zones: Zones) -> str:
    served = ", ".join(apex or "." for apex in zones.zones) or "none"
    nearest = _nearest(where.name, zones.zones.values()) if where.name else ""
    if where.name is None and where.under is None:
        return f"no name that exists here matches {where.names()}, nor one that a search list makes; served: {served}"
    return f"no zone here answers for {where.names()}, so it is REFUSED anyway; served: {served}{nearest}"


def _nearest(name: str, zones: Iterable[Zone]) -> str:
    above = parents(name)
    names = islice((node for zone in zones for node in zone.nodes if node not in above), MOST_COMPARED)
    near = difflib.get_close_matches(name, names, n=1, cutoff=NEAR)
    return f"; did you mean {near[0]}?" if near else ""
