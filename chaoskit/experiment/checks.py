"""What no single field shows: names that exist nowhere, faults that cannot meet anything, times that do not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.aws.operations import operations, wrong_call
from chaoskit.aws.route53.batch import Refusal, apply_batch
from chaoskit.aws.route53.record_set import HostedZone
from chaoskit.aws.route53.record_set import canonical as route53_name
from chaoskit.aws.route53.spec import first_changes
from chaoskit.cascade.live import read_part
from chaoskit.clients import CLIENTS
from chaoskit.clients.probe import PROBES
from chaoskit.dns.changing_zone_spec import followed_zones
from chaoskit.dns.names import canonical, parents
from chaoskit.dns.zone import Zones
from chaoskit.dns.zone_spec import place_of
from chaoskit.errors import FieldPath, Problem, SettingRefused, dotted
from chaoskit.experiment.document import Document
from chaoskit.experiment.own_checks import own_complaints
from chaoskit.experiment.plans import (
    RESERVED,
    SEEDED,
    calls_aws,
    client_plan,
    hosted_records,
    services_of,
    surroundings_of,
    zones,
)
from chaoskit.experiment.schema import ClientSpec, ExperimentSpec, ServiceSpec
from chaoskit.experiment.when import WhenSpec
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.plane import Plane
from chaoskit.units import format_duration


@dataclass(frozen=True, slots=True)
class Planned:
    """An injection that could be read: of which plane, and which entry of the timeline it is, counted from 0."""

    plane: Plane
    number: int
    injection: Injection[Any, Any]


def check(
    spec: ExperimentSpec, planned: Sequence[Planned], expectations: Sequence[Any], document: Document
) -> list[Problem]:
    """Every problem between fields. ``expectations`` are in the file's order, None where one is wrong in itself."""
    complaints: list[tuple[FieldPath, str, str]] = []
    complaints += _zones(spec)
    complaints += _timeline(spec)
    complaints += _ids(spec, planned)
    complaints += _services(spec)
    complaints += own_complaints(spec)
    complaints += _clients(spec)
    complaints += _expectations(spec, expectations, [entry.injection.id for entry in planned])
    problems = [Problem(document.line(field), dotted(field), message, fix, field) for field, message, fix in complaints]
    return problems + _planes(spec, planned, document)


def _zones(spec: ExperimentSpec) -> list[tuple[FieldPath, str, str]]:
    for apex, zone in spec.zones.items():
        try:
            Zones.from_plan([plan for plan in zones(spec) if plan["apex"] == apex])
        except ValueError as error:
            return [(("zones", apex, *place_of(error, zone)), f"{error}.", "")]
    written = {*map(canonical, spec.zones), *parents(canonical(spec.canary)), canonical(spec.canary)}
    try:
        Zones.from_plan(plan for plan in zones(spec) if canonical(plan["apex"]) in written)
    except ValueError as error:
        return [(("zones",) if spec.zones else ("services",), f"{error}.", "")]
    if "route53" in services_of(spec):
        return []
    fix = "Add it: services: {route53: {hosted_zones: [the zone's name]}}."
    followed = followed_zones(spec.zones)
    return [(("zones", apex, "source"), "there is no service route53 in this experiment.", fix) for apex in followed]


def _timeline(spec: ExperimentSpec) -> list[tuple[FieldPath, str, str]]:
    complaints: list[tuple[FieldPath, str, str]] = []
    longest = spec.limits.longest_fault
    if spec.repeat and (problem := spec.repeat.problem([entry.when for entry in spec.timeline])):
        complaints.append((("repeat",), f"{problem}.", ""))
    for number, entry in enumerate(spec.timeline):
        field: FieldPath = ("timeline", number, "when")
        if entry.when.length > longest:
            fix = "Shorten it, or raise limits.longest_fault if you mean it."
            message = (
                f"lasts {format_duration(entry.when.length)}, longer than the limit of {format_duration(longest)}."
            )
            complaints.append(((*field, "for"), message, fix))
        if spec.duration is None and entry.when.end is None:
            complaints.append((field, "goes on for ever, so the run has no end.", "Give the experiment a 'duration'."))
        last = spec.phases_of(entry.when)[-1]
        if spec.duration is not None and not last.window(1.0, 0).spans(spec.duration):
            run = f"the run of {format_duration(spec.duration)}"
            message = f"is never on in {run}." if entry.when.end is None else f"starts when {run} is over."
            complaints.append((field, message, "Start it earlier, or make 'duration' longer."))
        if isinstance(entry.when, WhenSpec) and entry.when.until and entry.when.until.client not in spec.clients:
            message = f"no client is called {entry.when.until.client!r}."
            complaints.append(((*field, "until"), message, f"Clients: {', '.join(spec.clients) or 'none'}."))
    for number, condition in enumerate(spec.abort_when):
        if condition.client not in spec.clients:
            message = f"no client is called {condition.client!r}."
            fix = f"Clients: {', '.join(spec.clients) or 'none'}."
            complaints.append((("abort_when", number, "client"), message, fix))
    return complaints


def _ids(spec: ExperimentSpec, planned: Sequence[Planned]) -> list[tuple[FieldPath, str, str]]:
    """Two injections of one id could not be told apart in the journal: what one meets would count for the other."""
    problems: list[tuple[FieldPath, str, str]] = []
    for name, times in Counter(entry.injection.id for entry in planned).items():
        if times > 1:
            number = max(entry.number for entry in planned if entry.injection.id == name)
            fix = "Give each injection an id of its own; one without has its plane's name and its number."
            problems.append((("timeline", number, "id"), f"the id {name!r} is used {times} times.", fix))
    return problems


