"""The race in virtual time: what the live race is compared with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaoskit.race.live.participant import Schedule
from chaoskit.race.live.simulated import Part, Setting, simulate
from chaoskit.race.protections import rules_of
from chaoskit.units import MILLISECOND, SECOND

PACE = 40 * MILLISECOND


def setting(*protections: str, latency_ns: int = 800 * MILLISECOND) -> Setting:
    """The shipped experiment."""
    rules = rules_of(protections)
    planner = Part("planner", Schedule(SECOND // 2, SECOND // 4, PACE), None)
    firsts = {"a": 2 * SECOND, "b": 5 * SECOND // 2, "c": 5 * SECOND}
    enactors = [
        Part(name, Schedule(10 * SECOND, first, PACE), rules, latency_ns if name == "b" else 0)
        for name, first in firsts.items()
    ]
    return Setting((planner, *enactors), 50, 2, 34 * SECOND, 10 * SECOND)


def test_a_slow_enactor_empties_the_first_endpoint_for_good() -> None:
    outcomes = [simulate(setting(), seed) for seed in range(5)]
    assert all(0 in outcome.emptied and not outcome.repaired for outcome in outcomes)


@pytest.mark.parametrize("latency_ns", [0, 3 * SECOND])
def test_no_latency_and_too_much_of_it_empty_nothing(latency_ns: int) -> None:
    assert simulate(setting(latency_ns=latency_ns), 1).emptied == {}


@pytest.mark.parametrize("name", ["fenced_lock", "freshness_after_stamp", "never_empty_guard"])
def test_what_the_model_proves_holds_here(name: str) -> None:
    outcomes = [simulate(setting(name, latency_ns=latency * MILLISECOND), 1) for latency in (200, 400, 800)]
    assert [outcome.emptied for outcome in outcomes] == [{}] * 3


def test_a_tolerant_rollback_gives_back_the_repair_alone() -> None:
    outcome = simulate(setting("tolerant_rollback"), 1)
    assert 0 in outcome.emptied
    assert 0 in outcome.repaired


def test_equal_seeds_give_equal_races() -> None:
    one = replace(setting(), ends=10 * SECOND)
    assert simulate(one, 3) == simulate(one, 3)
