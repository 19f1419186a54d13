"""From a file's own services, apps and probes to the plans of their processes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chaoskit.experiment.app_spec import AppSpec
from chaoskit.experiment.own_service_spec import BUILT_IN
from chaoskit.experiment.schema import ClientSpec, ExperimentSpec
from chaoskit.units import SECOND

PREFIX = "127.0.3"
"""Where own services have their addresses, unless the file says others: 127.0.3.1 is the first."""

RELAY_PREFIX = "127.0.4"
"""Where the programs of this machine that answer for own services are found inside of a sandbox with a loopback of its own."""

FIRST_ZONE_NUMBER = 40
"""The second number of the addresses 127.n.zone.k of the first own service that has availability zones."""

MOST_OWN_SERVICES = 100


def own_addresses(spec: ExperimentSpec) -> dict[str, tuple[str, ...]]:
    """Each service of the user's own with its loopback addresses."""
    return {
        name: service.addresses_of(FIRST_ZONE_NUMBER + number) or (f"{PREFIX}.{number + 1}",)
        for number, (name, service) in enumerate(spec.own_services.items())
    }


def own_zones(spec: ExperimentSpec, *, ipv6: bool) -> dict[str, dict[str, Any]]:
    """The zones of own services, by apex: one for each of their names, with nothing in it but that name's addresses."""
    plans = {}
    for name, addresses in own_addresses(spec).items():
        service = spec.own_services[name]
        for host in service.names:
            records = [
                {
                    "name": host,
                    "rtype": "AAAA" if ":" in address else "A",
                    "ttl": service.ttl // SECOND,
                    "data": address,
                }
                for address in addresses
                if ipv6 or ":" not in address
            ]
            plans[host] = {"apex": host, "records": records}
    return plans


def outside_backends(spec: ExperimentSpec) -> dict[str, tuple[str, int]]:
    """The own services that a program of this machine answers, which is no part of the run: its host and port."""
    addresses = {name: service.on_host for name, service in spec.own_services.items()}
    return {
        name: (address.rpartition(":")[0].strip("[]"), int(address.rpartition(":")[2]))
        for name, address in addresses.items()
        if address
    }


def relay_addresses(spec: ExperimentSpec) -> dict[str, tuple[str, int]]:
    """Where each of ``outside_backends`` is found inside of a sandbox that has a loopback of its own."""
    return {
        name: (f"{RELAY_PREFIX}.{number}", port)
        for number, (name, (_, port)) in enumerate(outside_backends(spec).items(), 1)
    }


def backends_of(spec: ExperimentSpec, *, relayed: bool) -> dict[str, str]:
    """What answers each own service, as seen from the planes: ``host:port``, or the word of a built-in.

    ``relayed``: the run has a loopback of its own, in which a program of this machine has the address that a relay gives it.
    """
    relays = relay_addresses(spec) if relayed else {}
    backends = {}
    for name, service in spec.own_services.items():
        if service.backend in BUILT_IN:
            backends[name] = service.backend
        elif (app := service.app) is not None:
            port = app[1] or spec.apps[app[0]].port
            backends[name] = f"127.0.0.1:{port}" if app[0] in spec.apps else service.backend
        elif name in relays:
            backends[name] = "{}:{}".format(*relays[name])
        else:
            backends[name] = service.backend.replace("localhost:", "127.0.0.1:")
    return backends


def fronts_plan(spec: ExperimentSpec, backends: Mapping[str, str]) -> list[dict[str, Any]]:
    """The fronts of own services, as the process of the services is told.

    Each has one, also where bytes are only passed on: a backend that is gone is for clients to see, and not a failure of the proxy.
    """
    return [
        {
            "name": name,
            "names": service.names,
            "tls": service.tls,
            "http": service.speaks_http,
            "backend": backends[name],
            "region": spec.region,
            "idle_timeout_ns": service.idle_timeout,
            "max_requests": service.max_requests if service.keep_alive else 1,
        }
        for name, service in spec.own_services.items()
    ]


def front_key(name: str) -> str:
    """How the ready event of the services' process calls the front of an own service."""
    return f"own {name}"


def own_proxies(
    spec: ExperimentSpec,
    fronts: Mapping[str, str],
    listen: Callable[[str, int], str],
    *,
    ipv6: bool,
) -> list[dict[str, Any]]:
    """One proxy for each address of each own service; ``fronts`` are the addresses of the services' process, by key."""
    return [
        {
            "name": f"{name}@{address}",
            "service": name,
            "listen": listen(address, service.port),
            "upstream": fronts[front_key(name)],
            "zone": int(address.split(".")[2]) if service.availability_zones is not None else None,
        }
        for name, service in spec.own_services.items()
        for address in own_addresses(spec)[name]
        if ipv6 or ":" not in address
    ]


def published_key(spec: ExperimentSpec, proxy: str) -> str:
    """How the sandbox calls the address of a proxy (``service@address``): with its port, where that is not HTTPS's."""
    name, _, address = proxy.partition("@")
    service = spec.own_services.get(name)
    return address if service is None else f"{address}:{service.port}"


def app_plan(label: str, app: AppSpec, source: str, logs: str) -> dict[str, Any]:
    """The plan of an app's process; ``logs`` is the folder in which what it prints is kept."""
    folder = Path(source).resolve().parent
    first = app.argv[0]
    return {
        "client": label,
        "argv": [str((folder / first).resolve()) if "/" in first else first, *app.argv[1:]],
        "cwd": str((folder / (app.cwd or ".")).resolve()),
        "env": app.env,
        "ready": app.ready,
        "ready_within_ns": app.ready_within,
        "health": app.health_url,
        "logs": logs,
    }


def probe_settings(client: ClientSpec) -> dict[str, Any]:
    """What only probes know, times in nanoseconds; None where the file does not say."""
    answer = client.expect
    return {
        "url": client.url,
        "address": client.address,
        "method": client.method,
        "headers": client.headers,
        "body": client.body,
        "options": list(client.options) if client.options else None,
        "send": client.send,
        "query": client.query,
        "command": list(client.command) if client.command else None,
        "concurrency": client.concurrency,
        "timeout_ns": client.timeout,
        "statuses": list(answer.statuses) if answer and answer.statuses else None,
        "holds": answer.body if answer else None,
        "latency_ns": answer.latency if answer else None,
    }
