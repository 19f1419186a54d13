"""A system of one service as a continuous-time Markov chain over (waiting, outstanding retries), exact where the queue is small.

After Alvaro, Isaacs, Majumdar and others (arXiv 2510.03551): states are the length of the queue and the calls that will be tried again, and
metastability is seen in the vector field of their drift, in escape chances and in recovery times. Three assumptions are the chain's, and
the simulation does not make them. A try that finds ``q`` waiting times out with the chance that ``q`` + 1 exponential services outlast the
time-out (a Poisson sum); it leaves its work in the queue and becomes an outstanding retry. That comes back after an exponential time whose
mean is time-out plus back-off. With more than two tries a failed retry is tried again with the chance (tries - 2) / (tries - 1), so that
their mean number is right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.policies.back_off import BackOff
from chaoskit.cascade.system.model import System
from chaoskit.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_WAITING = 120
"""Longer queues are not asked of the chain: it would take more than a few seconds."""


def unfit(system: System) -> str:
    """Why the chain cannot be asked about ``system``; empty where it can."""
    if len(system.services) != 1:
        return f"it has {len(system.services)} services, and the chain is of one"
    (service,) = system.services.values()
    if service.queue is None or service.queue > MOST_WAITING:
        limit = "without a limit" if service.queue is None else f"of {service.queue}"
        return f"its queue is {limit}, and the chain is exact for at most {MOST_WAITING} waiting"
    reasons = {
        "its service times are constant": service.law != "exponential",
        "its queue is not first in, first out": service.order != "fifo",
        "it drops abandoned work": service.drops_abandoned,
        "it sheds load": service.shedding is not None,
        "its callers have a retry budget": system.callers.budget is not None,
        "its outage raises the load": system.outage.load_times != 1,
    }
    return "; ".join(reason for reason, holds in reasons.items() if holds)


def mean_sleep_s(back_off: BackOff, retry: int) -> float:
    """The mean sleep before retry ``retry``."""
    longest = min(back_off.cap_ns, back_off.base_ns * 2.0 ** (back_off.first + retry - 1)) / SECOND
    base = back_off.base_ns / SECOND
    decorrelated = (base + min(back_off.cap_ns / SECOND, base * 3.0**retry)) / 2
    share = {"zero": 0.0, "none": 1.0, "equal": 0.75, "full": 0.5, "decorrelated": decorrelated / longest}
    return longest * share[back_off.jitter]


@dataclass(frozen=True, slots=True)
class Rates:
    """The chain's numbers: arrivals, service and the return of one outstanding retry, a second; ``late`` by what waits."""

    arrivals: float
    service: float
    comes_back: float
    again: float
    late: NDArray[Any]
    most_retries: int


def rates_of(system: System, load_per_s: float) -> Rates:
    """Raises ``ValueError`` for a system that the chain cannot describe (``unfit``)."""
    import numpy as np

    if reason := unfit(system):
        raise ValueError(reason)
    (service,) = system.services.values()
    call, limit = system.callers, service.queue or 0
    timeout_s = call.timeout_ns / SECOND
    mean = service.capacity_per_s * timeout_s
    terms = np.cumsum([math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(limit + 1)])
    sleep = mean_sleep_s(call.back_off, 1)
    retries = call.tries - 1
    most = math.ceil(3 * load_per_s * max(1, retries) * (timeout_s + sleep)) + 10
    return Rates(
        arrivals=load_per_s,
        service=service.capacity_per_s,
        comes_back=1 / (timeout_s + sleep),
        again=(retries - 1) / retries if retries else 0.0,
        late=np.minimum(1.0, terms),
        most_retries=min(most, 2 * MOST_WAITING) if retries else 0,
    )


