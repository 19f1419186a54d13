"""From an experiment to the plans of its processes: which zone, which addresses, which names on the certificate."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chaoskit.aws.endpoints import aliases_of, host_name, names_of
from chaoskit.aws.route53.spec import behaviour_plan
from chaoskit.aws.services import SERVICES, Service, wire_name
from chaoskit.clients.probe import PROBES
from chaoskit.dns.changing_zone_spec import followed_zones, updates_plan
from chaoskit.dns.names import canonical, parents
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone_spec import ZoneSpec, zone_plan
from chaoskit.experiment.own_plans import fronts_plan, own_addresses, own_zones, probe_settings
from chaoskit.experiment.planes import STARTED
from chaoskit.experiment.schema import ClientSpec, ExperimentSpec, HostedZoneSpec, ServiceSpec
from chaoskit.timeline.codec import injection_to_json
from chaoskit.timeline.plane import Plane, Surroundings
from chaoskit.units import SECOND

SEEDED: dict[str, Service] = {state: service for service, facts in SERVICES.items() for state in facts.states}
"""The fields of ``ServiceSpec`` that say what a service holds at the start, and the service whose they are."""

CANARY_LABEL = "canary"
RESERVED = (CANARY_LABEL, *(plane.key for plane in STARTED))
"""Names of chaoskit's own processes, which stand beside the clients in a journal, so no client may have one."""

CANARY_ADDRESS = "127.0.0.1"
CANARY_PERIOD_NS = 1 * SECOND


def calls_aws(spec: ExperimentSpec, client: ClientSpec) -> bool:
    """Whether a client calls an AWS service. A command or a container does where the file has nothing else that it could call."""
    theirs = client.use in ("command", "container")
    return client.use not in ("noop", *PROBES) and not (theirs and (spec.own_services or spec.apps))


def services_of(spec: ExperimentSpec) -> dict[Service, tuple[str, ...]]:
    """Each mock of AWS of the experiment with its loopback addresses; the first one has an IPv6 address too."""
    written = spec.aws_services
    names = list(written) or sorted({client.service for client in spec.clients.values() if calls_aws(spec, client)})
    addresses: dict[Service, tuple[str, ...]] = {}
    for name in [name for name in spec.services if name in names] or names:
        default = (f"127.0.1.{SERVICES[name].number}", *(("::1",) if not addresses else ()))
        addresses[name] = written.get(name, ServiceSpec()).addresses_of(10 + SERVICES[name].number) or default
    return addresses


def planes_of(spec: ExperimentSpec) -> tuple[Plane, ...]:
    """The planes that a run of the experiment starts: DNS alone is enough where there are no services."""
    has_services = bool(services_of(spec) or spec.own_services)
    return tuple(plane for plane in STARTED if has_services or plane.key == "dns")


def surroundings_of(spec: ExperimentSpec) -> Surroundings:
    """What the experiment has that an injection may be aimed at."""
    return Surroundings(
        clients=(*spec.clients, *spec.apps),
        services={
            service: written.availability_zones if (written := spec.services.get(service)) else None
            for service in (*services_of(spec), *spec.own_services)
        },
        zones=_existing_names(spec),
        canary=spec.canary,
        addresses={**{str(name): places for name, places in services_of(spec).items()}, **own_addresses(spec)},
        own={name: service.speaks_http for name, service in spec.own_services.items()},
    )


def _existing_names(spec: ExperimentSpec) -> dict[str, tuple[str, ...]]:
    """The names that exist by their zone, as queries have them. All but the file's own are written like that."""

    def plain(name: str, apex: str) -> str:
        if apex not in spec.zones:
            return name
        with suppress(ValueError):  # what is no name is told of its zone
            return canonical(name)
        return name

    return {
        plain(zone["apex"], zone["apex"]): tuple(plain(record["name"], zone["apex"]) for record in zone["records"])
        for zone in zones(spec)
    }


def _zone_of(spec: ExperimentSpec, service: Service, address: str) -> int | None:
    written = spec.aws_services.get(service)
    return int(address.split(".")[2]) if written and written.availability_zones is not None else None


