"""A system as a fluid, for thousands of settings at once: rates instead of single calls, one array element a setting (a *cell*).

Per step each service admits what arrives, serves what its capacity allows, and tells from what waits, and from the outage's known end, how
long work that arrives now will take. Of the tries that arrive now the share that ends in time is good; the others come back after their
time-out and back-off. The wait for ``n`` pieces of exponential work varies, so that share is a normal approximation of the Erlang law. With
``noise``, arrivals and served work are Poisson numbers instead of their means. What a call further down takes is taken as it is now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.policies.back_off import BackOff
from chaoskit.cascade.system.model import USERS, Call, Service, System
from chaoskit.units import SECOND

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Cells = NDArray[Any]

GOOD_SHARE = 0.95
"""A system is well while at least this share of the load is answered well."""

_LOGISTIC = 1.702  # the logistic function that lies nearest to the normal distribution's
_TAPS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of every cell. ``lag_s``: from the outage's end to the last moment that was not well (0 or more).

    ``well``: it was well at the end. ``drift``: how much the work under way grew, as a share, over the last fifth of the time, and
    ``good_share`` of the fresh calls of that time ended well.
    """

    lag_s: Cells
    well: Cells
    drift: Cells
    good_share: Cells
    waiting: Cells
    retrying: Cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """All cells at one instant: rates a second at the bottleneck, ``waiting`` in it, ``retrying`` calls of the whole system."""

    at_s: float
    good: Cells
    offered: Cells
    waiting: Cells
    retrying: Cells


def step_s(system: System) -> float:
    """A step that is short against every time-out, in seconds."""
    return min(call.timeout_ns for _, call in system.edges()) / SECOND / 8


class _Edge:
    """One kind of call in every cell: its retries on their way back, and its budget."""

    def __init__(self, call: Call, caller: str, cells: int, dt: float) -> None:
        import numpy as np

        self.call, self.caller = call, caller
        self.timeout_s = call.timeout_ns / SECOND
        self.levels = call.tries
        self._slow = [_steps(self.timeout_s, call.back_off, retry, dt) for retry in range(1, call.tries)]
        self._quick = [_steps(0.0, call.back_off, retry, dt) for retry in range(1, call.tries)]
        length = max((steps for taps in self._slow for steps in taps), default=0) + 2
        self._ring = np.zeros((max(0, call.tries - 1), length, cells))
        self._budget = np.full(cells, call.budget.capacity) if call.budget else None
        self.retrying: Cells = np.zeros(cells)
        self.fresh: Cells = np.zeros(cells)
        self.offered: list[Cells] = []
        self.total: Cells = np.zeros(cells)
        self.call_ok: Cells = np.ones(cells)
        self.quick_end: Cells = np.zeros(cells)  # of the calls that fail in the end, the share that fails at once
        self.call_s: Cells = np.zeros(cells)

    def offer(self, now: int) -> Cells:
        """What arrives in this step, fresh and again."""
        import numpy as np

        due = [self._ring[level][now % self._ring.shape[1]] for level in range(self.levels - 1)]
        if due:
            again = np.sum(due, axis=0)
            self.retrying -= again
            if self._budget is not None:
                allowed = np.minimum(again, self._budget)
                self._budget -= allowed
                share = np.where(again > 0, allowed / np.maximum(again, 1e-12), 0.0)
                due = [level * share for level in due]
        self.offered = [self.fresh, *(level.copy() for level in due)]
        for level in due:
            level[:] = 0.0
        if self.levels > 1:
            self._ring[:, now % self._ring.shape[1]] = 0.0
        self.total = np.sum(self.offered, axis=0)
        return self.total

    def settle(self, now: int, ok: Cells, slow: Cells, latency_s: Cells) -> Cells:
        """Of what arrived now the share ``ok`` ends well, ``slow`` times out, the rest fails at once. Returns the good rate."""
        import numpy as np

        quick = 1.0 - ok - slow
        for level in range(self.levels - 1):
            fails_slowly, fails_quickly = self.offered[level] * slow, self.offered[level] * quick
            for fails, taps in ((fails_slowly, self._slow[level]), (fails_quickly, self._quick[level])):
                for steps in taps:
                    self._ring[level][(now + steps) % self._ring.shape[1]] += fails / len(taps)
            self.retrying += fails_slowly + fails_quickly
        good = self.total * ok
        if self._budget is not None and self.call.budget:
            self._budget = np.minimum(self.call.budget.capacity, self._budget + self.call.budget.earn * good)
        self.quick_end = (quick / np.maximum(1.0 - ok, 1e-12)) ** self.levels
        self.call_ok = 1.0 - (1.0 - ok) ** self.levels
        self.call_s = latency_s + (1.0 - ok) * self.timeout_s * (self.levels > 1)
        return good

    def seed(self, retrying: Cells) -> None:
        """Let so many first retries be on their way, spread evenly over the time that they take."""
        if self.levels > 1:
            steps = self._slow[0][-1]
            self._ring[0][1 : steps + 1] = retrying / steps
            self.retrying = self.retrying + retrying


