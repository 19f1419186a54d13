"""The day host by host: up to ten million droplets as arrays, in ticks of a second, by the same policies as one by one (``one_by_one``).

Every host has a lease, looked after by a state check that comes round. While the record is empty checks fail and leases end; when it is
back the lapsed ones are attempted through one queue. What is waited for longer than the time-out is served for nobody.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.draws import Streams, base_key
from chaoskit.cascade.policies.back_off import FAILED, BackOff
from chaoskit.cascade.policies.back_off import State as Sleeping
from chaoskit.cascade.policies.lease import RENEW, Lease
from chaoskit.cascade.policies.lease import State as Held
from chaoskit.cascade.policies.queue import Offer, Queue
from chaoskit.cascade.policies.queue_throttle import Offer as ThrottleOffer
from chaoskit.cascade.policies.queue_throttle import QueueThrottle
from chaoskit.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 20
"""Seconds of attempts that are looked up at once; a sleep that ends within its own block is over at the block's end."""

CHECK_S = 300
"""A state check a host and "a few minutes" (P): five."""

QUEUE_PER_HOST = 16
"""The queue's bound, in attempts a host; what is refused is counted."""

MOST_ENTRIES = 40_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One draw's numbers, in seconds, and the operators' instants. ``throttle_from_start``: by the queue's length, at once."""

    hosts: int
    lease_s: float
    full_release_s: float
    time_out_s: float
    retry_s: float
    throttle: float
    network_ratio: float
    launch_ratio: float
    record_back_s: float
    throttled_s: float
    relax_delay_s: float
    length_s: int = 15 * 3600
    throttle_from_start: bool = False
    jitter: bool = True

    @property
    def rate_per_s(self) -> float:
        """Leases that the workflow manager can take a second."""
        return self.hosts / self.full_release_s

    def lease(self) -> Lease:
        """The lease policy."""
        return Lease(length_ns=round(self.lease_s * SECOND))

    def back_off(self) -> BackOff:
        """The sleep after a failed attempt, of the same mean with and without jitter."""
        if self.jitter:
            longest = round(self.retry_s * 4 / 3 * SECOND)
            return BackOff(base_ns=longest, cap_ns=longest, jitter="equal")
        fixed = round(self.retry_s * SECOND)
        return BackOff(base_ns=fixed, cap_ns=fixed, jitter="none")

    def queue(self) -> Queue:
        """The queue of attempts."""
        return Queue(limit=min(QUEUE_PER_HOST * self.hosts, MOST_ENTRIES))

    def queue_throttle(self) -> QueueThrottle:
        """Once throttled, only so much may wait as is served within the time-out."""
        most = max(1, math.floor(self.rate_per_s * self.time_out_s * self.throttle_share * 0.9))
        return QueueThrottle(low=most / 2, high=most)

    @property
    def throttle_share(self) -> float:
        """The capacity that is used once work is throttled: all of it when the queue's length throttles from the start."""
        return 1.0 if self.throttle_from_start else self.throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """The fleet at the end of a minute; counts of that minute."""

    held: int
    waiting: int
    attempts: int
    leased: int
    stale: int
    refused: int
    backlog: float
    launches_wanted: float
    launches_done: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetDay:
    """The course of a day. Instants in seconds after the start, None when it did not come within the day."""

    settings: Settings
    minutes: tuple[Minute, ...]
    leases_held_s: int | None
    network_normal_s: int | None
    recovered_s: int | None
    served_for_nobody: int
    refused: int


def play_fleet(settings: Settings, seed: int) -> FleetDay:
    """Play the day; equal settings and seeds give equal days."""
    return _Fleet(settings, seed).play()


