"""A system played event by event: every call, try, time-out and piece of work by itself. The reference of the fluid.

``Simulation`` plays it in virtual time; the parts of a small real run (``cascade/live/parts``) play the same callers and servers by the
clock.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from chaoskit.cascade.policies import retry_budget
from chaoskit.cascade.policies.back_off import FAILED
from chaoskit.cascade.policies.deadline import Deadline, Work
from chaoskit.cascade.system.model import USERS, Call, Service, System
from chaoskit.clock import Instant
from chaoskit.sim.heap import EventHeap
from chaoskit.units import SECOND

Answer = Callable[[bool], None]

_DEADLINE = Deadline()


@dataclass(slots=True)
class Second:
    """What happened in one second: fresh calls, tries offered to each service, calls answered well, and at its end what waited."""

    fresh: int = 0
    offered: dict[str, int] = field(default_factory=dict)
    good: int = 0
    failed: int = 0
    waiting: dict[str, int] = field(default_factory=dict)
    retrying: int = 0


class Try:
    """One try of a call, as the service sees it. ``gone``: its caller has stopped waiting."""

    __slots__ = ("answer", "deadline", "gone")

    def __init__(self, answer: Answer, deadline: Instant) -> None:
        self.answer, self.deadline, self.gone = answer, deadline, False


class Workplace(Protocol):
    """Whatever takes tries of a call: a server here, or the way to one in another process."""

    def arrive(self, attempt: Try) -> None:
        """Admit or refuse a try."""


class World(Protocol):
    """What callers and servers live in: their time, their draws, whom they call, and the counts of what happens."""

    rng: random.Random
    retrying: int

    @property
    def heap(self) -> EventHeap:
        """What is due, and the present instant."""

    @property
    def servers(self) -> Mapping[str, Workplace]:
        """Every service that is called, by name."""

    @property
    def second(self) -> Second:
        """Where the present second is counted."""


class Simulation:
    """One play of ``system``. The outage begins at ``outage_at_ns``; fresh calls come in a Poisson stream.

    ``regular``: fresh calls come at equal distances instead.
    """

    def __init__(self, system: System, *, seed: int, outage_at_ns: int = 10 * SECOND, regular: bool = False) -> None:
        self.system = system
        self.heap = EventHeap()
        self.rng = random.Random(seed)
        self.seconds: list[Second] = [Second()]
        self.retrying = 0
        self._regular = regular
        self._load = system.load_per_s
        self.servers = {service.name: Server(self, service) for service in system.services.values()}
        self.callers = Caller(self, USERS, system.callers)
        outage = system.outage
        self.heap.at(outage_at_ns, self._break)
        self.heap.at(outage_at_ns + outage.for_ns, self._mend)
        self._arrive_later()
        self.heap.at(SECOND, self._count)

    def run(self, until_ns: Instant) -> list[Second]:
        """Play until ``until_ns``; the seconds so far, the last one perhaps not over."""
        self.heap.run(until_ns)
        return self.seconds

    @property
    def second(self) -> Second:
        """The one that runs."""
        return self.seconds[-1]

    def _count(self) -> None:
        for name, server in self.servers.items():
            self.second.waiting[name] = len(server.queue)
        self.second.retrying = self.retrying
        self.seconds.append(Second())
        self.heap.at(self.heap.now + SECOND, self._count)

    def _arrive_later(self) -> None:
        gap = 1 / self._load if self._regular else self.rng.expovariate(self._load)
        self.heap.at(self.heap.now + round(gap * SECOND), self._arrive)

    def _arrive(self) -> None:
        self._arrive_later()
        self.second.fresh += 1
        self.callers.call(self._end)

    def _end(self, ok: bool) -> None:
        if ok:
            self.second.good += 1
        else:
            self.second.failed += 1

    def _break(self) -> None:
        outage = self.system.outage
        self._load = self.system.load_per_s * outage.load_times
        if outage.service:
            self.servers[outage.service].set_share(outage.capacity_left)

    def _mend(self) -> None:
        self._load = self.system.load_per_s
        if self.system.outage.service:
            self.servers[self.system.outage.service].set_share(1.0)


class Caller:
    """Whoever makes one kind of call: it keeps the retry policy and the budget."""

    def __init__(self, simulation: World, name: str, call: Call) -> None:
        self._simulation, self._name, self._call = simulation, name, call
        self._budget = call.budget.initial() if call.budget else None

    def call(self, answer: Answer) -> None:
        """Make one call; ``answer`` hears its end, once."""
        self._try(1, self._call.back_off.initial(), answer)

    def _try(self, number: int, sleeping: object, answer: Answer) -> None:
        simulation = self._simulation
        heap = simulation.heap
        done = False

        def end(ok: bool) -> None:
            nonlocal done
            if done:
                return
            done = True
            if number > 1:
                simulation.retrying -= 1
            if ok:
                self._earn()
                answer(True)
            else:
                self._again(number, sleeping, answer)

        if number > 1:
            simulation.retrying += 1
        attempt = Try(end, heap.now + self._call.timeout_ns)

        def give_up() -> None:
            attempt.gone = True
            end(False)

        heap.at(attempt.deadline, give_up)
        simulation.servers[self._call.to].arrive(attempt)

    def _earn(self) -> None:
        if self._call.budget and self._budget:
            self._budget, _ = self._call.budget.step(
                self._budget, retry_budget.SUCCESS, self._simulation.heap.now, self._simulation.rng
            )

    def _again(self, number: int, sleeping: object, answer: Answer) -> None:
        simulation = self._simulation
        if number >= self._call.tries:
            answer(False)
            return
        if self._call.budget and self._budget:
            self._budget, allowed = self._call.budget.step(
                self._budget, retry_budget.RETRY, simulation.heap.now, simulation.rng
            )
            if not allowed:
                answer(False)
                return
        state, sleep = self._call.back_off.step(sleeping, FAILED, simulation.heap.now, simulation.rng)  # type: ignore[arg-type]
        simulation.heap.at(simulation.heap.now + sleep, lambda: self._try(number + 1, state, answer))


class Server:
    """One service: a queue and one server whose speed an outage changes, in the middle of a piece of work too."""

    def __init__(self, simulation: World, service: Service) -> None:
        self._simulation, self._service = simulation, service
        self.queue: deque[Try] = deque()
        self._callers = [Caller(simulation, service.name, call) for call in service.calls]
        self._share = 1.0
        self._current: Try | None = None
        self._left_s, self._since, self._turn = 0.0, 0, 0
        self._shed = service.shedding.initial() if service.shedding else None

    def arrive(self, attempt: Try) -> None:
        """Admit or refuse a try."""
        offered, name = self._simulation.second.offered, self._service.name
        offered[name] = offered.get(name, 0) + 1
        service = self._service
        if service.queue is not None and len(self.queue) >= service.queue:
            attempt.answer(False)
            return
        if service.shedding and self._shed:
            simulation = self._simulation
            self._shed, shed = service.shedding.step(self._shed, len(self.queue), simulation.heap.now, simulation.rng)
            if shed:
                attempt.answer(False)
                return
        self.queue.append(attempt)
        if self._current is None:
            self._next()

    def set_share(self, share: float) -> None:
        """From now on the server has this share of its capacity."""
        now = self._simulation.heap.now
        if self._current is not None:
            self._left_s -= (now - self._since) / SECOND * self._share
        self._share, self._since = share, now
        if self._current is not None:
            self._finish_later()

    def _next(self) -> None:
        service, simulation = self._service, self._simulation
        now = simulation.heap.now
        while self.queue:
            attempt = self.queue.popleft() if service.order == "fifo" else self.queue.pop()
            if service.drops_abandoned:
                _, decision = _DEADLINE.step(_DEADLINE.initial(), Work(attempt.deadline, 1), now, simulation.rng)
                if not decision.served:
                    continue
            rate = service.capacity_per_s
            self._left_s = 1 / rate if service.law == "constant" else simulation.rng.expovariate(rate)
            self._current, self._since = attempt, now
            self._finish_later()
            return

    def _finish_later(self) -> None:
        self._turn += 1
        if self._share > 0:
            turn = self._turn
            after = round(max(0.0, self._left_s) / self._share * SECOND)
            self._simulation.heap.at(self._simulation.heap.now + after, lambda: self._finish(turn))

    def _finish(self, turn: int) -> None:
        attempt = self._current
        if turn != self._turn or attempt is None:
            return
        self._current = None
        if self._callers:
            self._call_on(attempt)
        else:
            attempt.answer(True)
        if self._current is None:
            self._next()

    def _call_on(self, attempt: Try) -> None:
        missing = len(self._callers)

        def hear(ok: bool) -> None:
            nonlocal missing
            missing -= 1
            if not ok:
                attempt.answer(False)
            elif not missing:
                attempt.answer(True)

        for caller in self._callers:
            caller.call(hear)
