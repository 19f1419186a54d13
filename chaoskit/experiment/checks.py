"""What no single field shows: names that exist nowhere, faults that cannot meet anything, times that do not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from chaoskit.clients import CLIENTS
from chaoskit.dns.faults.stale import Stale
from chaoskit.dns.names import canonical
from chaoskit.dns.where import Where
from chaoskit.dns.written import place_of
from chaoskit.dns.zone import Zones
from chaoskit.errors import PlaneError, Problem
from chaoskit.experiment.document import Document, FieldPath, dotted
from chaoskit.experiment.process import PAUSABLE
from chaoskit.experiment.schema import ExperimentSpec
from chaoskit.experiment.when import WhenSpec
from chaoskit.experiment.wiring import RESERVED, SEEDED, client_plan, services_of, zones
from chaoskit.timeline.window import Ramp
from chaoskit.units import format_duration


def check(
    spec: ExperimentSpec, planes: Mapping[str, Sequence[Any]], expectations: Sequence[Any], document: Document
) -> list[Problem]:
    """Every problem between fields. ``planes`` has the injections under the plane's key in the file: dns, network, service;
    ``expectations`` are in the file's order, None where one is wrong in itself."""
    found: list[tuple[FieldPath, str, str]] = []
    found += _zones(spec)
    found += _timeline(spec)
    found += _ids(spec, planes)
    found += _targets(spec, planes)
    found += _services(spec)
    found += _processes(spec, planes)
    found += _clients(spec)
    found += _expectations(spec, expectations, [one.id for injections in planes.values() for one in injections])
    return [Problem(document.line(field), dotted(field), message, fix) for field, message, fix in found]


def _zones(spec: ExperimentSpec) -> list[tuple[FieldPath, str, str]]:
    for apex, zone in spec.zones.items():
        try:
            Zones.from_plan([plan for plan in zones(spec) if plan["apex"] == apex])
        except ValueError as error:
            return [(("zones", apex, *place_of(error, zone)), f"{error}.", "")]
    try:
        Zones.from_plan(zones(spec))
    except ValueError as error:
        return [(("zones",) if spec.zones else ("services",), f"{error}.", "")]
    return []


def _timeline(spec: ExperimentSpec) -> list[tuple[FieldPath, str, str]]:
    found: list[tuple[FieldPath, str, str]] = []
    longest = spec.limits.longest_fault
    for number, entry in enumerate(spec.timeline):
        field: FieldPath = ("timeline", number, "when")
        if entry.when.length > longest:
            fix = "Shorten it, or raise limits.longest_fault if you mean it."
            said = f"lasts {format_duration(entry.when.length)}, longer than the limit of {format_duration(longest)}."
            found.append(((*field, "for"), said, fix))
        if spec.duration is None and entry.when.end is None:
            found.append((field, "goes on for ever, so the run has no end.", "Give the experiment a 'duration'."))
        if spec.duration is not None and not entry.when.window(1.0, 0).spans(spec.duration):
            run = f"the run of {format_duration(spec.duration)}"
            said = f"is never on in {run}." if entry.when.end is None else f"starts when {run} is over."
            found.append((field, said, "Start it earlier, or make 'duration' longer."))
        if entry.network is not None and isinstance(entry.when, WhenSpec) and entry.when.ramp:
            said = "a toxic keeps the chance with which it was put on, so it cannot ramp."
            found.append(((*field, "ramp"), said, "Use several injections of a growing 'chance'."))
        if isinstance(entry.when, WhenSpec) and entry.when.until and entry.process is not None:
            found.append(((*field, "until"), "a process fault waits for nothing.", "Give it a time with 'for'."))
        if isinstance(entry.when, WhenSpec) and entry.when.until and entry.when.until.client not in spec.clients:
            said = f"no client is called {entry.when.until.client!r}."
            found.append(((*field, "until"), said, f"Clients: {', '.join(spec.clients) or 'none'}."))
        if entry.network in ("down", {"down": None}, {"down": {}}) and entry.chance < 1:
            said = "a service that is down is down for every connection, so 'chance' must be 1."
            found.append((("timeline", number, "chance"), said, "Leave it out, or use reset_peer or timeout."))
    return found


