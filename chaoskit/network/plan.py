"""The network process's plan: injections and proxies as plain JSON, and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from chaoskit.network.toxics import TOXICS, Toxic, kind_of, parameters
from chaoskit.network.where import Where
from chaoskit.timeline.injection import Injection, window_from_json, window_to_json

NetworkInjection: TypeAlias = Injection[Where, Toxic]


@dataclass(frozen=True, slots=True)
class ProxySpec:
    """A proxy to make: ``listen`` and ``upstream`` are ``host:port``; port 0 in ``listen`` lets the kernel choose.

    ``zone`` is the number of the availability zone that its address belongs to, where there are zones.
    """

    name: str
    service: str
    listen: str
    upstream: str
    zone: int | None = None

    def meets(self, where: Where) -> bool:
        """Whether what is aimed at ``where`` is meant for this proxy."""
        return self.service == where.service and where.zone in (None, self.zone)


@dataclass(frozen=True, slots=True)
class Plan:
    """``toxiproxy`` None is the embedded proxy; otherwise a program, or the URL of a running Toxiproxy. ``seed`` draws the chances.

    ``within`` has prefixes beside loopback in which the embedded proxy may listen: a network that is the run's own. ``log``
    is a named pipe by which the log of a Toxiproxy that runs already comes.
    """

    toxiproxy: str | None
    injections: tuple[NetworkInjection, ...]
    seed: int = 0
    within: tuple[str, ...] = ()
    log: str | None = None


def injection_to_json(injection: NetworkInjection) -> dict[str, Any]:
    """An injection for the plan; durations in nanoseconds."""
    return {
        "id": injection.id,
        "where": asdict(injection.where),
        "when": window_to_json(injection.when),
        "fault": {kind_of(injection.fault): parameters(injection.fault)},
        "chance": injection.chance,
        "hidden": injection.hidden,
    }


def injection_from_json(plain: dict[str, Any]) -> NetworkInjection:
    """The injection of ``injection_to_json``."""
    ((kind, fields),) = plain["fault"].items()
    return Injection(
        id=plain["id"],
        where=Where(**plain["where"]),
        when=window_from_json(plain["when"]),
        fault=TOXICS.get(kind)(**fields),
        chance=plain.get("chance", 1.0),
        hidden=plain.get("hidden", False),
    )


def plan_from_json(plain: dict[str, Any]) -> Plan:
    """The plan of the process contract (ARCHITECTURE.md)."""
    injections = tuple(injection_from_json(injection) for injection in plain.get("injections", ()))
    return Plan(
        plain.get("toxiproxy"), injections, plain.get("seed", 0), tuple(plain.get("within", ())), plain.get("log")
    )