class Aftermath:
    """Network and launches, as two queues of counts: the same for the fleet as arrays and one by one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._queue = Queue()
        self.network, self.launches = self._queue.initial(), self._queue.initial()
        self.leases_held_s: int | None = None
        self.normal_s: int | None = None
        self.recovered_s: int | None = None
        self.wanted, self.done = 0.0, 0.0
        self._carry = 0.0

    def tick(self, now: int, held: int) -> None:
        """One second in which ``held`` leases are held."""
        settings = self._settings
        if self.leases_held_s is None and now > settings.record_back_s and held >= settings.hosts * 0.99:
            self.leases_held_s = now
        arriving = settings.hosts * 1e-3 + self._carry  # changes a second: one a host in about 17 minutes
        self._carry = arriving - int(arriving)
        works = self.leases_held_s is not None
        rate = settings.hosts * 1e-3 * (1 + 1 / settings.network_ratio) if works else 0.0
        self.network, _ = self._queue.step(self.network, Offer(int(arriving), rate), 0, _NO_DRAWS)
        if works and self.normal_s is None and self.network.waiting <= rate:
            self.normal_s = now
        relaxed = self.normal_s is not None and now >= self.normal_s + settings.relax_delay_s
        able = settings.hosts * 1e-3 * (1 + 1 / settings.launch_ratio) if relaxed else 0.0
        self.launches, moved = self._queue.step(self.launches, Offer(int(arriving), able), 0, _NO_DRAWS)
        self.wanted += int(arriving)
        self.done += moved.served
        if relaxed and self.recovered_s is None and self.launches.waiting <= able:
            self.recovered_s = now

    def flush(self) -> tuple[float, float]:
        """Launches wanted and done since the last time."""
        counts = self.wanted, self.done
        self.wanted = self.done = 0.0
        return counts


class _NoDraws:
    def random(self) -> float:
        raise AssertionError("a queue of counts draws nothing")


_NO_DRAWS = _NoDraws()


class _Fleet:
    """All hosts as arrays. ``expires`` in nanoseconds; ``next_try`` in seconds, -1 for a host whose lease is held."""

    def __init__(self, settings: Settings, seed: int) -> None:
        import numpy as np

        self.settings, self.number = settings, settings.hosts
        self._lease, self._back_off, self._queue = settings.lease(), settings.back_off(), settings.queue()
        start = Streams(base_key(seed, "lease age"), self.number)
        everyone = np.arange(self.number)
        ages = start.random(everyone) * self._lease.length_ns
        self.expires = ages.astype(np.int64)
        self._sleeps = Streams(base_key(seed, "back-off"), self.number)
        self.next_try = np.full(self.number, -1, dtype=np.int32)
        self.lapsed = np.zeros(self.number, dtype=bool)
        self.lapsed_count = 0
        self._entries: deque[tuple[int, NDArray[Any]]] = deque()
        self._counts = self._queue.initial()
        self._due: list[NDArray[Any]] = [np.zeros(0, dtype=np.int64)] * BLOCK
        self._throttled = settings.throttle_from_start
        self._throttle = settings.queue_throttle()
        self._throttle_state = self._throttle.initial()
        self.attempts = self.leased = self.stale = self.refused = 0
        self.stale_total = self.refused_total = 0

    def play(self) -> FleetDay:
        """Second by second."""
        settings, after, minutes = self.settings, Aftermath(self.settings), []
        for now in range(settings.length_s):
            if now % BLOCK == 0:
                self._look_up(now)
            self._check(now)
            if now == round(settings.throttled_s) and not self._throttled and self.lapsed_count > 0:
                self._restart()
            self._try(now)
            if now >= settings.record_back_s:
                self._serve(now)
            after.tick(now, self.number - self.lapsed_count)
            if now % 60 == 59:
                minutes.append(self._minute(after))
        return FleetDay(
            settings=settings,
            minutes=tuple(minutes),
            leases_held_s=after.leases_held_s,
            network_normal_s=after.normal_s,
            recovered_s=after.recovered_s,
            served_for_nobody=self.stale_total,
            refused=self.refused_total,
        )

    def _minute(self, after: Aftermath) -> Minute:
        asked, done = after.flush()
        minute = Minute(
            held=self.number - self.lapsed_count,
            waiting=int(self._counts.waiting),
            attempts=self.attempts,
            leased=self.leased,
            stale=self.stale,
            refused=self.refused,
            backlog=after.network.waiting,
            launches_wanted=asked,
            launches_done=done,
        )
        self.attempts = self.leased = self.stale = self.refused = 0
        return minute

    def _check(self, now: int) -> None:
        """The state checks of this second: hosts whose number is this second's, in turn. A check renews a lease, or finds it lapsed."""
        import numpy as np

        place = now % CHECK_S
        hosts = slice(place * self.number // CHECK_S, (place + 1) * self.number // CHECK_S)
        expires, lapsed = self.expires[hosts], self.lapsed[hosts]
        at = now * SECOND
        healthy = now >= self.settings.record_back_s
        lapses = (expires <= at) & ~lapsed
        if lapses.any():
            lapsed[lapses] = True
            self.lapsed_count += int(lapses.sum())
            self._sleep(now, np.flatnonzero(lapses) + hosts.start, extra_s=0.0)
        if healthy:
            ends = (expires - at <= CHECK_S * SECOND) & ~lapsed
            if ends.any():
                renewed, _ = self._lease.step_many(
                    Held(expires[ends]), np.full(int(ends.sum()), RENEW), at, self._sleeps
                )
                expires[ends] = renewed.expires

    def _look_up(self, now: int) -> None:
        """Who makes an attempt in each second of the block that begins now."""
        import numpy as np

        self._due = [np.zeros(0, dtype=np.int64)] * BLOCK
        if not self.lapsed_count:
            return
        hosts = np.flatnonzero((self.next_try >= 0) & (self.next_try < now + BLOCK))
        if len(hosts):
            seconds = np.maximum(self.next_try[hosts] - now, 0)
            order = np.argsort(seconds, kind="stable")
            cuts = np.searchsorted(seconds[order], np.arange(1, BLOCK))
            self._due = np.split(hosts[order], cuts)

    def _try(self, now: int) -> None:
        """The attempts of this second: they fail at once while the record is empty, else they queue, or are refused."""
        hosts = self._due[now % BLOCK]
        hosts = hosts[self.lapsed[hosts]] if len(hosts) else hosts
        if not len(hosts):
            return
        self.attempts += len(hosts)
        if now < self.settings.record_back_s:
            self._sleep(now, hosts, extra_s=0.0)
            return
        admitted = len(hosts)
        if self._throttled:
            offer = ThrottleOffer(float(admitted), self._counts.waiting)
            self._throttle_state, allowed = self._throttle.step(self._throttle_state, offer, now * SECOND, _NO_DRAWS)
            admitted = int(allowed)
        self._counts, moved = self._queue.step(self._counts, Offer(admitted, 0.0), now * SECOND, _NO_DRAWS)
        admitted = int(moved.admitted)
        self.refused += len(hosts) - admitted
        self.refused_total += len(hosts) - admitted
        if admitted:
            self._entries.append((now, hosts[:admitted]))
            self._sleep(now, hosts[:admitted], extra_s=self.settings.time_out_s)
        if admitted < len(hosts):
            self._sleep(now, hosts[admitted:], extra_s=0.0)

    def _sleep(self, now: int, hosts: NDArray[Any], extra_s: float) -> None:
        """The next attempt of ``hosts``, after ``extra_s`` and a back-off."""
        import numpy as np

        none = np.zeros(len(hosts), dtype=np.int64)
        state = Sleeping(none, none + self._back_off.base_ns)
        failed = np.full(len(hosts), FAILED)
        _, sleeps = self._back_off.step_many(state, failed, now * SECOND, self._sleeps.of(hosts))
        self.next_try[hosts] = np.maximum(now + 1, np.rint(now + extra_s + sleeps / SECOND)).astype(np.int32)

    def _restart(self) -> None:
        """Hosts of the workflow manager are restarted: what waited is gone, and work is throttled from now on."""
        self._entries.clear()
        self._counts = self._queue.initial()
        self._throttled = True

    def _serve(self, now: int) -> None:
        share = self.settings.throttle_share if self._throttled else 1.0
        offer = Offer(0.0, self.settings.rate_per_s * share)
        self._counts, moved = self._queue.step(self._counts, offer, now * SECOND, _NO_DRAWS)
        left = int(moved.served)
        while left:
            asked, hosts = self._entries[0]
            served = hosts[:left]
            if len(hosts) > left:
                self._entries[0] = (asked, hosts[left:])
            else:
                self._entries.popleft()
            left -= len(served)
            self._answer(now, asked, served)

    def _answer(self, now: int, asked: int, hosts: NDArray[Any]) -> None:
        import numpy as np

        if now - asked > self.settings.time_out_s:
            self.stale += len(hosts)
            self.stale_total += len(hosts)
            return
        hosts = hosts[self.lapsed[hosts]]
        renewed, _ = self._lease.step_many(
            Held(self.expires[hosts]), np.full(len(hosts), RENEW), now * SECOND, self._sleeps
        )
        self.expires[hosts] = renewed.expires
        self.lapsed[hosts] = False
        self.next_try[hosts] = -1
        self.lapsed_count -= len(hosts)
        self.leased += len(hosts)
