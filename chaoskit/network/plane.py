"""The plane of the network: toxics on the proxies in front of the services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaoskit.network.target import NetworkTarget
from chaoskit.network.toxics import TOXICS
from chaoskit.network.toxics.down import Down
from chaoskit.network.toxics.full_backlog import FullBacklog
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.plane import Complaint, Plane, Surroundings
from chaoskit.timeline.window import Ramp


def _check(injection: Injection[Any, Any], surroundings: Surroundings) -> Iterator[Complaint]:
    service, zone = injection.where.service, injection.where.zone
    if service not in surroundings.services:
        known = ", ".join(surroundings.services) or "none"
        yield Complaint(("where",), f"there is no service {service!r} in this experiment.", f"Services: {known}.")
        return
    count = surroundings.services[service]
    if zone is not None and not (count and 1 <= zone <= count):
        fix = f"Give it zones: services: {{{service}: {{availability_zones: 3}}}}; they count from 1."
        yield Complaint(("where",), f"{service} has no availability zone {zone}.", fix)
    addresses = surroundings.addresses.get(service, ())
    if injection.where.addresses and not any(map(injection.where.holds, addresses)):
        message = f"{service} has no address in {', '.join(injection.where.addresses)}."
        yield Complaint(("where", "addresses"), message, f"Its addresses: {', '.join(addresses)}.")
    if isinstance(injection.when, Ramp):
        message = "a toxic keeps the chance with which it was put on, so it cannot ramp."
        yield Complaint(("when", "ramp"), message, "Use several injections of a growing 'chance'.")
    if isinstance(injection.fault, Down) and injection.chance < 1:
        message = "a service that is down is down for every connection, so 'chance' must be 1."
        yield Complaint(("chance",), message, "Leave it out, or use reset_peer or timeout.")
    if isinstance(injection.fault, FullBacklog) and injection.chance < 1:
        message = "a full accept queue takes no new connection at all, so 'chance' must be 1."
        yield Complaint(("chance",), message, "Leave it out, or use 'addresses' to mean some of the service's.")
    if isinstance(injection.fault, Down | FullBacklog) and injection.where.stream == "upstream":
        message = "it acts on the listening socket, and not on a stream of a connection."
        yield Complaint(("where", "stream"), message, "Leave 'stream' out.")
    if lacking := injection.fault.lacking():
        yield Complaint(("network",), f"{lacking}.", "Run it there, or in the docker sandbox.")


PLANE = Plane(
    key="network",
    noun="toxic",
    target=NetworkTarget,
    short="service",
    faults=TOXICS,
    module="chaoskit.network",
    start_order=1,
    stop_order=0,
    check=_check,
)
