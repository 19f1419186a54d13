"""What keeps a collapse alive, and which single change ends it: every change of a list tried on the system, one at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum

from chaoskit.cascade.map.grid import Fate, fates
from chaoskit.cascade.policies.back_off import BackOff
from chaoskit.cascade.policies.retry_budget import RetryBudget
from chaoskit.cascade.system.model import USERS, Call, Service, System
from chaoskit.units import SECOND, format_duration


class Cost(IntEnum):
    """What a change takes, the cheapest first: the order is ours."""

    CALLER_SETTING = 1
    SERVICE_SETTING = 2
    CODE = 3
    MACHINES = 4


COST_WORDS = {
    Cost.CALLER_SETTING: "a number in the caller",
    Cost.SERVICE_SETTING: "a number in the service",
    Cost.CODE: "new code",
    Cost.MACHINES: "more machines",
}


@dataclass(frozen=True, slots=True)
class Change:
    """``cuts``: the retries of a call (``retry``), the work that waits for callers who have gone (``queue``), or the shortage itself."""

    name: str
    cost: Cost
    cuts: str
    place: str
    system: System


@dataclass(frozen=True, slots=True)
class Trial:
    """What becomes of the system with one change."""

    change: Change
    fate: Fate


@dataclass(frozen=True, slots=True)
class Loop:
    """``retry`` and ``queue`` are the two mechanisms in words, empty where no single change of that kind helps."""

    fate: Fate
    trials: tuple[Trial, ...]
    retry: str
    queue: str

    @property
    def promising(self) -> tuple[Trial, ...]:
        """The changes after which the system recovers, in time or late; cheapest kind first, and in time before late."""
        return tuple(trial for fate in (Fate.RECOVERS, Fate.LATE) for trial in self.trials if trial.fate == fate)


def find_loop(system: System, load_per_s: float, outage_s: float) -> Loop:
    """Try every change at one load and outage. Where the system recovers anyway there is nothing to cut."""
    fate = _fate(system, load_per_s, outage_s)
    if fate != Fate.NEVER:
        return Loop(fate, (), "", "")
    changes = [change for make in (_caller_changes, _service_changes) for change in make(system)]
    trials = [Trial(change, _fate(change.system, load_per_s, outage_s)) for change in changes]
    trials += _least_capacity(system, load_per_s, outage_s)
    trials.sort(key=lambda trial: trial.change.cost)

    def words(kind: str) -> str:
        helped = [t for t in trials if t.change.cuts == kind and t.fate != Fate.NEVER]
        return helped[0].change.place if helped else ""

    return Loop(fate, tuple(trials), words("retry"), words("queue"))


def _fate(system: System, load_per_s: float, outage_s: float) -> Fate:
    import numpy as np

    return Fate(int(fates(system, np.array([load_per_s]), np.array([outage_s]))[0]))


def _caller_changes(system: System) -> list[Change]:
    changes = []
    for caller, call in system.edges():
        if call.tries == 1:
            continue
        who = "the callers" if caller == USERS else caller
        give_up = format_duration(call.timeout_ns)
        place = f"{who} give up on {call.to} after {give_up} and try again (right alone: it hides a lost answer)"
        if caller != USERS:
            place = place.replace("give", "gives", 1).replace("try", "tries", 1)
        mean = call.timeout_ns * 9
        slow = BackOff(base_ns=mean, cap_ns=mean, jitter="equal")
        variants: list[tuple[str, Cost, Call]] = [
            (f"{who} → {call.to}: no retries", Cost.CALLER_SETTING, replace(call, tries=1)),
            (
                f"{who} → {call.to}: sleep about {format_duration(mean)} before a retry",
                Cost.CALLER_SETTING,
                replace(call, back_off=slow),
            ),
            (
                f"{who} → {call.to}: time-out {format_duration(call.timeout_ns * 4)}",
                Cost.CALLER_SETTING,
                replace(call, timeout_ns=call.timeout_ns * 4),
            ),
            (
                f"{who} → {call.to}: a retry budget, one for ten successes",
                Cost.CODE,
                replace(call, budget=RetryBudget(earn=0.1)),
            ),
        ]
        changes += [
            Change(name, cost, "retry", place, system.with_call(caller, variant))
            for name, cost, variant in variants
            if variant.budget is None or call.budget is None
        ]
    return changes


def _service_changes(system: System) -> list[Change]:
    changes = []
    for service in system.order():
        timeout_s = min(call.timeout_ns for _, call in system.edges() if call.to == service.name) / SECOND
        short = max(1, math.floor(service.capacity_per_s * timeout_s / 2))
        place = f"{service.name} works off what waits in order, for callers who have gone too (right alone: it loses no work)"
        variants: list[tuple[str, Cost, Service]] = []
        if service.queue is None or service.queue > short:
            name = f"{service.name}: a queue of at most {short}, half of what it serves within the time-out"
            variants.append((name, Cost.SERVICE_SETTING, replace(service, queue=short)))
        if service.order == "fifo":
            variants.append((f"{service.name}: newest first", Cost.SERVICE_SETTING, replace(service, order="lifo")))
        if not service.drops_abandoned:
            name = f"{service.name}: drop work whose caller has gone (deadline propagation)"
            variants.append((name, Cost.CODE, replace(service, drops_abandoned=True)))
        changes += [
            Change(name, cost, "queue", place, system.with_service(variant)) for name, cost, variant in variants
        ]
    return changes


def _least_capacity(system: System, load_per_s: float, outage_s: float) -> list[Trial]:
    """The least capacity of the bottleneck, up to eight times its own, with which the system recovers; found by bisection."""
    service = system.services[system.bottleneck()]

    def with_times(times: float) -> System:
        return system.with_service(replace(service, capacity_per_s=service.capacity_per_s * times))

    low, high = 1.0, 8.0
    if _fate(with_times(high), load_per_s, outage_s) == Fate.NEVER:
        change = Change(f"{service.name}: 8 × the capacity", Cost.MACHINES, "capacity", "", with_times(high))
        return [Trial(change, Fate.NEVER)]
    while high / low > 1.02:
        middle = math.sqrt(low * high)
        if _fate(with_times(middle), load_per_s, outage_s) == Fate.NEVER:
            low = middle
        else:
            high = middle
    name = f"{service.name}: {high:.2f} × the capacity"
    change = Change(name, Cost.MACHINES, "capacity", "", with_times(high))
    return [Trial(change, _fate(change.system, load_per_s, outage_s))]
