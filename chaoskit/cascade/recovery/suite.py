"""The recovery suite, simulated: from the worst state (leases lapsed, queues full, nodes unpropagated) to forward progress.

Each experiment has fixes. It passes with all of them, and is played without each one in turn: a fix whose absence changes nothing would be
no fix, and the suite says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chaoskit.cascade.day.fleet import Settings, play_fleet
from chaoskit.cascade.policies.health_damping import HealthDamping
from chaoskit.cascade.policies.velocity_control import VelocityControl
from chaoskit.cascade.recovery.balancer import BalancerSettings, play_balancer
from chaoskit.cascade.recovery.herd import play_herd
from chaoskit.cascade.recovery.herd_clients import HerdSettings
from chaoskit.units import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One play: which ``fix`` was off (empty: none was), whether the goal was reached, and what was seen."""

    experiment: str
    goal: str
    without: str
    reached: bool
    seen: str

    @property
    def as_it_should(self) -> bool:
        """Reached with every fix, and not reached without any one of them."""
        return self.reached == (self.without == "")


def play_suite(*, hosts: int = 2_000, seed: int = 1) -> tuple[Trial, ...]:
    """All experiments, with all fixes and without each."""
    return (*_leases(hosts, seed), *_balancer(seed), *_herd(seed))


def _leases(hosts: int, seed: int) -> Iterator[Trial]:
    """Every lease has lapsed when the record is back; nobody intervenes."""
    goal = "half of the leases held within an hour of the record's return"
    fixed = Settings(
        hosts=hosts,
        lease_s=1800,
        full_release_s=3000,
        time_out_s=60,
        retry_s=120,
        throttle=1.0,
        network_ratio=0.5,
        launch_ratio=0.2,
        record_back_s=2400,
        throttled_s=10**6,
        relax_delay_s=0,
        length_s=2400 + 3600,
        throttle_from_start=True,
    )
    for without, settings in (
        ("", fixed),
        ("throttle by queue length", replace(fixed, throttle_from_start=False)),
    ):
        day = play_fleet(settings, seed)
        share = day.minutes[-1].held / hosts
        yield Trial(
            experiment="leases after everything lapsed",
            goal=goal,
            without=without,
            reached=share >= 0.5,
            seen=f"{share:.0%} held after an hour, {day.served_for_nobody:,} attempts served for nobody",
        )


def _balancer(seed: int) -> Iterator[Trial]:
    """All nodes are new, and none is propagated for an hour."""
    goal = "at most 1 % of the requests fail over the whole time"
    fixed = BalancerSettings(
        damping=HealthDamping(rise=2, fall=2, suppress=1.9, reuse=1, decay_per_s=0.0005),
        velocity=VelocityControl(most=9, window_ns=3600 * SECOND),
    )
    cases = (
        ("", fixed),
        ("health-check damping", replace(fixed, damping=HealthDamping(rise=2, fall=2))),
        ("velocity control", replace(fixed, velocity=None)),
    )
    for without, settings in cases:
        course = play_balancer(settings, seed)
        errors = sum(course.errors) / len(course.errors)
        yield Trial(
            experiment="a load balancer whose nodes are not propagated",
            goal=goal,
            without=without,
            reached=errors <= 0.01,
            seen=f"{errors:.1%} of the requests failed, least capacity {min(course.capacity):.0%}, {course.changes:,} changes of place",
        )


def _herd(seed: int) -> Iterator[Trial]:
    """Five hundred clients find the record back at once; the service takes a hundred connections a second."""
    goal = "every client connected within 45 s, and no 100 ms with more than 60 dials"
    fixed = HerdSettings()
    cases = (
        ("", fixed),
        ("jitter", replace(fixed, jitter=False)),
        ("connection ramp", replace(fixed, ramp=False)),
    )
    for without, settings in cases:
        course = play_herd(settings, seed)
        peak = max(course.dials)
        back = course.connected_s
        yield Trial(
            experiment="the herd after the record's return",
            goal=goal,
            without=without,
            reached=back is not None and back <= 45 and peak <= 60,
            seen=f"peak {peak} dials in 100 ms, all connected {'never' if back is None else f'after {back:.1f} s'}",
        )


def lines(trials: tuple[Trial, ...]) -> Iterator[str]:
    """The suite for a terminal."""
    for experiment in dict.fromkeys(trial.experiment for trial in trials):
        mine = [trial for trial in trials if trial.experiment == experiment]
        yield f"{experiment}: {mine[0].goal}"
        for trial in mine:
            who = f"without {trial.without}" if trial.without else "with every fix"
            result = "reached" if trial.reached else "not reached"
            note = "" if trial.as_it_should else "  ← NOT AS IT SHOULD BE"
            yield f"  {who}: {result}: {trial.seen}{note}"
