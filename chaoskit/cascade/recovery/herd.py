"""The herd: how many clients dial, and how many connections and lookups come, in each 100 ms after the record is back.

Every client has one pool of connections that the outage has emptied. While the record is empty it looks the name up, fails, and sleeps by
its back-off. Once it has an address it dials what its ramp allows until its pool is full. The service accepts so many connections a second
and lets so many wait; a dial beyond that is refused, one that waits longer than the connect time-out is given up, and either makes the
client sleep and look up again.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from chaoskit.cascade.draws import Stream, base_key
from chaoskit.cascade.policies.back_off import FAILED, BackOff, Jitter
from chaoskit.cascade.policies.connection_ramp import ConnectionRamp
from chaoskit.cascade.policies.retry_budget import RETRY, SUCCESS, RetryBudget
from chaoskit.sim.heap import EventHeap
from chaoskit.units import MILLISECOND, SECOND

BIN_NS = 100 * MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class HerdSettings:
    """``pool``: connections that each client wants. ``jitter``, ``ramp`` and ``budget`` are switches."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class HerdCourse:
    """Counts in each 100 ms since the record's return. ``connected_s``: when every client had a connection; None: not while watched."""

    lookups: tuple[int, ...]
    dials: tuple[int, ...]
    connects: tuple[int, ...]
    refused: int
    given_up: int
    connected_s: float | None


def play_herd(settings: HerdSettings, seed: int) -> HerdCourse:
    """Event by event; equal settings and seeds give equal courses."""
    return _Herd(settings, seed).play()


class _Client:
    """One client and its policies' states."""

    def __init__(self, number: int, settings: HerdSettings, draws: Stream) -> None:
        self.draws, self.connections, self.dialling = draws, 0, 0
        self.asleep = self.waiting_for_ramp = False
        jitter: Jitter = "full" if settings.jitter else "none"
        self.policy = BackOff(
            base_ns=round(settings.base_s * SECOND), cap_ns=round(settings.cap_s * SECOND), jitter=jitter
        )
        self.sleeping = self.policy.initial()
        self.ramp = ConnectionRamp(start_per_s=0.1, most_per_s=0.2, double_ns=10 * SECOND)
        self.ramp_state = self.ramp.initial()
        self.tokens = RetryBudget(earn=0.1, capacity=3.0).initial()


class _Herd:
    """Clients, the record and the service's door."""

    def __init__(self, settings: HerdSettings, seed: int) -> None:
        self.settings, self.heap = settings, EventHeap()
        self._back_ns = round(settings.outage_s * SECOND)
        bins = round(settings.watched_s * SECOND) // BIN_NS
        self.lookups, self.dials, self.connects = ([0] * bins for _ in range(3))
        self.refused = self.given_up = self._with_one = 0
        self.connected_ns: int | None = None
        self._door: deque[tuple[int, _Client]] = deque()
        self._busy = False
        self._budget = RetryBudget(earn=0.1, capacity=3.0)
        base = base_key(seed, "herd")
        for number in range(settings.clients):
            client = _Client(number, settings, Stream(base, number))
            begins = 0 if not settings.jitter else round(client.draws.random() * settings.base_s * SECOND)
            self.heap.at(begins, lambda client=client: self._look_up(client))  # type: ignore[misc]

    def play(self) -> HerdCourse:
        """Until the watch is over."""
        self.heap.run(self._back_ns + round(self.settings.watched_s * SECOND))
        connected = None if self.connected_ns is None else (self.connected_ns - self._back_ns) / SECOND
        return HerdCourse(
            lookups=tuple(self.lookups),
            dials=tuple(self.dials),
            connects=tuple(self.connects),
            refused=self.refused,
            given_up=self.given_up,
            connected_s=connected,
        )

    def _count(self, counts: list[int]) -> None:
        place = (self.heap.now - self._back_ns) // BIN_NS
        if 0 <= place < len(counts):
            counts[place] += 1

    def _look_up(self, client: _Client) -> None:
        client.asleep = False
        self._count(self.lookups)
        if self.heap.now < self._back_ns:
            self._sleep(client)
            return
        if client.ramp_state.began < self._back_ns:
            client.ramp_state = client.ramp.initial(self.heap.now)
        if not client.waiting_for_ramp:
            self._dial(client)

    def _sleep(self, client: _Client) -> None:
        if client.asleep:
            return
        client.asleep = True
        client.sleeping, sleep = client.policy.step(client.sleeping, FAILED, self.heap.now, client.draws)
        self.heap.at(self.heap.now + max(MILLISECOND, sleep), lambda: self._look_up(client))

    def _dial(self, client: _Client) -> None:
        """Dial what is missing, as far as the ramp allows; look again in 100 ms while something is missing."""
        client.waiting_for_ramp = False
        missing = self.settings.pool - client.connections - client.dialling
        if missing <= 0:
            return
        number = missing
        if self.settings.ramp:
            client.ramp_state, allowed = client.ramp.step(client.ramp_state, missing, self.heap.now, client.draws)
            number = int(allowed)
            if number < missing and not client.waiting_for_ramp:
                client.waiting_for_ramp = True
                self.heap.at(self.heap.now + BIN_NS, lambda: self._dial(client))
        for _ in range(number):
            self._knock(client)

    def _knock(self, client: _Client) -> None:
        self._count(self.dials)
        if len(self._door) >= self.settings.backlog:
            self.refused += 1
            self._again(client)
            return
        client.dialling += 1
        self._door.append((self.heap.now, client))
        if not self._busy:
            self._busy = True
            self.heap.at(self.heap.now + round(SECOND / self.settings.accepts_per_s), self._accept)

    def _again(self, client: _Client) -> None:
        if self.settings.budget:
            client.tokens, allowed = self._budget.step(client.tokens, RETRY, self.heap.now, client.draws)
            if not allowed and not client.asleep:
                client.asleep = True
                self.heap.at(self.heap.now + round(4 * self.settings.cap_s * SECOND), lambda: self._look_up(client))
                return
        self._sleep(client)

    def _accept(self) -> None:
        asked, client = self._door.popleft()
        client.dialling -= 1
        if self.heap.now - asked > self.settings.connect_time_out_s * SECOND:
            self.given_up += 1
            self._again(client)
        else:
            self._connect(client)
        self._busy = bool(self._door)
        if self._busy:
            self.heap.at(self.heap.now + round(SECOND / self.settings.accepts_per_s), self._accept)

    def _connect(self, client: _Client) -> None:
        self._count(self.connects)
        client.connections += 1
        client.sleeping = client.policy.initial()
        client.tokens, _ = self._budget.step(client.tokens, SUCCESS, self.heap.now, client.draws)
        if client.connections == 1:
            self._with_one += 1
            if self._with_one == self.settings.clients:
                self.connected_ns = self.heap.now
