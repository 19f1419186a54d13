"""What would have changed the day: each change alone and all together, in every accepted draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from chaoskit.cascade.day.fit import Fit, three
from chaoskit.cascade.day.mechanism import HELD, Actions, Course, collapse, course_of
from chaoskit.cascade.day.plan import DAY_MIN, Day

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind: TypeAlias = Literal["arithmetic", "prediction", "prior"]
"""What a figure rests on: only on what the day pins down; on the mechanism; on a prior that the day says nothing about."""

SURE = 0.95
THRESHOLD_DRAWS = 1000
FASTER_MIN = 30.0
VELOCITY_SHARE = 0.10
PINNED = "a shift of what the day pins down"
WINDOWS = ("DynamoDB", "launches", "load balancers")

Three: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of the day, and what its figures rest on."""

    name: str
    kind: Kind
    because: str
    actions: Actions


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """At 5, 50 and 95 % of the draws: minutes by which launches begin and EC2 recovers earlier, and customer-minutes left of each window.

    ``left`` is a share of the published day's, by the stated load curve; None where the day has none in most draws.
    ``alone``: the share of draws in which the leases recover without a throttle.
    """

    change: Change
    launches_earlier: Three
    recovered_earlier: Three
    left: dict[str, Three | None]
    alone: float
    values: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """``worth``: names in groups; each change of a group beats every one of the groups after it in 95 % of the draws.

    ``retry_threshold``: by what factor the retry period would have had to be longer for the leases to recover alone, sooner or later;
    ``period_threshold``: time-out and retry at that point, as a share of the re-lease time of what had lapsed.
    """

    fit: Fit
    base: Course
    effects: tuple[Effect, ...]
    worth: tuple[tuple[str, ...], ...]
    retry_threshold: Three
    period_threshold: Three
    elasticities: dict[str, Three]


def changes_of(day: Day) -> list[Change]:
    """Every change, alone; then together."""
    base = Actions.published(day)
    recovery = replace(
        base,
        throttle_from_start=True,
        capacity_times=2.0,
        retry_times=10.0,
        lease_times=4.0,
        negative_ttl=1.0,
        velocity_share=VELOCITY_SHARE,
    )
    together = replace(recovery.faster(FASTER_MIN), record_back=0.0, self_repair=True)
    return [
        *_announced(base),
        *_settings(base),
        *_people(base),
        Change(
            name="all but the race and the rollback", kind="prior", because="holds every prior above", actions=recovery
        ),
        Change(name="all together", kind="arithmetic", because="no empty record", actions=together),
    ]


def _announced(base: Actions) -> list[Change]:
    """What Amazon announced, and the rollback."""
    return [
        Change(
            name="the race is fixed",
            kind="arithmetic",
            because="no empty record",
            actions=replace(base, record_back=0.0),
        ),
        Change(
            name="the rollback tolerates nothing",
            kind="prior",
            because="how soon the automation's next pass repairs the record is a prior",
            actions=replace(base, self_repair=True),
        ),
        Change(
            name="velocity control",
            kind="prior",
            because="at most 10 % of a load balancer's capacity goes at once; its utilisation is a prior",
            actions=replace(base, velocity_share=VELOCITY_SHARE),
        ),
        Change(
            name="throttle by queue length",
            kind="arithmetic",
            because=f"{PINNED}: no work waits for attempts that were given up, so the leases drain at full capacity",
            actions=replace(base, throttle_from_start=True),
        ),
    ]


def _settings(base: Actions) -> list[Change]:
    """Numbers of the system."""
    return [
        Change(
            name="twice the recovery capacity",
            kind="prior",
            because="the queue is served faster; whether that prevents the collapse depends on retry and time-out",
            actions=replace(base, capacity_times=2.0),
        ),
        Change(
            name="retry period × 10",
            kind="prior",
            because="fewer attempts come again; the retry period is a prior, and the threshold below is what can be said",
            actions=replace(base, retry_times=10.0),
        ),
        Change(
            name="jitter of the same mean",
            kind="prediction",
            because="attempts already come evenly over the retry period",
            actions=base,
        ),
        Change(
            name="negative TTL of 60 s",
            kind="arithmetic",
            because="the tail after the record is back is the negative TTL",
            actions=replace(base, negative_ttl=1.0),
        ),
        Change(
            name="leases × 4",
            kind="prior",
            because="fewer leases lapse; the length of a lease is a prior",
            actions=replace(base, lease_times=4.0),
        ),
    ]