def zones(spec: ExperimentSpec, *, ipv6: bool = True) -> list[dict[str, Any]]:
    """The zones' plans: those of the services, the canary's, and the file's own, which win.

    A service has a zone for each name that an SDK may ask it by, in every region of the partition; what lies below a name, such as a
    bucket, is a wildcard in its zone. A domain of the search list has one too: what a resolver makes by it of a name is NXDOMAIN
    there, where a name of no zone would be REFUSED.
    """
    plans: dict[str, dict[str, Any]] = {}
    for service, addresses in services_of(spec).items():
        written = spec.aws_services.get(service)
        ttl = (written.ttl if written else 5 * SECOND) // SECOND
        served = [address for address in addresses if ipv6 or ":" not in address]
        for name in names_of(service, spec.region):
            apex = name.removeprefix("*.")
            zone = plans.setdefault(apex, {"apex": apex, "records": []})
            zone["records"] += [_address_record(name, address, ttl) for address in served]
    for domain in spec.resolver.search:
        plans.setdefault(domain, {"apex": domain, "records": []})
    plans |= own_zones(spec, ipv6=ipv6)
    for apex, own in spec.zones.items():
        plans.pop(_plainly(apex), None)
        plans[apex] = zone_plan(apex, own)
    _add_canary(plans, canonical(spec.canary))
    return list(plans.values())


def _add_canary(plans: dict[str, dict[str, Any]], canary: str) -> None:
    """See to it that ``canary`` resolves: in the zone that is to answer for it, or in one of its own."""
    by_name = {_plainly(apex): zone for apex, zone in plans.items()}
    home = next((by_name[apex] for apex in (canary, *parents(canary)) if apex in by_name), None)
    if home is None:
        apex = canary.partition(".")[2] or canary
        home = plans[apex] = {"apex": apex, "records": []}
    if not any(_plainly(record["name"]) == canary for record in home["records"]):
        home["records"].append(_address_record(canary, CANARY_ADDRESS, 0))


def _plainly(name: str) -> str:
    """Good enough to find a zone by, and wrong names are left for whoever tells of them."""
    return name.lower().removesuffix(".")


def _address_record(name: str, address: str, ttl: int) -> dict[str, Any]:
    return {"name": name, "rtype": "AAAA" if ":" in address else "A", "ttl": ttl, "data": address}


def plane_plans(
    spec: ExperimentSpec,
    injections: Mapping[str, Sequence[Any]],
    resolvers: dict[str, tuple[str, int]],
    *,
    ipv6: bool,
    certificates: str,
    toxiproxy: str | None,
    backends: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, dict[str, Any]]:
    """The plan of each plane's process, by the plane's key; ``injections`` are each plane's, ``backends`` what answers own services."""
    return {
        "service": service_plan(spec, injections["service"], certificates) | {"own": fronts_plan(spec, backends)},
        "network": network_plan(spec, injections["network"], toxiproxy),
        "dns": dns_plan(spec, injections["dns"], resolvers, ipv6=ipv6),
    }


def dns_plan(
    spec: ExperimentSpec, injections: Sequence[Any], resolvers: dict[str, tuple[str, int]], *, ipv6: bool
) -> dict[str, Any]:
    """The DNS process's plan; ``resolvers`` maps each client to the address and port that it will ask."""
    listeners = [{"label": label, "host": host, "port": port} for label, (host, port) in resolvers.items()]
    return {
        "seed": spec.seed,
        "listeners": listeners,
        "zones": zones(spec, ipv6=ipv6),
        "updates": updates_plan(spec.zones),
        "followed": followed_zones(spec.zones),
        "injections": [injection_to_json(injection) for injection in injections],
        "spared": {"names": [spec.canary], "askers": [CANARY_LABEL]},
    }


def service_plan(spec: ExperimentSpec, injections: Sequence[Any], certificates: str) -> dict[str, Any]:
    """The mock AWS's plan."""
    return {
        "host": "127.0.0.1",
        "port": 0,
        "certificates": certificates,
        "names": certificate_names(spec),
        "hosts": {name: wire_name(service) for service in services_of(spec) for name in names_of(service, spec.region)},
        "regions": regions_of(spec),
        "followed": followed_zones(spec.zones),
        "seed": spec.seed,
        "injections": [injection_to_json(injection) for injection in injections],
        "services": {name: _state_plan(name, spec.aws_services.get(name, ServiceSpec())) for name in services_of(spec)},
    }


def hosted_records(apex: str, zone: HostedZoneSpec) -> list[dict[str, Any]]:
    """The records of a hosted zone at the start."""
    records: list[dict[str, Any]] = zone_plan(apex, ZoneSpec(records=zone.records))["records"]
    return records