def _steps(before_s: float, back_off: BackOff, retry: int, dt: float) -> tuple[int, ...]:
    """After how many steps retry number ``retry`` comes, at a few places spread over its jitter."""
    longest = min(back_off.cap_ns, back_off.base_ns * 2.0 ** (back_off.first + retry - 1)) / SECOND
    low, high = {
        "zero": (0.0, 0.0),
        "none": (longest, longest),
        "equal": (longest / 2, longest),
        "full": (0.0, longest),
        "decorrelated": (back_off.base_ns / SECOND, min(back_off.cap_ns, back_off.base_ns * 3.0**retry) / SECOND),
    }[back_off.jitter]
    taps = 1 if low == high else _TAPS
    waits = [before_s + low + (high - low) * (tap + 0.5) / taps for tap in range(taps)]
    return tuple(max(1, round(wait / dt)) for wait in waits)


class _Station:
    """One service in every cell."""

    def __init__(self, service: Service, cells: int) -> None:
        import numpy as np

        self.service = service
        self.waiting: Cells = np.zeros(cells)
        self.served: Cells = np.zeros(cells)
        self.refused: Cells = np.zeros(cells)
        self.late: Cells = np.zeros(cells)
        self.wait_s: Cells = np.zeros(cells)
        self.spread_s: Cells = np.zeros(cells)
        self.latency_s: Cells = np.zeros(cells)