def _people(base: Actions) -> list[Change]:
    """Operators half an hour faster."""
    return [
        Change(
            name="the throttle half an hour sooner",
            kind="arithmetic",
            because=PINNED,
            actions=replace(base, throttle_delay=base.throttle_delay - FASTER_MIN),
        ),
        Change(
            name="all operators half an hour faster",
            kind="prior",
            because="the record is back sooner too, and how many leases that saves is a prior",
            actions=base.faster(FASTER_MIN),
        ),
    ]


def table_of(fit: Fit) -> Table:
    """The table of every change in every accepted draw."""
    base_actions = Actions.published(fit.day)
    base = course_of(fit.draws, base_actions)
    before = _customer_minutes(fit.day, base)
    effects = []
    for change in changes_of(fit.day):
        course = course_of(fit.draws, change.actions)
        after = _customer_minutes(fit.day, course)
        earlier = base.network_normal - course.network_normal
        effects.append(
            Effect(
                change=change,
                launches_earlier=three(earlier),
                recovered_earlier=three(base.recovered - course.recovered),
                left={window: _left(after[window], before[window]) for window in WINDOWS},
                alone=float(course.alone.mean()),
                values=earlier,
            )
        )
    times, period = _retry_threshold(fit, base_actions)
    return Table(
        fit=fit,
        base=base,
        effects=tuple(effects),
        worth=_worth(effects),
        retry_threshold=three(times),
        period_threshold=three(period),
        elasticities=_elasticities(fit, base_actions),
    )


def _left(after: NDArray[Any], before: NDArray[Any]) -> Three | None:
    there = before > 0
    if there.mean() < 0.05:
        return None
    return three(after[there] / before[there])


def _customer_minutes(day: Day, course: Course) -> dict[str, NDArray[Any]]:
    """Load × share that fails, summed over the minutes of each window of impact."""
    import numpy as np

    last = int(max(course.recovered.max(), course.nlb_until.max())) + 2
    most = min(last, 60 * DAY_MIN)
    loads = np.array([day.load(minute) for minute in range(most)])
    total = np.concatenate([[0.0], np.cumsum(loads)])

    def between(start: NDArray[Any], end: NDArray[Any]) -> NDArray[Any]:
        places = np.arange(most + 1)
        summed: NDArray[Any] = np.interp(end, places, total) - np.interp(start, places, total)
        return summed

    zero = np.zeros_like(course.record_back)
    return {
        "DynamoDB": between(zero, course.record_back) + between(course.record_back, course.customers_back) / 2,
        "launches": between(zero, course.network_normal) + between(course.network_normal, course.recovered) / 2,
        "load balancers": course.nlb_share * between(course.nlb_from, course.nlb_until),
    }


def _worth(effects: list[Effect]) -> tuple[tuple[str, ...], ...]:
    """Groups by minutes earlier: a new group begins only where everything before beats everything after in 95 % of the draws."""
    singles = [effect for effect in effects if not effect.change.name.startswith("all ")]
    ordered = sorted(singles, key=lambda effect: -effect.launches_earlier[1])
    groups: list[list[Effect]] = [[]]
    for number, effect in enumerate(ordered):
        better = ordered[:number]
        rest = ordered[number:]
        if groups[-1] and all(bool((a.values > b.values).mean() >= SURE) for a in better for b in rest):
            groups.append([])
        groups[-1].append(effect)
    return tuple(tuple(effect.change.name for effect in group) for group in groups)


def _retry_threshold(fit: Fit, actions: Actions) -> tuple[NDArray[Any], NDArray[Any]]:
    """The factor on the retry period from which on the loop ends by itself, by bisection; and the period there, in re-lease times."""
    import numpy as np

    draws = {name: values[:THRESHOLD_DRAWS] for name, values in fit.draws.items()}
    release = np.minimum(1.0, actions.record_back / draws["lease"]) * draws["full_release"]
    low, high = np.ones(len(release)), np.full(len(release), 1e5)
    for _ in range(16):
        middle = np.sqrt(low * high)
        retry = draws["retry"] * middle
        _, missing = collapse(release, draws["time_out"], retry, 12 * (draws["time_out"] + retry + release))
        low, high = np.where(missing < HELD, low, middle), np.where(missing < HELD, middle, high)
    return high, (draws["time_out"] + draws["retry"] * high) / release


def _elasticities(fit: Fit, actions: Actions) -> dict[str, Three]:
    """By what percentage the beginning of launches moves when a parameter grows by one per cent."""
    import numpy as np

    base = course_of(fit.draws, actions).network_normal
    step = 0.01
    return {
        name: three(
            np.log(course_of({**fit.draws, name: fit.draws[name] * (1 + step)}, actions).network_normal / base)
            / np.log(1 + step)
        )
        for name in ("lease", "full_release", "time_out", "retry", "throttle", "network_load")
    }
