"""The clients of a herd: each has a pool of connections to fill, a back-off, and perhaps a connection ramp and a retry budget.

Written against a ``Schedule`` and a ``HerdService``, so the same clients run in virtual time and on real sockets. A client looks the name
up; if that fails it sleeps by its back-off and looks again. Once it has an address it dials what its ramp allows until its pool is full. A
dial that fails makes it sleep and look up again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from chaoskit.cascade.draws import Stream, base_key
from chaoskit.cascade.live.schedule import Schedule
from chaoskit.cascade.policies.back_off import FAILED, BackOff, Jitter
from chaoskit.cascade.policies.connection_ramp import ConnectionRamp
from chaoskit.cascade.policies.retry_budget import RETRY, SUCCESS, RetryBudget
from chaoskit.units import MILLISECOND, SECOND

BIN_NS = 100 * MILLISECOND

Done = Callable[[bool], None]


class HerdService(Protocol):
    """What the herd wants to reach. ``done`` hears whether it went well, at once or later."""

    def look_up(self, client: int, done: Done) -> None:
        """Look the service's name up."""

    def dial(self, client: int, done: Done) -> None:
        """Open one connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HerdSettings:
    """``pool``: connections that each client wants. ``jitter``, ``ramp`` and ``budget`` are switches.

    With ``budget`` a client has ``budget_capacity`` retries to spend and earns a tenth of one by each connection; once they are spent it
    rests for four times the back-off's cap.

    ``ramp_start_per_s`` doubles every 10 s, up to ``ramp_most_per_s``: dials a second of each client. The service accepts
    ``accepts_per_s`` connections and lets ``backlog`` of them wait. Only the simulation reads ``outage_s`` and ``watched_s``.
    """

    clients: int = 500
    pool: int = 4
    accepts_per_s: float = 100.0
    backlog: int = 128
    connect_time_out_s: float = 1.0
    outage_s: float = 60.0
    watched_s: float = 60.0
    base_s: float = 2.0
    cap_s: float = 4.0
    jitter: bool = True
    ramp: bool = True
    budget: bool = False
    budget_capacity: float = 3.0
    ramp_start_per_s: float = 0.1
    ramp_most_per_s: float = 0.2


class _Client:
    """One client and its policies' states. ``ramping``: it has had an address since it last failed to get one.

    ``in_step``: its next look-up is due with those of all others, because it slept without jitter.
    """

    def __init__(self, number: int, settings: HerdSettings, draws: Stream) -> None:
        self.number, self.draws, self.connections, self.dialling = number, draws, 0, 0
        self.asleep = self.waiting_for_ramp = self.ramping = self.in_step = False
        jitter: Jitter = "full" if settings.jitter else "none"
        self.policy = BackOff(
            base_ns=round(settings.base_s * SECOND), cap_ns=round(settings.cap_s * SECOND), jitter=jitter
        )
        self.sleeping = self.policy.initial()
        self.ramp = ConnectionRamp(
            start_per_s=settings.ramp_start_per_s, most_per_s=settings.ramp_most_per_s, double_ns=10 * SECOND
        )
        self.ramp_state = self.ramp.initial()
        self.budget = RetryBudget(earn=0.1, capacity=settings.budget_capacity)
        self.tokens = self.budget.initial()


class HerdClients:
    """Clients number ``first`` and on. ``connected`` hears, at each new connection, how many clients have one now."""

    def __init__(
        self,
        settings: HerdSettings,
        schedule: Schedule,
        service: HerdService,
        seed: int,
        connected: Callable[[int], None],
        first: int = 0,
    ) -> None:
        self._settings, self._schedule, self._service, self._connected = settings, schedule, service, connected
        self._with_one = 0
        base = base_key(seed, "herd")
        numbers = range(first, first + settings.clients)
        self._clients = [_Client(number, settings, Stream(base, number)) for number in numbers]

    def begin(self) -> None:
        """All look the name up: with jitter evenly over the back-off's base, else at once."""
        now, spread = self._schedule.now, self._settings.base_s * SECOND
        for client in self._clients:
            begins = now + (round(client.draws.random() * spread) if self._settings.jitter else 0)
            self._schedule.at(begins, lambda client=client: self._look_up(client))  # type: ignore[misc]

    def lost(self, number: int) -> None:
        """A connection of client ``number`` was cut: it looks up and dials again."""
        client = next(client for client in self._clients if client.number == number)
        client.connections -= 1
        self._with_one -= client.connections == 0
        self._connected(self._with_one)
        if self._settings.jitter:
            self._sleep(client)
        elif not client.asleep:
            self._look_up(client)

    def slow_down(self) -> None:
        """From now on every client has a ramp and a back-off with full jitter."""
        self._settings = replace(self._settings, ramp=True, jitter=True)
        for client in self._clients:
            client.policy = replace(client.policy, jitter="full")
            client.ramping, client.in_step = False, True

    def _look_up(self, client: _Client) -> None:
        client.asleep = False
        if client.in_step:  # it was woken with all the others, without jitter
            client.in_step = False
            self._sleep(client)
            return
        self._service.look_up(client.number, lambda well: self._looked_up(client, well))

    def _looked_up(self, client: _Client, well: bool) -> None:
        if not well:
            client.ramping = False
            self._sleep(client)
            return
        if not client.ramping:
            client.ramping = True
            client.ramp_state = client.ramp.initial(self._schedule.now)
        if not client.waiting_for_ramp:
            self._dial(client)

    def _sleep(self, client: _Client) -> None:
        if client.asleep:
            return
        client.asleep = True
        now = self._schedule.now
        client.sleeping, sleep = client.policy.step(client.sleeping, FAILED, now, client.draws)
        self._schedule.at(now + max(MILLISECOND, sleep), lambda: self._look_up(client))

    def _dial(self, client: _Client) -> None:
        """Dial what is missing, as far as the ramp allows; look again in 100 ms while something is missing."""
        client.waiting_for_ramp = False
        missing = self._settings.pool - client.connections - client.dialling
        if missing <= 0:
            return
        number = missing
        if self._settings.ramp:
            now = self._schedule.now
            client.ramp_state, allowed = client.ramp.step(client.ramp_state, missing, now, client.draws)
            number = int(allowed)
            if number < missing:
                client.waiting_for_ramp = True
                self._schedule.at(now + BIN_NS, lambda: self._dial(client))
        for _ in range(number):
            client.dialling += 1
            self._service.dial(client.number, lambda well: self._dialled(client, well))

    def _dialled(self, client: _Client, well: bool) -> None:
        client.dialling -= 1
        if well:
            self._connect(client)
            return
        if self._settings.budget:
            client.tokens, allowed = client.budget.step(client.tokens, RETRY, self._schedule.now, client.draws)
            if not allowed and not client.asleep:
                client.asleep = True
                pause = round(4 * self._settings.cap_s * SECOND)
                self._schedule.at(self._schedule.now + pause, lambda: self._look_up(client))
                return
        self._sleep(client)

    def _connect(self, client: _Client) -> None:
        client.connections += 1
        client.sleeping = client.policy.initial()
        client.tokens, _ = client.budget.step(client.tokens, SUCCESS, self._schedule.now, client.draws)
        if client.connections == 1:
            self._with_one += 1
        self._connected(self._with_one)