class Fluid:
    """All cells of one system, from a healthy start; the outage begins at 0.

    ``load_per_s`` and ``outage_s`` are arrays of equal length. ``noise`` seeds Poisson numbers; None is none.
    """

    def __init__(
        self, system: System, load_per_s: Cells, outage_s: Cells, *, noise: int | None = None, dt: float | None = None
    ) -> None:
        import numpy as np

        cells = len(load_per_s)
        self.system, self.load, self.outage_s = system, load_per_s, outage_s
        self.dt = dt or step_s(system)
        self.order = system.order()
        self.stations = {service.name: _Station(service, cells) for service in self.order}
        self.edges = [_Edge(call, caller, cells, self.dt) for caller, call in system.edges()]
        self.into = {name: [edge for edge in self.edges if edge.call.to == name] for name in self.stations}
        self.from_ = {name: [edge for edge in self.edges if edge.caller == name] for name in (USERS, *self.stations)}
        self.noise: np.random.Generator | None = None if noise is None else np.random.default_rng(noise)
        self.good: Cells = np.zeros(cells)
        self.now = 0

    def step(self) -> None:
        """One step of all cells."""
        import numpy as np

        at = self.now * self.dt
        left = np.maximum(0.0, self.outage_s - at)
        broken = left > 0
        outage = self.system.outage
        fresh = self.load * np.where(broken, outage.load_times, 1.0) * self.dt
        self.from_[USERS][0].fresh = self._noisy(fresh)
        for service in self.order:
            share = outage.capacity_left if service.name == outage.service else 1.0
            self._admit(self.stations[service.name], left if share != 1.0 else np.zeros_like(left), share)
        for service in reversed(self.order):
            self._settle(self.stations[service.name])
        self.now += 1

    def _noisy(self, mean: Cells) -> Cells:
        return mean if self.noise is None else self.noise.poisson(mean).astype(float)

    def _admit(self, station: _Station, left: Cells, share: float) -> None:
        import numpy as np

        service, dt = station.service, self.dt
        arriving = np.sum([edge.offer(self.now) for edge in self.into[service.name]], axis=0)
        rate = service.capacity_per_s
        during = np.minimum(left, dt) / dt
        able = self._noisy(np.broadcast_to(rate * dt * (share * during + 1.0 - during), arriving.shape))
        refused = np.zeros_like(arriving)
        if service.shedding:
            marks = service.shedding
            shed = np.clip((station.waiting - marks.low) / (marks.high - marks.low), 0.0, 1.0)
            refused = arriving * shed
        admitted = arriving - refused
        if service.queue is not None:
            room = np.maximum(0.0, service.queue - station.waiting + able)
            beyond = np.maximum(0.0, admitted - room)
            refused, admitted = refused + beyond, admitted - beyond
        ahead = station.waiting + admitted / 2
        late = np.zeros_like(arriving)
        timeout = max(edge.timeout_s for edge in self.into[service.name])
        if service.order == "lifo":
            late = np.maximum(0.0, admitted - able)
            ahead = np.zeros_like(arriving)
        if service.drops_abandoned:
            alive = rate * (share * np.minimum(left, timeout) + np.maximum(0.0, timeout - left))
            late = np.maximum(late, np.minimum(admitted, np.maximum(0.0, station.waiting + admitted - alive)))
            admitted = admitted - late
        served = np.minimum(station.waiting + admitted, able)
        station.waiting = station.waiting + admitted - served
        station.served = served
        safe = np.maximum(arriving, 1e-12)
        station.refused, station.late = refused / safe, late / safe
        station.wait_s = _wait(ahead, rate, share, left)
        pieces = np.where(service.law == "exponential", ahead + 1.0, 0.25)
        station.spread_s = np.sqrt(pieces) / rate
        for edge in self.from_[service.name]:
            edge.fresh = served

    def _settle(self, station: _Station) -> None:
        import numpy as np

        below = self.from_[station.service.name]
        beneath = np.max([edge.call_s for edge in below], axis=0) if below else 0.0
        well_below = np.prod([edge.call_ok for edge in below], axis=0) if below else 1.0
        quick_below = np.max([edge.quick_end for edge in below], axis=0) if below else 0.0
        own_s = station.wait_s + 1.0 / station.service.capacity_per_s
        station.latency_s = own_s + beneath
        accepted = np.maximum(0.0, 1.0 - station.refused - station.late)
        for edge in self.into[station.service.name]:
            ok = accepted * _in_time(edge.timeout_s, station.latency_s, station.spread_s) * well_below
            quick = station.refused
            if below:
                heard = _in_time(edge.timeout_s, own_s, station.spread_s)
                quick = quick + np.minimum(accepted * heard * (1.0 - well_below) * quick_below, accepted - ok)
            slow = np.maximum(0.0, 1.0 - ok - quick)
            good = edge.settle(self.now, ok, slow, station.latency_s)
            if edge.caller == USERS:
                self.good = good / self.dt

    def run(self, until_s: float, samples: int = 0) -> tuple[Outcome, list[Sample]]:
        """Play until ``until_s``; ``samples`` of the course are kept, at even distances."""
        import numpy as np

        steps = int(np.ceil(until_s / self.dt))
        smooth = min(1.0, self.dt / (self.system.longest_timeout_ns() / SECOND))
        mean = self.load.astype(float)
        bad_until = np.zeros(len(self.load))
        before = np.zeros(len(self.load))
        good, fresh = np.zeros(len(self.load)), np.full(len(self.load), 1e-12)
        keep = max(1, steps // samples) if samples else 0
        course: list[Sample] = []
        while self.now < steps:
            if keep and self.now % keep == 0:
                course.append(self.sample())
            if self.now == steps * 4 // 5:
                before = self.work_under_way()
            self.step()
            if self.now > steps * 4 // 5:
                good += self.good * self.dt
                fresh += self.from_[USERS][0].fresh
            mean += smooth * (self.good - mean)
            bad_until = np.where(mean < GOOD_SHARE * self.load, self.now * self.dt, bad_until)
        after = self.work_under_way()
        return Outcome(
            lag_s=np.maximum(0.0, bad_until - self.outage_s),
            well=mean >= GOOD_SHARE * self.load,
            good_share=good / fresh,
            drift=(after - before) / np.maximum(before, 1.0),
            waiting=np.sum([station.waiting for station in self.stations.values()], axis=0),
            retrying=self.retrying(),
        ), course

    def retrying(self) -> Cells:
        """Retries on their way back, of all calls."""
        import numpy as np

        total: Cells = np.sum([edge.retrying for edge in self.edges], axis=0)
        return total

    def work_under_way(self) -> Cells:
        """What waits, and what will come back."""
        total: Cells = sum((station.waiting for station in self.stations.values()), self.retrying())
        return total

    def sample(self) -> Sample:
        """The cells as they are now."""
        import numpy as np

        name = self.system.bottleneck()
        offered: Cells = np.sum([edge.total for edge in self.into[name]], axis=0) / self.dt
        return Sample(
            at_s=self.now * self.dt,
            good=self.good.copy(),
            offered=offered,
            waiting=self.stations[name].waiting.copy(),
            retrying=self.retrying(),
        )


def _in_time(timeout_s: float, latency_s: Cells, spread_s: Cells) -> Cells:
    """The share of tries whose latency is below the time-out, when it varies by ``spread_s``."""
    import numpy as np

    with np.errstate(over="ignore"):
        share: Cells = 1.0 / (1.0 + np.exp(-_LOGISTIC * (timeout_s - latency_s) / spread_s))
    return share


def _wait(ahead: Cells, rate: float, share: float, left: Cells) -> Cells:
    """How long ``ahead`` pieces take at ``rate``, while for ``left`` seconds only ``share`` of it is there."""
    import numpy as np

    if share == 0.0:
        return left + ahead / rate
    in_outage = rate * share * left
    waits: Cells = np.where(ahead <= in_outage, ahead / (rate * share), left + (ahead - in_outage) / rate)
    return waits