def _ids(spec: ExperimentSpec, planes: Mapping[str, Sequence[Any]]) -> list[tuple[FieldPath, str, str]]:
    """Two injections of one id could not be told apart in the journal: what one meets would count for the other."""
    found: list[tuple[FieldPath, str, str]] = []
    for name, times in Counter(one.id for injections in planes.values() for one in injections).items():
        if times > 1:
            number = max(number for number, entry in enumerate(spec.timeline) if entry.id == name)
            fix = "Give each injection an id of its own; one without has its plane's name and its number."
            found.append((("timeline", number, "id"), f"the id {name!r} is used {times} times.", fix))
    return found


def _targets(spec: ExperimentSpec, planes: Mapping[str, Sequence[Any]]) -> list[tuple[FieldPath, str, str]]:
    found: list[tuple[FieldPath, str, str]] = []
    numbers: dict[str, list[int]] = {
        plane: [number for number, entry in enumerate(spec.timeline) if getattr(entry, plane) is not None]
        for plane in planes
    }
    # After a problem in the resolver the lists are shorter than the file's; then only the resolver's problems count.
    for number, injection in zip(numbers["dns"], planes["dns"], strict=False):
        field: FieldPath = ("timeline", number, "where")
        found += [(field, *problem) for problem in _names(spec, injection.where)]
        if isinstance(injection.fault, Stale):
            said = "the zones of an experiment do not change, so no answer of theirs can be stale."
            fix = "Write the old address as {address: {to: 127.0.0.9}}; or use chaoskit serve, where zones can be changed."
            found.append((("timeline", number, "dns"), said, fix))
        unknown = sorted(set(injection.where.askers) - set(spec.clients))
        if unknown:
            found.append((field, f"no client is called {', '.join(unknown)}.", f"Clients: {', '.join(spec.clients)}."))
    services = services_of(spec)
    for plane in ("network", "service"):
        for number, injection in zip(numbers[plane], planes[plane], strict=False):
            if injection.where.service not in services:
                said = f"there is no service {injection.where.service!r} in this experiment."
                found.append((("timeline", number, "where"), said, f"Services: {', '.join(services) or 'none'}."))
            elif plane == "network" and not any(map(injection.where.holds, services[injection.where.service])):
                said = f"{injection.where.service} has no address in {', '.join(injection.where.addresses)}."
                fix = f"Its addresses: {', '.join(services[injection.where.service])}."
                found.append((("timeline", number, "where", "addresses"), said, fix))
            elif (zone := getattr(injection.where, "zone", None)) is not None:
                written = spec.services.get(injection.where.service)
                if not (written and written.zones and 1 <= zone <= written.zones):
                    said = f"{injection.where.service} has no zone {zone}."
                    fix = f"Give it zones: services: {{{injection.where.service}: {{zones: 3}}}}; they count from 1."
                    found.append((("timeline", number, "where"), said, fix))
    return found


def _services(spec: ExperimentSpec) -> list[tuple[FieldPath, str, str]]:
    found: list[tuple[FieldPath, str, str]] = []
    for name, service in spec.services.items():
        for state, owner in SEEDED.items():
            if state in service.model_fields_set and owner != name:
                said = f"{name} has no {state.replace('_', ' ')}."
                found.append((("services", name, state), said, f"They belong to {owner}."))
            if state in service.model_fields_set and owner == name and service.address is not None:
                said = f"{service.address} has a state of its own, which chaoskit does not write."
                found.append((("services", name, state), said, "Put it there yourself, or leave out 'address'."))
    return found


