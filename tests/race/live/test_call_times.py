"""How long calls take in virtual time."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.journal.events import RaceStep
from chaoskit.race.calls import ListTrees, PublishPlan, ReadAlias, ReadLock
from chaoskit.race.live.call_times import CallTime, DrawnTimes, measured_times
from chaoskit.race.live.simulated import simulate
from chaoskit.units import MILLISECOND
from tests.race.live.test_simulated import setting

ORIGIN = 1_000


def step(due: int, late: int, took: int, operation: str = "ReadLock", client: str = "b") -> RaceStep:
    asked_at = ORIGIN + due + late
    return RaceStep(
        at=asked_at + took,
        asked_at=asked_at,
        due_at=ORIGIN + due,
        client=client,
        step=1,
        call="",
        endpoint="",
        answer="",
        operation=operation,
    )


def test_a_call_takes_as_long_as_the_one_measured_nearest_to_it() -> None:
    steps = [step(0, 1, 10), step(100, 2, 30), step(100, 0, 900, "ListTrees")]
    times = measured_times(steps, ORIGIN, {"b": 4})["b"]
    assert times.of(ReadLock(0), 40) == CallTime(late=1, there=3, back=7)
    assert times.of(ReadLock(0), 60) == CallTime(late=2, there=13, back=17)
    assert times.of(ListTrees(), 0).there + times.of(ListTrees(), 0).back == 900
    assert times.of(ReadAlias(0), 5) == CallTime(1, 3, 7), "none of this operation was measured"


def test_a_journal_that_tells_neither_operation_nor_due_will_do() -> None:
    old = step(50, 0, 20, operation="")
    times = measured_times(
        [RaceStep(**{**{name: getattr(old, name) for name in old.__struct_fields__}, "due_at": 0})], ORIGIN, {}
    )
    assert times["b"].of(PublishPlan(), 7) == CallTime(0, 10, 10)


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1),
    st.integers(0, 10**9),
)
def test_measured_times_are_times_that_were_measured(measured: list[tuple[int, int, int]], due: int) -> None:
    times = measured_times([step(*one) for one in measured], ORIGIN, {})["b"].of(ReadLock(0), due)
    assert (times.late, times.there + times.back) in [(late, took) for _, late, took in measured]


def test_drawn_times_stay_within_their_bounds() -> None:
    times = DrawnTimes(random.Random(1), 100, (10, 20))
    for time in (times.of(ReadLock(0), 0) for _ in range(50)):
        assert 110 <= time.late + time.there + time.back <= 120
        assert time.there <= 10


def test_slow_calls_alone_decide_the_edge() -> None:
    """At 400 ms the slow enactor is done with the first endpoint in time; not where each of its calls takes 140 ms more than that."""
    race = setting(latency_ns=400 * MILLISECOND)
    outcomes = {}
    for more in (20, 140):
        steps = [step(at * MILLISECOND, 0, (400 + more) * MILLISECOND) for at in range(2000, 34_000, 100)]
        outcomes[more] = 0 in simulate(race, 1, measured_times(steps, ORIGIN, {"b": 400 * MILLISECOND})).emptied
    assert outcomes == {20: False, 140: True}