def _planes(spec: ExperimentSpec, planned: Sequence[Planned], document: Document) -> list[Problem]:
    """What each plane says of its own injections."""
    surroundings = surroundings_of(spec)
    problems = []
    for entry in planned:
        for complaint in entry.plane.check(entry.injection, surroundings):
            path: FieldPath = ("timeline", entry.number, *complaint.field)
            line = document.line(path)
            problems.append(Problem(line, dotted(path), complaint.message, complaint.fix, path, complaint.about))
    return list(dict.fromkeys(problems))  # a repeated entry is wrong in each of its phases


def _services(spec: ExperimentSpec) -> list[tuple[FieldPath, str, str]]:
    complaints: list[tuple[FieldPath, str, str]] = []
    for name, service in spec.aws_services.items():
        for state, owner in SEEDED.items():
            if state in service.model_fields_set and owner != name:
                message = f"{name} has no {state.replace('_', ' ')}."
                complaints.append((("services", name, state), message, f"They belong to {owner}."))
            if state in service.model_fields_set and owner == name and service.backend is not None:
                message = f"{service.backend} has a state of its own, which chaoskit does not write."
                complaints.append(
                    (("services", name, state), message, "Put it there yourself, or leave out 'backend'.")
                )
        complaints += _hosted_zones(name, service)
        complaints += _placement(spec, name, service)
    return complaints


def _placement(spec: ExperimentSpec, name: str, service: ServiceSpec) -> list[tuple[FieldPath, str, str]]:
    """A placement that reads leases from a table which nobody creates."""
    database = spec.aws_services.get("dynamodb")
    if service.placement is None or (database and service.placement.leases in database.tables):
        return []
    table = service.placement.leases
    fix = f"Add it: services: {{dynamodb: {{tables: {{{table}: {{}}}}}}}}."
    return [(("services", name, "placement", "leases"), f"there is no DynamoDB table {table!r} here.", fix)]


def _hosted_zones(name: str, service: ServiceSpec) -> list[tuple[FieldPath, str, str]]:
    """What Route 53 would refuse of the records that a hosted zone is to hold at the start."""
    problems: list[tuple[FieldPath, str, str]] = []
    for apex, zone in service.hosted_zones.items():
        changes = first_changes(hosted_records(apex, zone))
        try:
            if changes:
                apply_batch(HostedZone("", route53_name(apex)), changes)
        except Refusal as refusal:
            field: FieldPath = ("services", name, "hosted_zones", apex)
            problems.append((field, str(refusal), "Route 53 refuses it; correct the records."))
    return problems


def _wrong_call(client: ClientSpec) -> tuple[str, str] | None:
    """What keeps boto3 from this call. A pinned version may know operations that the installed one does not."""
    assert client.operation is not None
    if client.operation == CLIENTS.get("boto3").OPERATIONS.get(client.service):
        return None
    if client.version is not None and client.operation not in operations(client.service):
        return None
    return wrong_call(client.service, client.operation)


def _clients(spec: ExperimentSpec) -> list[tuple[FieldPath, str, str]]:
    complaints: list[tuple[FieldPath, str, str]] = []
    for label, client in spec.clients.items():
        if label in RESERVED:
            complaints.append(
                (("clients", label), f"the name {label!r} is chaoskit's own.", "Call the client something else.")
            )
        if spec.aws_services and calls_aws(spec, client) and client.service not in spec.aws_services:
            fix = f"Add {client.service!r} to 'services', or remove 'services' to get what the clients use."
            complaints.append(
                (("clients", label, "service"), f"this experiment has no service {client.service!r}.", fix)
            )
        if client.use == "boto3" and client.operation and (wrong := _wrong_call(client)):
            complaints.append((("clients", label, "operation"), f"{wrong[0]}.", f"{wrong[1]}."))
        if client.part is not None:
            try:
                read_part(client.part, client.settings or {})
            except ValueError as error:
                complaints.append((("clients", label), f"{error}.", "The parts and their settings: docs/cascade.md."))
        kind = CLIENTS.get(client.use)
        if hasattr(kind, "recipe") or client.use in PROBES:  # these say what they cannot honour
            try:
                kind.from_json(client_plan(label, client, spec.region))
            except SettingRefused as error:
                fix = f"{error.instead[:1].upper()}{error.instead[1:]}." if error.instead else ""
                complaints.append((("clients", label), f"{error.what}.", fix))
    return complaints


def _has_health(spec: ExperimentSpec, name: str) -> bool:
    if name in spec.apps:
        return spec.apps[name].health_url is not None
    return getattr(CLIENTS.get(spec.clients[name].use), "HAS_HEALTH", False)


def _expectations(
    spec: ExperimentSpec, expectations: Sequence[Any], injections: list[str]
) -> list[tuple[FieldPath, str, str]]:
    complaints: list[tuple[FieldPath, str, str]] = []
    for number, expectation in enumerate(expectations):
        client = getattr(expectation, "client", None)
        injection = getattr(expectation, "injection", None)
        if client is not None and client not in spec.clients and client not in spec.apps:
            fix = f"Clients: {', '.join((*spec.clients, *spec.apps)) or 'none'}."
            complaints.append((("expect", number), f"no client is called {client!r}.", fix))
        elif getattr(expectation, "NEEDS_HEALTH", False):
            among = (*spec.clients, *spec.apps) if client is None else (client,)
            if not any(_has_health(spec, name) for name in among):
                message = f"{client or 'no client'} has {'no' if client else 'a'} health endpoint."
                complaints.append(
                    (
                        ("expect", number),
                        message,
                        "Give a client 'use: app', which has one, or an app 'health', or leave this out.",
                    )
                )
        if injection is not None and injection not in injections:
            fix = f"Injections: {', '.join(injections) or 'none'}."
            complaints.append((("expect", number), f"no injection has the id {injection!r}.", fix))
    return complaints
