"""From an experiment to the plans of its processes: which zone, which addresses, which names on the certificate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chaoskit.aws.target import wire_name
from chaoskit.dns.names import canonical, parents
from chaoskit.dns.zone_spec import zone_plan
from chaoskit.experiment.planes import STARTED
from chaoskit.experiment.schema import ClientSpec, ExperimentSpec, Service, ServiceSpec
from chaoskit.timeline.codec import injection_to_json
from chaoskit.timeline.plane import Surroundings
from chaoskit.units import SECOND

SERVICE_NUMBER = {"dynamodb": 1, "ec2": 2, "sts": 3, "s3": 4, "sqs": 5, "elbv2": 6, "route53": 7}
"""The service's place in its default address, 127.0.1.n; with zones its addresses are 127.(10 + n).zone.k."""

SEEDED = {
    "tables": "dynamodb",
    "instances": "ec2",
    "target_groups": "elbv2",
    "buckets": "s3",
    "queues": "sqs",
    "hosted_zones": "route53",
}
"""The fields of ``ServiceSpec`` that say what a service holds at the start, and the service whose they are."""

CANARY_LABEL = "canary"
RESERVED = (CANARY_LABEL, *(plane.key for plane in STARTED))
"""Names of chaoskit's own processes, which stand beside the clients in a journal, so no client may have one."""

CANARY_ADDRESS = "127.0.0.1"
CANARY_PERIOD_NS = 1 * SECOND


def host_name(service: str, region: str) -> str:
    """The regional endpoint's real host name (AWS General Reference, service endpoints)."""
    if service == "route53":
        return "route53.amazonaws.com"  # a global service: one endpoint for all regions
    return f"{wire_name(service)}.{region}.amazonaws.com"


def services_of(spec: ExperimentSpec) -> dict[Service, tuple[str, ...]]:
    """Each service of the experiment with its loopback addresses; the first service has an IPv6 address too."""
    names = list(spec.services) or sorted({client.service for client in spec.clients.values() if client.use != "noop"})
    found: dict[Service, tuple[str, ...]] = {}
    for name in names:
        written = spec.services.get(name, ServiceSpec())
        default = (f"127.0.1.{SERVICE_NUMBER[name]}", *(("::1",) if not found else ()))
        found[name] = written.addresses or _in_zones(name, written) or default
    return found


def surroundings_of(spec: ExperimentSpec) -> Surroundings:
    """What the experiment has that an injection may be aimed at."""
    return Surroundings(
        clients=tuple(spec.clients),
        services={
            service: written.availability_zones if (written := spec.services.get(service)) else None
            for service in services_of(spec)
        },
        zones={zone["apex"]: tuple(record["name"] for record in zone["records"]) for zone in zones(spec)},
        canary=spec.canary,
        addresses={service: tuple(addresses) for service, addresses in services_of(spec).items()},
    )


def _zone_of(spec: ExperimentSpec, service: Service, address: str) -> int | None:
    written = spec.services.get(service)
    return int(address.split(".")[2]) if written and written.availability_zones is not None else None


def _in_zones(name: Service, written: ServiceSpec) -> tuple[str, ...]:
    """The addresses of a service that has availability zones: a prefix 127.n.z.0/24 for each."""
    if written.availability_zones is None:
        return ()
    numbers = range(1, written.addresses_per_zone + 1)
    return tuple(
        f"127.{10 + SERVICE_NUMBER[name]}.{zone}.{k}"
        for zone in range(1, written.availability_zones + 1)
        for k in numbers
    )


def zones(spec: ExperimentSpec, *, ipv6: bool = True) -> list[dict[str, Any]]:
    """The zones' plans: one per service (apex: its host name), the canary's, and the file's own, which win."""
    found: dict[str, dict[str, Any]] = {}
    for service, addresses in services_of(spec).items():
        name = host_name(service, spec.region)
        written = spec.services.get(service)
        ttl = (written.ttl if written else 5 * SECOND) // SECOND
        records = [_address_record(name, address, ttl) for address in addresses if ipv6 or ":" not in address]
        if service == "s3":  # buckets are names below the endpoint's (S3 User Guide, "Virtual hosting of buckets")
            records += [record | {"name": f"*.{name}"} for record in records]
        found[name] = {"apex": name, "records": records}
    for apex, zone in spec.zones.items():
        found[apex] = zone_plan(apex, zone)
    _add_canary(found, canonical(spec.canary))
    return list(found.values())


def _add_canary(found: dict[str, dict[str, Any]], canary: str) -> None:
    """See to it that ``canary`` resolves: in the zone that is to answer for it, or in one of its own."""
    by_name = {_plainly(apex): zone for apex, zone in found.items()}
    home = next((by_name[apex] for apex in (canary, *parents(canary)) if apex in by_name), None)
    if home is None:
        apex = canary.partition(".")[2] or canary
        home = found[apex] = {"apex": apex, "records": []}
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
) -> dict[str, dict[str, Any]]:
    """The plan of each plane's process, by the plane's key; ``injections`` are each plane's."""
    return {
        "service": service_plan(spec, injections["service"], certificates),
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
        "injections": [injection_to_json(injection) for injection in injections],
    }


def service_plan(spec: ExperimentSpec, injections: Sequence[Any], certificates: str) -> dict[str, Any]:
    """The mock AWS's plan."""
    return {
        "host": "127.0.0.1",
        "port": 0,
        "certificates": certificates,
        "names": certificate_names(spec),
        "region": spec.region,
        "seed": spec.seed,
        "injections": [injection_to_json(injection) for injection in injections],
        "services": {name: _state_plan(name, spec.services.get(name, ServiceSpec())) for name in services_of(spec)},
    }


def _state_plan(name: Service, written: ServiceSpec) -> dict[str, Any]:
    """What the mock is told of one service: its state at the start, and how it treats connections."""
    plan: dict[str, Any] = {state: getattr(written, state) for state, owner in SEEDED.items() if owner == name}
    return plan | {
        "backend": written.backend,
        "idle_timeout_ns": written.idle_timeout,
        "max_requests": written.max_requests if written.keep_alive else 1,
    }


def certificate_names(spec: ExperimentSpec) -> list[str]:
    """Every host name that an SDK may put before the region's or AWS's domain, account-based endpoints included."""
    region = spec.region
    hosts = [host_name(service, region) for service in services_of(spec)]
    wild = [
        f"*.{region}.amazonaws.com",
        "*.amazonaws.com",
        f"*.ddb.{region}.amazonaws.com",
        f"*.s3.{region}.amazonaws.com",
    ]
    return hosts + wild


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
        "seed": spec.seed,
        "injections": [injection_to_json(injection) for injection in injections],
    }


def client_plan(label: str, client: ClientSpec, region: str) -> dict[str, Any]:
    """A client's plan: its label and its settings, times in nanoseconds. What only some clients know is there if the file has it."""
    special: dict[str, Any] = {"version": client.version, "dns_cache": client.dns_cache, "language": client.language}
    special["argv"] = list(client.argv) if client.argv else None
    special["health_counts"] = list(client.health_counts) if client.health_counts else None
    return {name: value for name, value in special.items() if value is not None} | {
        "client": label,
        "region": region,
        "service": client.service,
        "operation": client.operation,
        "connection": client.connection,
        "every_ns": client.every,
        "burst_size": client.burst_size,
        "burst_every_ns": client.burst_every,
        "retry_mode": client.retry_mode,
        "max_attempts": client.max_attempts,
        "connect_timeout_ns": client.connect_timeout,
        "read_timeout_ns": client.read_timeout,
    }
