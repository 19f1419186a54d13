"""The recovery suite: it passes with every fix, fails without each, and the herd is counted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.cascade.policies.velocity_control import VelocityControl
from chaoskit.cascade.recovery.balancer import BalancerSettings, play_balancer
from chaoskit.cascade.recovery.herd import play_herd
from chaoskit.cascade.recovery.herd_clients import HerdSettings
from chaoskit.cascade.recovery.suite import Trial, lines, play_suite
from chaoskit.units import SECOND


@pytest.fixture(scope="module")
def trials() -> tuple[Trial, ...]:
    return play_suite(hosts=300)


def test_every_experiment_needs_each_of_its_fixes(trials: tuple[Trial, ...]) -> None:
    assert [(trial.experiment, trial.without) for trial in trials if not trial.as_it_should] == []
    assert len({trial.experiment for trial in trials}) == 3
    assert sum(trial.without != "" for trial in trials) == 5


def test_the_suite_in_words_names_the_trial_that_is_wrong(trials: tuple[Trial, ...]) -> None:
    assert "NOT AS IT SHOULD BE" not in "\n".join(lines(trials))
    wrong = Trial(experiment="a", goal="b", without="c", reached=True, seen="d")
    assert "without c: reached: d  ← NOT AS IT SHOULD BE" in "\n".join(lines((wrong,)))


def test_propagated_nodes_never_move() -> None:
    course = play_balancer(BalancerSettings(propagated_after_s=0, length_s=600), 1)
    assert course.changes == 0
    assert set(course.capacity) == {1.0}


@given(st.integers(0, 1000), st.integers(1, 20))
@settings(max_examples=10, deadline=None)
def test_velocity_control_bounds_what_a_failover_takes(seed: int, most: int) -> None:
    policy = VelocityControl(most=most, window_ns=10**6 * SECOND)
    course = play_balancer(BalancerSettings(velocity=policy, length_s=900), seed)
    for serving, capacity in zip(course.serving, course.capacity, strict=True):
        assert capacity * 90 >= serving - most - 1e-3


def test_the_herd_comes_at_once_without_jitter_and_ramp() -> None:
    calm, wild = play_herd(HerdSettings(), 1), play_herd(HerdSettings(jitter=False, ramp=False), 1)
    assert max(wild.dials) == 500 * 4
    assert max(calm.dials) < 60
    assert calm.connected_s is not None
    assert wild.connected_s is None
    assert sum(calm.connects) == 500 * 4


def test_the_door_lets_in_no_more_than_its_rate() -> None:
    course = play_herd(HerdSettings(ramp=False), 2)
    assert all(count <= 100 // 10 + 1 for count in course.connects)
    assert course.refused > 0
    assert course == play_herd(HerdSettings(ramp=False), 2)


def test_a_budget_spares_the_door_knocks() -> None:
    free, budgeted = (play_herd(HerdSettings(ramp=False, budget=budget), 1) for budget in (False, True))
    assert sum(budgeted.dials) < 0.5 * sum(free.dials)
    assert sum(budgeted.connects) > sum(free.connects)
