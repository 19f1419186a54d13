"""The whole account of a day: the fit, the table, the fleet's plays, what of the published rows comes out, and what it teaches."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.day.counterfactuals import Effect, Table, table_of
from chaoskit.cascade.day.fit import Fit, fit_day, published_lengths, three
from chaoskit.cascade.day.fleet import FleetDay, Settings, play_fleet
from chaoskit.cascade.day.mechanism import course_of
from chaoskit.cascade.day.plan import Day, Row

if TYPE_CHECKING:
    from numpy.typing import NDArray

COVERAGE_LOW, COVERAGE_HIGH = 0.85, 0.95
"""Where the share of 90 % intervals that hold the truth must lie, over a thousand intervals on made-up days."""

JITTER_HOSTS = 10_000
SERVED_IN_TIME = 2
"""Leases that must be taken within one time-out, when work is throttled: with fewer the whole numbers of hosts would decide."""

SEED_TOLERANCE_MIN = 15.0
"""The fleet and the fluid may differ by so much about one draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """A published row and what the model says of it; ``model`` is empty for an input."""

    row: Row
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Something that must be so, and whether it is."""

    what: str
    holds: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """``plays``: the drawn draw, a seed each. ``without_jitter``, ``with_jitter``: the same draw, smaller."""

    day: Day
    table: Table
    draw: dict[str, float]
    plays: tuple[FleetDay, ...]
    seeds: tuple[int, ...]
    with_jitter: FleetDay
    without_jitter: FleetDay
    rows: tuple[TimelineRow, ...]
    signs: tuple[Sign, ...]
    lessons: tuple[str, ...]

    @property
    def fit(self) -> Fit:
        """Draws and posterior."""
        return self.table.fit

    @property
    def holds(self) -> bool:
        """Whether every sign holds."""
        return all(sign.holds for sign in self.signs)


def account_of(day: Day, *, hosts: int, seed: int, plays: int, draws: int) -> Account:
    """Fit, play and tell. Raises ``ValueError`` where no draw is accepted, or ``hosts`` are too few."""
    fit = fit_day(day, seed=seed, draws=draws)
    if not fit.draws:
        short = ", ".join(f"{block}: {count}" for block, count in fit.accepted.items())
        raise ValueError(f"of {draws:,} draws not one is accepted in every block ({short}); use more draws")
    table = table_of(fit)
    chosen = _middle(fit)
    settings = settings_of(day, chosen, hosts)
    least = math.ceil(SERVED_IN_TIME * settings.full_release_s / (settings.throttle * settings.time_out_s))
    if hosts < least:
        raise ValueError(
            f"{hosts:,} hosts are too few to be leased one by one within a time-out; use at least {least:,}"
        )
    seeds = tuple(range(seed, seed + plays))
    fleets = tuple(play_fleet(settings, each) for each in seeds)
    small = replace(settings, hosts=min(hosts, JITTER_HOSTS))
    with_jitter, without = (play_fleet(replace(small, jitter=jitter), seed) for jitter in (True, False))
    return Account(
        day=day,
        table=table,
        draw=chosen,
        plays=fleets,
        seeds=seeds,
        with_jitter=with_jitter,
        without_jitter=without,
        rows=tuple(TimelineRow(row=row, model=_model(day, table, row)) for row in day.rows),
        signs=_signs(day, table, chosen, fleets),
        lessons=_lessons(table, with_jitter, without),
    )


def _middle(fit: Fit) -> dict[str, float]:
    """The accepted draw nearest to the middle of all: least summed squares of its parameters' ranks."""
    import numpy as np

    distance: NDArray[Any] = np.zeros(len(fit.draws["lease"]))
    for values in fit.draws.values():
        ranks = values.argsort().argsort() / len(values)
        distance += (ranks - 0.5) ** 2
    at = int(distance.argmin())
    return {name: float(values[at]) for name, values in fit.draws.items()}


def settings_of(day: Day, draw: dict[str, float], hosts: int) -> Settings:
    """The fleet of one draw."""
    events = day.events
    return Settings(
        hosts=hosts,
        lease_s=draw["lease"] * 60,
        full_release_s=draw["full_release"] * 60,
        time_out_s=draw["time_out"] * 60,
        retry_s=draw["retry"] * 60,
        throttle=draw["throttle"],
        network_ratio=draw["network_load"] / (1 - draw["network_load"]),
        launch_ratio=draw["launch_load"] / (1 - draw["launch_load"]),
        record_back_s=events["record_back"] * 60,
        throttled_s=events["throttled"] * 60,
        relax_delay_s=(events["relaxed"] - day.phase_end("network")) * 60,
    )


def _model(day: Day, table: Table, row: Row) -> str:
    base = table.base
    starts = {
        "negative_tail": base.customers_back,
        "drain": base.leases_held,
        "network": base.network_normal,
        "launches": base.recovered,
    }
    if row.role == "input":
        return ""
    if row.phase in starts:
        low, middle, high = (day.clock(value) for value in three(starts[row.phase]))
        return f"{middle} ({low} to {high})"
    if row.phase == "latency_rise":
        low, middle, high = (day.clock(value) for value in three(base.leases_held + table.fit.draws["rise"]))
        return f"{middle} ({low} to {high})"
    if row.role == "sign" and row.clock == "04:14":
        return f"not recovered in {float((~base.alone).mean()):.0%} of the draws, by acceptance"
    if row.role == "sign":
        return "follows the row before it; the distance is assumed"
    return "held out"


