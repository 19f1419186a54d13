"""Small systems that several tests play."""

from __future__ import annotations

from typing import Any

from chaoskit.cascade.system.model import Call, Outage, Service, System
from chaoskit.units import SECOND


def one_service(
    load_per_s: float, *, outage_s: float = 10, timeout_s: float = 2, tries: int = 2, **service: Any
) -> System:
    """Ten a second, a queue of sixty, callers who try twice; ``service`` changes the service."""
    settings: dict[str, Any] = {"capacity_per_s": 10, "queue": 60, **service}
    return System(
        title="one service",
        load_per_s=load_per_s,
        callers=Call(to="service", timeout_ns=round(timeout_s * SECOND), tries=tries),
        services={"service": Service(name="service", **settings)},
        outage=Outage(for_ns=round(outage_s * SECOND), service="service", capacity_left=0.0),
    )


def chain_of(layers: int, *, tries: int, load_per_s: float = 20, queue: int | None = 400) -> System:
    """Services that call each other in a row; the last one stops for 5 s."""
    names = [f"s{number}" for number in range(layers)]
    calls = [Call(to=name, timeout_ns=SECOND, tries=tries) for name in names]
    return System(
        title="a chain",
        load_per_s=load_per_s,
        callers=calls[0],
        services={
            name: Service(name=name, capacity_per_s=200, queue=queue, calls=tuple(calls[number : number + 1]))
            for number, name in enumerate(names, 1)
        },
        outage=Outage(for_ns=5 * SECOND, service=names[-1], capacity_left=0.0),
    )
