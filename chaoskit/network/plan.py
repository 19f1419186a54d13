"""The network process's plan: injections and proxies from plain JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from chaoskit.network.target import NetworkTarget
from chaoskit.network.toxics import TOXICS, Toxic
from chaoskit.timeline.codec import injection_from_json
from chaoskit.timeline.injection import Injection

NetworkInjection: TypeAlias = Injection[NetworkTarget, Toxic]


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

    def meets(self, where: NetworkTarget) -> bool:
        """Whether what is aimed at ``where`` is meant for this proxy: the address in its name counts, for in containers it has another."""
        host = self.name.partition("@")[2] or self.listen.rpartition(":")[0].removeprefix("[").removesuffix("]")
        return self.service == where.service and where.zone in (None, self.zone) and where.holds(host)


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


def plan_from_json(plain: dict[str, Any]) -> Plan:
    """The plan of the process contract (ARCHITECTURE.md)."""
    injections = tuple(injection_from_json(one, NetworkTarget, TOXICS) for one in plain.get("injections", ()))
    return Plan(
        plain.get("toxiproxy"), injections, plain.get("seed", 0), tuple(plain.get("within", ())), plain.get("log")
    )
