"""A system of services that call each other: what a user writes, as plain data.

What is modelled: a service is one server of a given capacity with one queue; its work costs the same whoever asks, and while it waits for
what it calls it holds nothing (no threads, no connections). A call is given up after its time-out and tried again after its back-off; an
answer that comes later is ignored. All calls of one piece of work go out at once, and it is answered when all have been.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from chaoskit.cascade.policies.back_off import BackOff
from chaoskit.cascade.policies.load_shedding import LoadShedding
from chaoskit.cascade.policies.retry_budget import RetryBudget

Order: TypeAlias = Literal["fifo", "lifo"]
Law: TypeAlias = Literal["exponential", "constant"]

NO_SLEEP = BackOff(base_ns=1, cap_ns=1, jitter="zero")
USERS = "users"
"""Where the calls of the callers come from, as a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Calls to service ``to``: given up after ``timeout_ns``, tried ``tries`` times in all."""

    to: str
    timeout_ns: int
    tries: int = 1
    back_off: BackOff = NO_SLEEP
    budget: RetryBudget | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """``queue``: how many may wait (None: no limit). ``drops_abandoned``: work whose caller has gone is dropped when its turn comes."""

    name: str
    capacity_per_s: float
    queue: int | None = None
    order: Order = "fifo"
    drops_abandoned: bool = False
    shedding: LoadShedding | None = None
    law: Law = "exponential"
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """For ``for_ns``, ``service`` has the share ``capacity_left`` of its capacity, and the load is ``load_times`` what it was."""

    for_ns: int
    service: str | None = None
    capacity_left: float = 1.0
    load_times: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """``services`` by name; ``load_per_s`` fresh calls a second come from the callers."""

    title: str
    load_per_s: float
    callers: Call
    services: dict[str, Service]
    outage: Outage

    def edges(self) -> Iterator[tuple[str, Call]]:
        """Every call with the name of who makes it, callers first."""
        yield USERS, self.callers
        for service in self.services.values():
            for call in service.calls:
                yield service.name, call

    def order(self) -> tuple[Service, ...]:
        """The services that are reached, each before those that it calls. Raises ``ValueError`` for a circle of calls."""
        placed: list[Service] = []
        under_way: list[str] = []

        def visit(name: str) -> None:
            if name in under_way:
                raise ValueError(" → ".join([*under_way[under_way.index(name) :], name]) + " is a circle of calls")
            service = self.services[name]
            if service in placed:
                return
            under_way.append(name)
            for call in service.calls:
                visit(call.to)
            under_way.pop()
            placed.append(service)

        visit(self.callers.to)
        return tuple(reversed(placed))

    def visits(self) -> dict[str, float]:
        """How many pieces of work one fresh call makes at each service when nothing fails."""
        visits = {service.name: 0.0 for service in self.order()}
        visits[self.callers.to] = 1.0
        for service in self.order():
            for call in service.calls:
                visits[call.to] += visits[service.name]
        return visits

    def bottleneck(self) -> str:
        """The service that is full first as the load grows."""
        visits = self.visits()
        return max(visits, key=lambda name: visits[name] / self.services[name].capacity_per_s)

    def most_load_per_s(self) -> float:
        """The load that fills the bottleneck when nothing fails."""
        name = self.bottleneck()
        return self.services[name].capacity_per_s / self.visits()[name]

    def longest_timeout_ns(self) -> int:
        """Of all calls."""
        return max(call.timeout_ns for _, call in self.edges())

    def with_service(self, service: Service) -> System:
        """The same, with another service of that name."""
        return replace(self, services={**self.services, service.name: service})

    def with_call(self, caller: str, call: Call) -> System:
        """The same, with another call from ``caller`` to where ``call`` goes."""
        if caller == USERS:
            return replace(self, callers=call)
        service = self.services[caller]
        calls = tuple(call if other.to == call.to else other for other in service.calls)
        return self.with_service(replace(service, calls=calls))
