"""Policies and the scheduler, on programs in virtual time."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.hunt.policies import InOrder, Pct, Policy, draw_pct, pct_bound, pct_bound_of_runs
from chaoskit.hunt.schedule import CallId, Crash, Failure, Hold, Schedule, StaleRead
from chaoskit.hunt.scheduler import Await, Over, Release, Scheduler
from chaoskit.hunt.trace import fewest_holds, holds_of
from tests.hunt.simulated import SimulatedPlayer, SimulatedProgram, adds_then_removes_others, nothing, order_of

LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=4)
SEEDS = st.integers(0, 10_000)


def programs(lengths: list[int]) -> dict[str, SimulatedProgram]:
    return {"ABCD"[place]: nothing(length) for place, length in enumerate(lengths)}


def calls_of(lengths: list[int]) -> list[CallId]:
    return [CallId("ABCD"[place], number) for place, length in enumerate(lengths) for number in range(1, length + 1)]


def pct(lengths: list[int], depth: int, seed: int) -> Pct:
    return Pct(draw_pct(list(programs(lengths)), max(sum(lengths), 1), depth, seed))


def order_under(policy: Policy, lengths: list[int], *, eager: bool = True) -> list[CallId]:
    return order_of(SimulatedPlayer(programs(lengths), eager=eager).play(policy))


def switches(order: list[CallId]) -> int:
    return sum(first.program != second.program for first, second in itertools.pairwise(order))


@given(LENGTHS, SEEDS, st.integers(1, 4))
def test_pct_plays_every_call_once(lengths: list[int], seed: int, depth: int) -> None:
    assert sorted(order_under(pct(lengths, depth, seed), lengths)) == calls_of(lengths)


@given(LENGTHS, SEEDS, st.integers(1, 4))
def test_decisions_do_not_depend_on_who_was_quicker(lengths: list[int], seed: int, depth: int) -> None:
    orders = [order_under(pct(lengths, depth, seed), lengths, eager=eager) for eager in (True, False)]
    assert orders[0] == orders[1]


@given(LENGTHS, SEEDS, st.integers(1, 4))
def test_pct_preempts_no_more_than_depth_allows(lengths: list[int], seed: int, depth: int) -> None:
    assert switches(order_under(pct(lengths, depth, seed), lengths)) <= len(lengths) - 1 + 2 * (depth - 1)


@given(LENGTHS, SEEDS)
def test_at_depth_1_pct_never_preempts(lengths: list[int], seed: int) -> None:
    assert switches(order_under(pct(lengths, 1, seed), lengths)) <= max(sum(map(bool, lengths)) - 1, 0)


@given(st.data(), LENGTHS)
def test_holds_give_any_order_again(data: st.DataObject, lengths: list[int]) -> None:
    numbers = dict.fromkeys(programs(lengths), 0)
    order: list[CallId] = []
    while able := [name for name, number in numbers.items() if CallId(name, number + 1) in calls_of(lengths)]:
        name = data.draw(st.sampled_from(able))
        numbers[name] += 1
        order.append(CallId(name, numbers[name]))
    cut = data.draw(st.integers(0, len(order)))  # a run that the trip-wire stopped
    before, unfinished = order[:cut], frozenset(call.program for call in order[cut:])
    labels = tuple(numbers)
    for first, holds in ((labels, holds_of(before, labels, unfinished)), fewest_holds(before, labels, unfinished)):
        policy = InOrder(Schedule(first, holds))
        assert order_under(policy, lengths, eager=data.draw(st.booleans()))[:cut] == before


@given(LENGTHS, st.data())
def test_no_set_of_holds_stops_a_run(lengths: list[int], data: st.DataObject) -> None:
    calls = st.builds(CallId, st.sampled_from(list(programs(lengths))), st.integers(1, 7))
    holds = data.draw(st.lists(st.builds(Hold, calls, calls), max_size=8))
    assert sorted(order_under(InOrder(Schedule(tuple(programs(lengths)), tuple(holds))), lengths)) == calls_of(lengths)


def test_pct_meets_a_race_as_often_as_its_bound_says() -> None:
    racing = SimulatedPlayer({"A": adds_then_removes_others(2), "B": adds_then_removes_others(3)})
    calls, seeds = 7, 300
    hits = sum(racing.play(Pct(draw_pct("AB", calls, 2, seed))).trip is not None for seed in range(seeds))
    assert hits / seeds >= pct_bound(2, calls, 2)  # fixed seeds: it is so or it is not


def test_bounds_are_those_of_the_paper() -> None:
    assert pct_bound(4, 100, 3) == 1 / 40_000
    assert pct_bound(2, 8, 1) == 1 / 2
    assert 0.94 < pct_bound_of_runs(pct_bound(4, 100, 3), 120_000) < 0.96


def test_steps_befall_the_call_they_name() -> None:
    call = CallId("A", 1)
    steps = (Crash(call), StaleRead(call, 3), Failure(call, "after"))
    scheduler = Scheduler(["A"], InOrder(Schedule(("A",))), steps)
    assert scheduler.decide() == Await("A")
    scheduler.arrived("A")
    assert scheduler.decide() == Release(call, 3, "after", crash=True)
    assert scheduler.decide() == Await("A")  # it is under way
    scheduler.answered(call)
    scheduler.arrived("A")
    assert scheduler.decide() == Release(CallId("A", 2))


def test_an_idle_program_is_passed_over_until_it_calls() -> None:
    scheduler = Scheduler("AB", InOrder(Schedule(("A", "B"))))
    assert scheduler.decide() == Await("A")
    scheduler.idle("A")
    assert scheduler.decide() == Await("B")
    scheduler.ended("B")
    assert scheduler.decide() == Over()
    scheduler.arrived("A")
    assert scheduler.decide() == Release(CallId("A", 1))


def test_a_restarted_program_counts_on() -> None:
    scheduler = Scheduler("A", InOrder(Schedule(("A",))))
    scheduler.arrived("A")
    scheduler.decide()
    scheduler.answered(CallId("A", 1))
    scheduler.arrived("A")  # it was held when it was killed
    scheduler.ended("A")
    scheduler.restarted("A")
    assert scheduler.decide() == Await("A")
    assert scheduler.arrived("A") == CallId("A", 3)
    assert scheduler.decide() == Release(CallId("A", 3))
