"""The lease manager in virtual time: what it does without its store, and whether it comes back with and without a throttle."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.cascade.live.simulated import SimulatedLeases, play_workflow
from chaoskit.cascade.live.workflow import Throttle, Workflow, WorkflowSettings
from chaoskit.sim.heap import EventHeap
from chaoskit.units import MILLISECOND, SECOND

THROTTLED = WorkflowSettings(throttle=Throttle(low=2, high=3))
OUTAGE = (9 * SECOND, 17 * SECOND)


def last(levels: list[tuple[int, str, float]], name: str) -> float:
    return [value for _, each, value in levels if each == name][-1]


def test_leases_come_back_through_a_throttled_queue() -> None:
    levels = play_workflow(THROTTLED, outage=OUTAGE, length_ns=35 * SECOND, latency_ns=20 * MILLISECOND, seed=1)
    assert 0.0 in [value for at, name, value in levels if name == "leases held" and at > OUTAGE[0]]
    assert last(levels, "leases held") == 20


def test_without_a_throttle_attempts_are_served_for_nobody() -> None:
    settings = replace(THROTTLED, throttle=None)
    levels = play_workflow(settings, outage=OUTAGE, length_ns=60 * SECOND, latency_ns=20 * MILLISECOND, seed=1)
    assert last(levels, "leases held") < 10
    assert last(levels, "attempts served for nobody") > 40


def test_operators_empty_the_queue_and_throttle() -> None:
    settings = replace(THROTTLED, throttle_after=30 * SECOND)
    levels = play_workflow(settings, outage=OUTAGE, length_ns=50 * SECOND, latency_ns=20 * MILLISECOND, seed=1)
    before = [value for at, name, value in levels if name == "leases held" and at < 30 * SECOND]
    assert before[-1] < 10
    assert last(levels, "leases held") == 20


def test_a_throttle_by_order_waits_for_the_order() -> None:
    unordered = replace(THROTTLED, throttle_by_order=True)
    levels = play_workflow(unordered, outage=OUTAGE, length_ns=50 * SECOND, latency_ns=20 * MILLISECOND, seed=1)
    assert last(levels, "leases held") < 10
    with pytest.raises(ValueError, match="throttle_by_order"):
        WorkflowSettings(throttle_by_order=True)


@settings(max_examples=25, deadline=None)
@given(
    droplets=st.integers(1, 30),
    queue=st.integers(1, 60),
    throttled=st.booleans(),
    latency_ns=st.integers(0, 400 * MILLISECOND),
    seed=st.integers(0, 1000),
)
def test_never_more_leases_than_droplets_nor_a_longer_queue(
    droplets: int, queue: int, throttled: bool, latency_ns: int, seed: int
) -> None:
    settings = WorkflowSettings(droplets=droplets, queue=queue, throttle=Throttle(low=1, high=4) if throttled else None)
    levels = play_workflow(settings, outage=OUTAGE, length_ns=25 * SECOND, latency_ns=latency_ns, seed=seed)
    assert all(0 <= value <= droplets for _, name, value in levels if name == "leases held")
    assert all(0 <= value <= queue for _, name, value in levels if name == "attempts waiting")


def test_a_refused_write_leaves_the_droplet_without_a_lease() -> None:
    heap = EventHeap()
    store = SimulatedLeases(heap, latency_ns=lambda: MILLISECOND, outage=(0, 0))
    store.write(0, expires=9 * SECOND, generation=5, done=lambda well: None)
    heap.run(SECOND)
    workflow = Workflow(replace(THROTTLED, droplets=1), heap, store, seed=0, level=lambda name, value: None)
    workflow.begin()
    heap.run(4 * SECOND)
    assert workflow.held == 0  # generations 1 to 4 are older than what is stored


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"droplets": 0}, "from 1 to 1000"),
        ({"check": 7 * SECOND}, "'check' is shorter than 'lease'"),
        ({"throttle_after": SECOND}, "write 'throttle' too"),
        ({"throttle": Throttle(low=3, high=3)}, "below 'throttle.high'"),
        ({"work": 0}, "longer than 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        WorkflowSettings(**wrong)  # type: ignore[arg-type]