def _state_plan(name: Service, written: ServiceSpec) -> dict[str, Any]:
    """What the mock is told of one service: its state at the start, and how it treats connections."""
    plan: dict[str, Any] = {state: getattr(written, state) for state, owner in SEEDED.items() if owner == name}
    if written.hosted_zones:
        plan["hosted_zones"] = {apex: hosted_records(apex, zone) for apex, zone in written.hosted_zones.items()}
    plan.pop("placement", None)
    if written.placement is not None:
        plan["placement"] = written.placement.model_dump()
    if written.control_plane is not None:
        plan["control_plane"] = behaviour_plan(written.control_plane)
    return plan | {
        "backend": written.backend,
        "idle_timeout_ns": written.idle_timeout,
        "max_requests": written.max_requests if written.keep_alive else 1,
    }


def regions_of(spec: ExperimentSpec) -> list[str]:
    """The regions in which a run has state: its own first, then those of its clients."""
    return list(dict.fromkeys((spec.region, *(client.region for client in spec.clients.values() if client.region))))


def certificate_names(spec: ExperimentSpec) -> list[str]:
    """The names of the certificate that is shown unless another is asked for by name: the regional endpoints, and what stands beside them.

    A zone of the file's own may lead there under the name of a service that is not in our table, so each region's whole domain is there.
    """
    hosts = [host_name(service, region) for region in regions_of(spec) for service in services_of(spec)]
    domains = dict.fromkeys(host.partition(".")[2] for host in hosts)
    return [*dict.fromkeys(hosts), *(f"*.{domain}" for domain in domains)]


def with_aliases(spec: ExperimentSpec, where: Any) -> Any:
    """A DNS target with the names that are the same endpoint of one of the run's services, unless it says which names it means.

    Any other target is returned as it is.
    """
    if not isinstance(where, DnsTarget) or where.name is None or where.aliases is not None:
        return where
    own = {_plainly(apex) for apex in spec.zones}
    aliases: dict[str, None] = {
        alias: None for service in services_of(spec) for alias in aliases_of(service, where.name, spec.region)
    }
    for service in spec.own_services.values():
        if where.name in service.names:
            aliases |= {alias: None for alias in service.names if alias != where.name}
    return replace(where, aliases=tuple(alias for alias in aliases if alias.removeprefix("*.") not in own))


def proxies(spec: ExperimentSpec, upstream: str, listen: Callable[[str], str], *, ipv6: bool) -> list[dict[str, Any]]:
    """One proxy for each address of each service; ``listen`` is the sandbox's word for where that address is served."""
    return [
        {
            "name": f"{service}@{address}",
            "service": service,
            "listen": listen(address),
            "upstream": upstream,
            "zone": _zone_of(spec, service, address),
        }
        for service, addresses in services_of(spec).items()
        for address in addresses
        if ipv6 or ":" not in address
    ]


def network_plan(spec: ExperimentSpec, injections: Sequence[Any], toxiproxy: str | None) -> dict[str, Any]:
    """The network process's plan; ``toxiproxy`` None is the embedded proxy, else a program or a URL."""
    return {
        "toxiproxy": toxiproxy,
        "within": [f"{address}/32" for address in spec.link_local],
        "seed": spec.seed,
        "injections": [injection_to_json(injection) for injection in injections],
    }


def program_of(word: str, source: str) -> str:
    """The program that the first word of an ``argv`` means: a path is taken from the experiment file's folder."""
    return str((Path(source).parent / word).resolve()) if os.sep in word else word


def client_plan(label: str, client: ClientSpec, region: str, source: str = "", seed: int = 0) -> dict[str, Any]:
    """A client's plan: its label and its settings, times in nanoseconds. What only some clients know is there if the file has it."""
    special: dict[str, Any] = {"version": client.version, "dns_cache": client.dns_cache, "language": client.language}
    special |= probe_settings(client) if client.use in PROBES else {}
    special["program"] = program_of(client.program, source) if client.program else None
    if client.part is not None:
        special |= {"part": client.part, "settings": client.settings or {}, "seed": seed}
    special["argv"] = [program_of(client.argv[0], source), *client.argv[1:]] if client.argv else None
    special |= {"race": client.race.model_dump(mode="json"), "seed": seed} if client.race else {}
    special["health_counts"] = list(client.health_counts) if client.health_counts else None
    return {name: value for name, value in special.items() if value is not None} | {
        "client": label,
        "region": client.region or region,
        "service": client.service,
        "operation": client.operation,
        "connection": client.connection,
        "every_ns": round(SECOND / client.rate) if client.rate else client.every,
        "burst_size": client.burst_size,
        "burst_every_ns": client.burst_every,
        "retry_mode": client.retry_mode,
        "max_attempts": client.max_attempts,
        "connect_timeout_ns": client.connect_timeout,
        "read_timeout_ns": client.read_timeout,
    }