def _signs(day: Day, table: Table, draw: dict[str, float], fleets: tuple[FleetDay, ...]) -> tuple[Sign, ...]:
    import numpy as np

    from chaoskit.cascade.day.mechanism import Actions

    course = course_of({name: np.array([value]) for name, value in draw.items()}, Actions.published(day))
    fluid = float(course.leases_held[0])
    before = int(day.events["throttled"]) - 1
    held = [fleet.minutes[before].held / fleet.settings.hosts for fleet in fleets]
    ordered = all(
        fleet.leases_held_s is not None
        and fleet.network_normal_s is not None
        and fleet.recovered_s is not None
        and fleet.leases_held_s < fleet.network_normal_s < fleet.recovered_s
        for fleet in fleets
    )
    ends = [fleet.settings.length_s if fleet.leases_held_s is None else fleet.leases_held_s for fleet in fleets]
    apart = max(abs(end / 60 - fluid) for end in ends)
    alone = table.effects
    sure = next(effect for effect in alone if effect.change.name == "throttle by queue length")
    coverage = table.fit.coverage
    return (
        Sign(
            what="no recovery of the leases before the throttle",
            holds=max(held) < 0.99,
            because=f"at {day.clock(before)} the fleet held {max(held):.1%} of its leases at most",
        ),
        Sign(what="leases, then the network, then launches", holds=ordered, because="in every play of the fleet"),
        Sign(
            what="fleet and fluid tell the same of one draw",
            holds=apart <= SEED_TOLERANCE_MIN,
            because=f"all leases held at {day.clock(fluid)} in the fluid; at most {apart:.0f} min apart",
        ),
        Sign(
            what="a throttle by queue length makes launches begin earlier in every draw",
            holds=bool((sure.values > 0).all()),
            because=f"by {sure.launches_earlier[0]:.0f} min or more in 95 % of them",
        ),
        Sign(
            what="90 % intervals hold the truth on made-up days about nine times in ten",
            holds=COVERAGE_LOW <= coverage <= COVERAGE_HIGH,
            because=f"{coverage:.1%} on {table.fit.coverage_days} days",
        ),
    )


def _lessons(table: Table, with_jitter: FleetDay, without: FleetDay) -> tuple[str, ...]:
    """Five sentences; every number in them is computed."""
    effects = {effect.change.name: effect for effect in table.effects}
    throttle, sooner = effects["throttle by queue length"], effects["the throttle half an hour sooner"]
    retry, leases, capacity = (
        effects["retry period × 10"],
        effects["leases × 4"],
        effects["twice the recovery capacity"],
    )
    low, middle, high = table.period_threshold
    tail = effects["negative TTL of 60 s"].left["DynamoDB"]
    assert tail is not None
    ratio = table.fit.pinned["network load ÷ spare capacity"][1]
    lengths = published_lengths(table.fit.day)
    velocity = effects["velocity control"].left["load balancers"]
    assert velocity is not None
    return (
        f"The record was empty for {table.fit.day.events['record_back']:.0f} minutes; every minute until the leases were held "
        f"again cost {1 + ratio:.1f} minutes until launches began, because the network's backlog grew all the while.",
        f"Throttling by the queue's length from the start would have let launches begin {throttle.launches_earlier[1]:.0f} "
        f"minutes earlier ({_span(throttle)}), and the operators' throttle half an hour sooner {sooner.launches_earlier[1]:.0f} "
        f"({_span(sooner)}): both are arithmetic on what the day pins down.",
        "Two mechanisms, each right alone, kept the leases down: attempts that were given up were made again, and the queue was "
        "worked off in order, for attempts that had been given up too. It would have ended by itself once time-out and retry "
        f"period together came to {middle:.2f} times the re-lease time of what had lapsed ({low:.2f} to {high:.2f}); which of the "
        "two was how long, the day does not say.",
        f"So what longer leases ({_span(leases)} min), ten times the retry period ({_span(retry)}) or twice the capacity "
        f"({_span(capacity)}) would have gained depends on numbers that nobody published, and is no more than a prior.",
        f"Two changes move no launch by a minute: a negative TTL of 60 s leaves {tail[1]:.0%} of the customer-minutes of DynamoDB, "
        f"whose tail was {lengths['negative_tail']:.0f} minutes, and velocity control acts on the load balancers alone, of whose "
        f"customer-minutes it leaves {_share(velocity)}.",
    )


def _span(effect: Effect) -> str:
    low, _, high = effect.launches_earlier
    return f"{low:.0f} to {high:.0f}"


def _share(values: tuple[float, float, float]) -> str:
    low, _, high = values
    return f"{low:.0%} to {high:.0%}" if high - low > 0.005 else f"{high:.0%}"


def jitter_words(account: Account) -> str:
    """What the fleet says about jitter that keeps the mean."""
    day, hosts = account.day, account.with_jitter.settings.hosts

    def when(fleet: FleetDay) -> str:
        return "not within the day" if fleet.leases_held_s is None else f"at {day.clock(fleet.leases_held_s / 60)}"

    return (
        f"The fleet of {hosts:,} hosts holds all leases {when(account.with_jitter)} with jitter and {when(account.without_jitter)} "
        "without, at the same mean period: jitter does not end the collapse; what differs is how evenly the throttled drain is fed."
    )
