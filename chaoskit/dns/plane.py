"""The plane of DNS: what the server answers in place of the honest reply."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from chaoskit.dns.faults import FAULTS
from chaoskit.dns.faults.stale import Stale
from chaoskit.dns.names import canonical
from chaoskit.dns.target import DnsTarget
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.plane import Complaint, Plane, Surroundings

MOST_SHOWN = 8


def _check(injection: Injection[Any, Any], surroundings: Surroundings) -> Iterator[Complaint]:
    target: DnsTarget = injection.where
    yield from _names(target, surroundings)
    if isinstance(injection.fault, Stale):
        message = "the zones of an experiment do not change, so no answer of theirs can be stale."
        fix = "Write the old address as {address: {to: 127.0.0.9}}; or use chaoskit serve, where zones can be changed."
        yield Complaint(("dns",), message, fix)
    unknown = sorted(set(target.clients) - set(surroundings.clients))
    if unknown:
        known = ", ".join(surroundings.clients)
        fix = f"Clients: {known or 'none'}. Addresses and prefixes are 'networks'."
        yield Complaint(("where",), f"no client is called {', '.join(unknown)}.", fix, "client")


def _names(target: DnsTarget, surroundings: Surroundings) -> Iterator[Complaint]:
    """What is wrong with the names that ``target`` means."""
    canary = canonical(surroundings.canary)
    if target.name is not None and target.covers(canary):
        relation = "is the canary" if target.name == canary else f"cover the canary {surroundings.canary}"
        message = f"{target.names()} {relation}, which no fault may touch."
        yield Complaint(("where",), message, "Name the record that you want to lose.")
        return
    if any(target.could_meet(apex, (apex, *names)) for apex, names in surroundings.zones.items()):
        return
    apexes = [apex for apex in surroundings.zones if not surroundings.canary.endswith(apex)]
    close = get_close_matches(target.names(), apexes, 3) if len(apexes) > MOST_SHOWN else []
    shown = ", ".join(close or apexes[:MOST_SHOWN])
    more = f" and {len(apexes) - len(close or apexes[:MOST_SHOWN])} more" if len(apexes) > MOST_SHOWN else ""
    fix = f"The zones of this experiment are: {shown or 'none'}{more}. Add it under 'zones', or correct the name."
    if target.name is not None or target.under is not None:
        message = f"no zone here answers for {target.names()}; without the fault it is REFUSED already."
    elif target.meets_search(tuple(name for names in surroundings.zones.values() for name in names)):
        return
    else:
        message = f"no name that exists here matches {target.names()}, and none that a search list makes of those."
    yield Complaint(("where",), message, fix)


PLANE = Plane(
    key="dns",
    noun="DNS fault",
    target=DnsTarget,
    short="name",
    faults=FAULTS,
    module="chaoskit.dns",
    start_order=2,
    stop_order=2,
    check=_check,
)