def _processes(spec: ExperimentSpec, planes: Mapping[str, Sequence[Any]]) -> list[tuple[FieldPath, str, str]]:
    found: list[tuple[FieldPath, str, str]] = []
    numbers = [number for number, entry in enumerate(spec.timeline) if entry.process is not None]
    for number, injection in zip(numbers, planes["process"], strict=False):
        target, field = injection.where.process, ("timeline", number)
        allowed = [*spec.clients, *(PAUSABLE if injection.fault.planes else ())]
        if target not in allowed:
            said = f"{target!r} cannot have this fault."
            found.append(((*field, "where"), said, f"Name one of: {', '.join(allowed) or 'no client is here'}."))
        if injection.chance < 1:
            found.append(((*field, "chance"), "a process fault befalls its process or does not.", "Leave it out."))
        if isinstance(injection.when, Ramp):
            found.append(((*field, "when"), "a process fault cannot ramp: it has no chance.", "Use pulse or flap."))
    return found


def _names(spec: ExperimentSpec, where: Where) -> list[tuple[str, str]]:
    """What is wrong with the names that ``where`` means, and the way out."""
    if where.covers(canonical(spec.canary)):
        is_it = "is the canary" if where.name is not None else f"covers the canary {spec.canary}"
        said = f"{where.names()} {is_it}, which no fault may touch."
        return [(said, "Name the record that you want to lose.")]
    known = {canonical(zone["apex"]): [canonical(one["name"]) for one in zone["records"]] for zone in zones(spec)}
    if any(where.could_meet(apex, (apex, *records)) for apex, records in known.items()):
        return []
    apexes = ", ".join(apex for apex in known if not spec.canary.endswith(apex))
    fix = f"The zones of this experiment are: {apexes or 'none'}. Add it under 'zones', or correct the name."
    return [(f"no zone here answers for {where.names()}, so the fault could never meet a lookup.", fix)]


def _clients(spec: ExperimentSpec) -> list[tuple[FieldPath, str, str]]:
    found: list[tuple[FieldPath, str, str]] = []
    for label, client in spec.clients.items():
        if label in RESERVED:
            found.append(
                (("clients", label), f"the name {label!r} is chaoskit's own.", "Call the client something else.")
            )
        if spec.services and client.use != "noop" and client.service not in spec.services:
            fix = f"Add {client.service!r} to 'services', or remove 'services' to get what the clients use."
            found.append((("clients", label, "service"), f"this experiment has no service {client.service!r}.", fix))
        kind = CLIENTS.get(client.use)
        if hasattr(kind, "recipe"):  # an SDK's client, which says what it cannot honour
            try:
                kind.from_json(client_plan(label, client, spec.region))
            except PlaneError as error:
                what, _, fix = str(error).removeprefix(f"client {label}: ").partition("; ")
                found.append((("clients", label), f"{what}.", f"{fix[:1].upper()}{fix[1:]}." if fix else ""))
    return found


def _expectations(
    spec: ExperimentSpec, expectations: Sequence[Any], injections: list[str]
) -> list[tuple[FieldPath, str, str]]:
    found: list[tuple[FieldPath, str, str]] = []
    for number, expectation in enumerate(expectations):
        client = getattr(expectation, "client", None)
        injection = getattr(expectation, "injection", None)
        if client is not None and client not in spec.clients:
            fix = f"Clients: {', '.join(spec.clients) or 'none'}."
            found.append((("expect", number), f"no client is called {client!r}.", fix))
        elif getattr(expectation, "NEEDS_HEALTH", False):
            among = spec.clients if client is None else [client]
            if not any(getattr(CLIENTS.get(spec.clients[name].use), "HAS_HEALTH", False) for name in among):
                said = f"{client or 'no client'} has {'no' if client else 'a'} health endpoint."
                found.append((("expect", number), said, "Give a client 'use: app', which has one, or leave this out."))
        if injection is not None and injection not in injections:
            fix = f"Injections: {', '.join(injections) or 'none'}."
            found.append((("expect", number), f"no injection has the id {injection!r}.", fix))
    return found
