"""The day event by event, for a few thousand hosts: each check, attempt and answer by itself, by the scalar form of the same policies.

What the fleet as arrays is held to. Time is continuous here: a tick of a second is the fleet's, not this one's.
"""

from __future__ import annotations

from collections import deque

from chaoskit.cascade.day.fleet import CHECK_S, Aftermath, FleetDay, Minute, Settings
from chaoskit.cascade.draws import Stream, base_key
from chaoskit.cascade.policies.back_off import FAILED
from chaoskit.cascade.policies.lease import ASK, RENEW
from chaoskit.cascade.policies.lease import State as Held
from chaoskit.cascade.policies.queue_throttle import Offer as ThrottleOffer
from chaoskit.cascade.policies.state_check import PASSED, StateCheck
from chaoskit.sim.heap import EventHeap
from chaoskit.units import SECOND


def play_one_by_one(settings: Settings, seed: int) -> FleetDay:
    """Play the day; equal settings and seeds give equal days."""
    return _Workflow(settings, seed).play()


class _Host:
    """One droplet: its lease, and the attempt that it waits for."""

    __slots__ = ("attempt", "draws", "held", "lapsed", "number")

    def __init__(self, number: int, held: Held[int], draws: Stream) -> None:
        self.number, self.held, self.draws = number, held, draws
        self.lapsed, self.attempt = False, 0


class _Workflow:
    """The workflow manager and all of its hosts."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings, self.heap = settings, EventHeap()
        self._lease, self._back_off = settings.lease(), settings.back_off()
        self._check = StateCheck(period_ns=CHECK_S * SECOND, retry_ns=CHECK_S * SECOND, spread=0.0)
        self._throttle = settings.queue_throttle()
        self._throttle_state = self._throttle.initial()
        self._throttled = settings.throttle_from_start
        self._limit = settings.queue().limit or 0
        self._queue: deque[tuple[int, _Host]] = deque()
        self._busy, self._turn = False, 0
        self._after = Aftermath(settings)
        self._lapsed = self._attempts = self._leased = self._stale = self._refused = 0
        self._stale_total = self._refused_total = 0
        self._minutes: list[Minute] = []
        sleeps, ages = base_key(seed, "back-off"), base_key(seed, "lease age")
        for number in range(settings.hosts):
            age = Stream(ages, number).random() * self._lease.length_ns
            host = _Host(number, Held(int(age)), Stream(sleeps, number))
            due = number * CHECK_S * SECOND // settings.hosts
            self.heap.at(due, lambda host=host: self._check_host(host))  # type: ignore[misc]
        self.heap.at(round(settings.throttled_s * SECOND), self._restart)
        self.heap.at(SECOND, self._tick)

    def play(self) -> FleetDay:
        """To the end of the day."""
        self.heap.run(self.settings.length_s * SECOND)
        return FleetDay(
            settings=self.settings,
            minutes=tuple(self._minutes),
            leases_held_s=self._after.leases_held_s,
            network_normal_s=self._after.normal_s,
            recovered_s=self._after.recovered_s,
            served_for_nobody=self._stale_total,
            refused=self._refused_total,
        )

    @property
    def _healthy(self) -> bool:
        return self.heap.now >= self.settings.record_back_s * SECOND

    def _tick(self) -> None:
        now = self.heap.now // SECOND
        held = self.settings.hosts - self._lapsed
        self._after.tick(now, held)
        if now % 60 == 0:
            asked, done = self._after.flush()
            counts = (self._attempts, self._leased, self._stale, self._refused)
            self._minutes.append(
                Minute(
                    held=held,
                    waiting=len(self._queue),
                    attempts=counts[0],
                    leased=counts[1],
                    stale=counts[2],
                    refused=counts[3],
                    backlog=self._after.network.waiting,
                    launches_wanted=asked,
                    launches_done=done,
                )
            )
            self._attempts = self._leased = self._stale = self._refused = 0
        self.heap.at(self.heap.now + SECOND, self._tick)

    def _check_host(self, host: _Host) -> None:
        """A state check: it comes round whatever its outcome; it renews a lease that would end before the next, or finds it lapsed."""
        now = self.heap.now
        _, due = self._check.step(self._check.initial(), PASSED, now, host.draws)
        self.heap.at(due, lambda: self._check_host(host))
        if host.lapsed:
            return
        _, held = self._lease.step(host.held, ASK, now, host.draws)
        if not held:
            host.lapsed = True
            self._lapsed += 1
            self._sleep(host, 0)
        elif self._healthy and host.held.expires - now <= CHECK_S * SECOND:
            host.held, _ = self._lease.step(host.held, RENEW, now, host.draws)

    def _sleep(self, host: _Host, extra_ns: int) -> None:
        """The host's next attempt, unless it has its lease by then."""
        _, sleep = self._back_off.step(self._back_off.initial(), FAILED, self.heap.now, host.draws)
        host.attempt += 1
        attempt = host.attempt
        self.heap.at(self.heap.now + extra_ns + sleep, lambda: self._try(host, attempt))

    def _try(self, host: _Host, attempt: int) -> None:
        if not host.lapsed or host.attempt != attempt:
            return
        self._attempts += 1
        if not self._healthy:
            self._sleep(host, 0)
            return
        admitted = len(self._queue) < self._limit
        if admitted and self._throttled:
            offer = ThrottleOffer(1.0, float(len(self._queue)))
            self._throttle_state, number = self._throttle.step(self._throttle_state, offer, self.heap.now, host.draws)
            admitted = number >= 1
        if not admitted:
            self._refused += 1
            self._refused_total += 1
            self._sleep(host, 0)
            return
        self._queue.append((self.heap.now, host))
        self._sleep(host, round(self.settings.time_out_s * SECOND))
        if not self._busy:
            self._serve_later()

    def _restart(self) -> None:
        if self._throttled or not self._lapsed:
            return
        self._queue.clear()
        self._throttled = True
        self._busy = False
        self._turn += 1

    def _serve_later(self) -> None:
        share = self.settings.throttle_share if self._throttled else 1.0
        self._busy = True
        turn = self._turn
        after = round(SECOND / (self.settings.rate_per_s * share))
        self.heap.at(self.heap.now + after, lambda: self._answer(turn))

    def _answer(self, turn: int) -> None:
        if turn != self._turn:
            return
        asked, host = self._queue.popleft()
        self._busy = False
        if self.heap.now - asked > self.settings.time_out_s * SECOND:
            self._stale += 1
            self._stale_total += 1
        elif host.lapsed:
            host.held, _ = self._lease.step(host.held, RENEW, self.heap.now, host.draws)
            host.lapsed = False
            self._lapsed -= 1
            self._leased += 1
        if self._queue:
            self._serve_later()
