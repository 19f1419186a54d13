"""What no single field of apps, services and probes of the user's own shows."""

from __future__ import annotations

from collections.abc import Iterator

from chaoskit.aws.services import SERVICES
from chaoskit.clients import CLIENTS
from chaoskit.clients.probe import COMMON, PROBES
from chaoskit.dns.names import canonical
from chaoskit.errors import FieldPath
from chaoskit.experiment.own_plans import MOST_OWN_SERVICES, own_addresses
from chaoskit.experiment.own_service_spec import BUILT_IN, OwnServiceSpec
from chaoskit.experiment.plans import RESERVED, services_of
from chaoskit.experiment.probe_spec import ProbeFields
from chaoskit.experiment.schema import ExperimentSpec, ServiceSpec

Complaint = tuple[FieldPath, str, str]


def own_complaints(spec: ExperimentSpec) -> Iterator[Complaint]:
    """The field of each problem, what is wrong, and what would be right."""
    yield from _names_of_services(spec)
    yield from _hosts(spec)
    yield from _addresses(spec)
    yield from _backends(spec)
    yield from _apps(spec)
    yield from _probes(spec)


def _names_of_services(spec: ExperimentSpec) -> Iterator[Complaint]:
    for name, service in spec.services.items():
        if isinstance(service, ServiceSpec) and name not in SERVICES:
            message = f"there is no mock of AWS's called {name!r}; known: {', '.join(SERVICES)}."
            yield ("services", name), message, "For a service of your own write its 'host', 'port' and 'backend'."
        if isinstance(service, OwnServiceSpec) and name in SERVICES:
            message = f"the name {name!r} is AWS's, and this is a service of your own."
            yield ("services", name), message, "Call it something else, or leave out 'host' and 'port'."
    if len(spec.own_services) > MOST_OWN_SERVICES:
        yield (
            ("services",),
            f"there are {len(spec.own_services)} services of your own.",
            f"Use at most {MOST_OWN_SERVICES}.",
        )


def _hosts(spec: ExperimentSpec) -> Iterator[Complaint]:
    owners: dict[str, str] = {canonical(spec.canary): "the canary"}
    for name, service in spec.own_services.items():
        for host in service.names:
            if (other := owners.setdefault(host, name)) != name:
                field: FieldPath = ("services", name, "host" if canonical(service.host) == host else "aliases")
                yield field, f"{host} is the name of {other} already.", "Give each service a name of its own."


def _addresses(spec: ExperimentSpec) -> Iterator[Complaint]:
    """One place, one service: a proxy cannot listen where another does."""
    owners = {(address, 443): str(name) for name, addresses in services_of(spec).items() for address in addresses}
    for name, addresses in own_addresses(spec).items():
        for address in addresses:
            place = (address, spec.own_services[name].port)
            if (other := owners.setdefault(place, name)) != name:
                message = f"{address} port {place[1]} is {other}'s already."
                yield ("services", name, "addresses"), message, "Leave 'addresses' out, and it gets one of its own."


def _backends(spec: ExperimentSpec) -> Iterator[Complaint]:
    containers = [label for label, client in spec.clients.items() if client.use == "container"]
    for name, service in spec.own_services.items():
        app = service.app
        field: FieldPath = ("services", name, "backend")
        if app is not None and app[0] in containers:
            if app[1] is None:
                message = f"nothing says at which port the container {app[0]} serves."
                yield field, message, f"Write {app[0]}:PORT."
        elif app is not None and app[0] not in spec.apps:
            known = ", ".join((*spec.apps, *(f"{label}:PORT" for label in containers), *BUILT_IN))
            message = f"{service.backend!r} is no app of this experiment, and no address."
            yield field, message, f"Write host:port, like 127.0.0.1:9000, or one of: {known}."
        elif app is not None and app[1] is None and spec.apps[app[0]].port is None:
            message = f"nothing says at which port {app[0]} serves."
            yield field, message, f"Write {app[0]}:PORT, or give the app 'ready', like http://localhost:8080/health."


def _apps(spec: ExperimentSpec) -> Iterator[Complaint]:
    for name in spec.apps:
        if name in RESERVED or name == "command" or name in spec.clients:
            whose = "a client's" if name in spec.clients else "chaoskit's own"
            yield ("apps", name), f"the name {name!r} is {whose}.", "Call the app something else."


def _probes(spec: ExperimentSpec) -> Iterator[Complaint]:
    """Fields that a client does not know, of those that only probes have; and of a probe, all that it does not."""
    own = set(ProbeFields.model_fields)
    for label, client in spec.clients.items():
        field: FieldPath = ("clients", label)
        if client.use not in PROBES:
            for name in sorted(client.model_fields_set & own):
                yield (*field, name), f"'use: {client.use}' has no such setting.", f"It is for: use: {_users(name)}."
            continue
        kind = CLIENTS.get(client.use)
        for name in sorted(client.model_fields_set - {*COMMON, *kind.FIELDS}):
            fix = f"It has: {', '.join(sorted({*COMMON, *kind.FIELDS}))}."
            yield (*field, name), f"'use: {client.use}' has no such setting.", fix
        for name in sorted((client.expect.model_fields_set if client.expect else set()) - set(kind.EXPECTS)):
            fix = f"It knows: {', '.join(kind.EXPECTS)}."
            yield (*field, "expect", name), f"answers of 'use: {client.use}' have none.", fix


def _users(field: str) -> str:
    """The probes that know a field, for people."""
    return ", ".join(use for use in PROBES if field in COMMON or field in CLIENTS.get(use).FIELDS)