class Chain:
    """The chain at one load. Its arrays are indexed [waiting, retries]; piled-up retries beyond the most are lost (``most_retries``)."""

    def __init__(self, system: System, load_per_s: float) -> None:
        import numpy as np

        self.rates = rates_of(system, load_per_s)
        self.retries = system.callers.tries > 1
        rates = self.rates
        late = rates.late[:, None]
        orbit = np.arange(rates.most_retries + 1)[None, :]
        full = np.zeros_like(late)
        full[-1] = 1.0
        back = rates.comes_back * orbit
        arrive = rates.arrivals * np.ones_like(orbit)
        fails = np.where(full > 0, 1.0, late)
        self.changes = {  # (change of waiting, change of retries): rate in each state
            (1, 0): arrive * (1 - late) * (1 - full) + back * late * rates.again * (1 - full),
            (1, 1): arrive * late * (1 - full) * self.retries,
            (1, -1): back * (1 - late * rates.again) * (1 - full),
            (0, 1): arrive * full * self.retries,
            (0, -1): back * full * (1 - rates.again),
        }
        if not self.retries:
            self.changes[1, 0] = arrive * (1 - full)
        self.fails = fails * np.ones_like(orbit)
        self.serve = rates.service * np.ones_like(self.fails)
        self.serve[0] = 0.0
        self._drop_impossible()

    def _drop_impossible(self) -> None:
        for (_, retries), rate in self.changes.items():
            if retries > 0:
                rate[:, -1] = 0.0

    def flows(self, serving: float = 1.0) -> dict[tuple[int, int], NDArray[Any]]:
        """Every transition's rate, with the share ``serving`` of the capacity."""
        return {**self.changes, (-1, 0): self.serve * serving}

    def drift(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The vector field: mean change of waiting and of retries, a second, in each state."""
        flows = self.flows()
        waiting = sum(change * rate for (change, _), rate in flows.items())
        retries = sum(change * rate for (_, change), rate in flows.items())
        return waiting, retries  # type: ignore[return-value]

    def after(self, start: NDArray[Any], seconds: float, serving: float = 1.0) -> NDArray[Any]:
        """The distribution ``seconds`` after ``start``, by uniformisation (exact to 1e-9)."""
        import numpy as np

        flows = self.flows(serving)
        out = np.sum(list(flows.values()), axis=0)
        fastest = float(out.max())
        mean = fastest * seconds
        current, total = start.copy(), np.zeros_like(start)
        logarithm, spent, jump = -mean, 0.0, 0
        while spent < 1 - 1e-9 and jump < mean + 12 * math.sqrt(mean) + 30:
            weight = math.exp(logarithm)
            total += weight * current
            spent += weight
            jump += 1
            logarithm += math.log(mean) - math.log(jump)
            moved = current * (1 - out / fastest)
            for (waiting, retries), rate in flows.items():
                moved += _moved(current * rate / fastest, waiting, retries)
            current = moved
        distribution: NDArray[Any] = total / total.sum()
        return distribution

    def healthy(self) -> NDArray[Any]:
        """States in which a try is in time and nearly nobody retries: the goal of a recovery."""
        import numpy as np

        waiting = np.flatnonzero(self.rates.late < 0.05)
        low = max(1.0, 0.05 * self.rates.most_retries)
        goal = np.zeros_like(self.fails, dtype=bool)
        goal[: max(1, len(waiting) // 2 + 1), : int(low) + 1] = True
        return goal

    def collapsed(self) -> NDArray[Any]:
        """States in which at least 19 in 20 tries are late."""
        late: NDArray[Any] = self.fails > 0.95
        return late

    def hitting(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """(escape, recovery): from each state, the chance to be healthy before it collapses, and the mean seconds until it is healthy."""
        import numpy as np

        goal, lost = self.healthy(), self.collapsed()
        escape = self._solve(goal | lost, np.where(goal, 1.0, 0.0), 0.0)
        recovery = self._solve(goal, np.zeros_like(self.fails), 1.0)
        return escape, recovery

    def _solve(self, fixed: NDArray[Any], value: NDArray[Any], cost: float) -> NDArray[Any]:
        """``u`` = ``value`` where ``fixed``, else generator(u) = -``cost``: a block-tridiagonal system, a block a length of the queue."""
        import numpy as np

        flows = self.flows()
        out = np.sum(list(flows.values()), axis=0)
        lengths, orbit = self.fails.shape
        up: list[NDArray[Any]] = []
        right: list[NDArray[Any]] = []
        for q in range(lengths):
            free = ~fixed[q]
            blocks = {change: np.zeros((orbit, orbit)) for change in (-1, 0, 1)}
            for (waiting, retries), rate in flows.items():
                rows = np.flatnonzero(free & (rate[q] > 0))
                blocks[waiting][rows, rows + retries] += rate[q, rows]
            blocks[0][np.arange(orbit), np.arange(orbit)] -= np.where(free, out[q], 1.0)
            target = np.where(free, -cost, -value[q])
            if q:
                blocks[0] = blocks[0] + blocks[-1] @ up[-1]
                target = target - blocks[-1] @ right[-1]
            solved = np.linalg.solve(blocks[0], np.column_stack([-blocks[1], target]))
            up.append(solved[:, :-1])
            right.append(solved[:, -1])
        columns = [right[-1]]
        for q in range(lengths - 2, -1, -1):
            columns.append(up[q] @ columns[-1] + right[q])
        return np.array(columns[::-1])


def _moved(mass: NDArray[Any], waiting: int, retries: int) -> NDArray[Any]:
    """``mass`` shifted; what leaves the grid has no rate there."""
    import numpy as np

    shifted = np.zeros_like(mass)
    lengths, orbit = mass.shape
    to = (slice(max(0, waiting), lengths + min(0, waiting)), slice(max(0, retries), orbit + min(0, retries)))
    source = (slice(max(0, -waiting), lengths - max(0, waiting)), slice(max(0, -retries), orbit - max(0, retries)))
    shifted[to] = mass[source]
    return shifted
