"""A client that keeps a back-off policy, in virtual time: calls on a grid, tries, sleeps and one shared quota."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.sim.backoff import BackOff, Trouble
from chaoskit.sim.heap import EventHeap


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """From ``start`` until before ``end`` every try that begins fails with ``trouble`` after ``failing_ns``; others take ``healthy_ns``."""

    start: Instant
    end: Instant
    trouble: Trouble
    failing_ns: int
    healthy_ns: int

    def try_at(self, at: Instant) -> tuple[Trouble | None, int]:
        """What a try that begins at ``at`` meets, None for success, and how long it takes."""
        return (self.trouble, self.failing_ns) if self.start <= at < self.end else (None, self.healthy_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCall:
    """One call as it would be: ``sleeps`` between its tries in nanoseconds, and whether the quota ended it early."""

    started: Instant
    finished: Instant
    ok: bool
    attempts: int
    sleeps: tuple[int, ...]
    out_of_quota: bool

    @property
    def elapsed_ns(self) -> int:
        """How long the application waits."""
        return self.finished - self.started


def simulate(
    policy: BackOff, outage: Outage, *, every: int, ends: Instant, rng: random.Random
) -> tuple[SimulatedCall, ...]:
    """The calls of one client that calls every ``every`` ns from 0 until before ``ends``; what falls due during a call is skipped.

    All in nanoseconds of virtual time; equal inputs give equal calls.
    """
    return _Client(policy, outage, every, ends, rng).calls()


class _Client:
    def __init__(self, policy: BackOff, outage: Outage, every: int, ends: Instant, rng: random.Random) -> None:
        self._policy, self._outage, self._every, self._ends, self._rng = policy, outage, every, ends, rng
        self._tokens = policy.quota.capacity if policy.quota else 0
        self._heap = EventHeap()
        self._made: list[SimulatedCall] = []

    def calls(self) -> tuple[SimulatedCall, ...]:
        self._heap.at(0, self._call)
        self._heap.run()
        return tuple(self._made)

    def _call(self) -> None:
        if self._heap.now < self._ends:
            _Call(self._heap, self._policy, self._outage, self._rng, self._pay, self._done).begin()

    def _pay(self, trouble: Trouble) -> int | None:
        """Take a retry's tokens: how many, or None when there are too few."""
        if self._policy.quota is None:
            return 0
        price = self._policy.quota.price(trouble)
        if price > self._tokens:
            return None
        self._tokens -= price
        return price

    def _done(self, call: SimulatedCall, last_price: int | None) -> None:
        if call.ok and (quota := self._policy.quota):
            back = quota.refund if last_price is None else last_price
            self._tokens = min(quota.capacity, self._tokens + back)
        self._made.append(call)
        following = -(-(max(call.finished, call.started + 1)) // self._every) * self._every
        self._heap.at(following, self._call)


class _Call:
    def __init__(
        self,
        heap: EventHeap,
        policy: BackOff,
        outage: Outage,
        rng: random.Random,
        pay: Callable[[Trouble], int | None],
        done: Callable[[SimulatedCall, int | None], None],
    ) -> None:
        self._heap, self._policy, self._outage, self._rng, self._pay, self._done = heap, policy, outage, rng, pay, done
        self._started = heap.now
        self._sleeps: list[int] = []
        self._last_price: int | None = None

    def begin(self) -> None:
        trouble, takes = self._outage.try_at(self._heap.now)
        self._heap.at(self._heap.now + takes, lambda: self._end(trouble))

    def _end(self, trouble: Trouble | None) -> None:
        retry = len(self._sleeps) + 1
        if trouble is None or retry >= self._policy.tries(trouble):
            self._finish(ok=trouble is None, out_of_quota=False)
            return
        price = self._pay(trouble)
        if price is None:
            self._finish(ok=False, out_of_quota=True)
            return
        self._last_price = price
        self._sleeps.append(self._policy.sleep(retry, self._rng))
        self._heap.at(self._heap.now + self._sleeps[-1], self.begin)

    def _finish(self, *, ok: bool, out_of_quota: bool) -> None:
        call = SimulatedCall(
            started=self._started,
            finished=self._heap.now,
            ok=ok,
            attempts=len(self._sleeps) + 1,
            sleeps=tuple(self._sleeps),
            out_of_quota=out_of_quota,
        )
        self._done(call, self._last_price)
