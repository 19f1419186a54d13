"""The event-by-event engine: queueing theory, what it promises about calls, and replay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.cascade.policies.retry_budget import RetryBudget
from chaoskit.cascade.system.events import Simulation
from chaoskit.cascade.system.model import System
from chaoskit.sim.heap import EventHeap
from chaoskit.units import SECOND
from tests.cascade.systems import chain_of, one_service


def unbroken(system: System) -> System:
    return replace(system, outage=replace(system.outage, service=None))


@pytest.mark.parametrize(("law", "waiting"), [("exponential", 0.5 / 0.5 * 0.5), ("constant", 0.5 / 0.5 * 0.25)])
def test_the_mean_queue_is_pollaczek_and_khinchines(law: str, waiting: float) -> None:
    """At half load rho^2/(1-rho) wait for M/M/1, and half of that for M/D/1."""
    system = unbroken(one_service(50, capacity_per_s=100, queue=None, law=law, timeout_s=100, tries=1))
    seconds = Simulation(system, seed=3).run(600 * SECOND)[:-1]
    mean = sum(second.waiting["service"] for second in seconds) / len(seconds)
    assert mean == pytest.approx(waiting, rel=0.15)


@given(st.integers(0, 1000), st.integers(1, 4), st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_every_call_ends_once_and_tries_are_bounded(seed: int, tries: int, load: int) -> None:
    simulation = Simulation(one_service(load, tries=tries), seed=seed, outage_at_ns=5 * SECOND)
    seconds = simulation.run(40 * SECOND)
    fresh, ended = (sum(values) for values in zip(*((s.fresh, s.good + s.failed) for s in seconds), strict=True))
    under_way = fresh - ended
    assert 0 <= under_way <= load * 2 * tries * 6 + 20
    assert sum(s.offered.get("service", 0) for s in seconds) <= fresh * tries
    assert all(s.waiting.get("service", 0) <= 60 for s in seconds)
    assert all(s.retrying >= 0 for s in seconds)


def test_equal_seeds_play_the_same() -> None:
    play, again, other = (Simulation(one_service(6), seed=seed).run(60 * SECOND) for seed in (1, 1, 2))
    assert play == again != other


def test_nothing_is_served_while_the_server_stands_still() -> None:
    seconds = Simulation(one_service(5), seed=1, outage_at_ns=20 * SECOND).run(60 * SECOND)
    assert sum(second.good for second in seconds[21:29]) == 0
    assert sum(second.good for second in seconds[5:19]) > 40


def test_a_retry_budget_keeps_the_load_near_the_first_tries() -> None:
    system = one_service(6, outage_s=60)
    budgeted = replace(system, callers=replace(system.callers, budget=RetryBudget(earn=0.1, capacity=5)))
    offered = [
        sum(second.offered["service"] for second in Simulation(each, seed=1).run(70 * SECOND)[20:60])
        for each in (system, budgeted)
    ]
    assert offered[0] > 1.8 * 6 * 40 * 0.8
    assert offered[1] < 1.2 * 6 * 40


@pytest.mark.parametrize("setting", [{"queue": 10}, {"order": "lifo"}, {"drops_abandoned": True}])
def test_each_remedy_ends_a_collapse(setting: dict[str, object]) -> None:
    def good(**change: object) -> int:
        seconds = Simulation(one_service(7, **change), seed=2).run(160 * SECOND)  # type: ignore[arg-type]
        return sum(second.good for second in seconds[120:159])

    assert good() < 0.2 * 7 * 39
    assert good(**setting) > 0.8 * 7 * 39


def test_retries_in_layers_multiply() -> None:
    seconds = Simulation(chain_of(3, tries=2, load_per_s=2), seed=1, outage_at_ns=10 * SECOND).run(16 * SECOND)
    assert sum(second.offered["s2"] for second in seconds[11:15]) > 2 * sum(
        second.offered["s0"] for second in seconds[11:15]
    )


def test_the_heap_stops_before_the_instant_it_is_told() -> None:
    heap, happened = EventHeap(), []
    for instant in (1, 2, 3):
        heap.at(instant, lambda: happened.append(heap.now))
    heap.run(3)
    assert happened == [1, 2]
    heap.run()
    assert happened == [1, 2, 3]
