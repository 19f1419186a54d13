"""Policies and the scheduler, on programs in virtual time."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.hunt.policies import InOrder, Pct, draw_pct, pct_bound, pct_bound_of_runs
from chaoskit.hunt.schedule import CallId, Crash, Failure, Hold, Schedule, StaleRead
from chaoskit.hunt.scheduler import Await, Over, Release, Scheduler
from chaoskit.hunt.trace import holds_of
from tests.hunt.simulated import Zone, nothing, play

LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=4)
SEEDS = st.integers(0, 10_000)


def programs(lengths: list[int]) -> dict[str, list]:
    return {chr(ord("A") + place): [nothing] * length for place, length in enumerate(lengths)}


def pct(lengths: list[int], depth: int, seed: int) -> Pct:
    return Pct(draw_pct(list(programs(lengths)), max(sum(lengths), 1), depth, seed))


@given(LENGTHS, SEEDS, st.integers(1, 4))
def test_pct_plays_every_call_once(lengths: list[int], seed: int, depth: int) -> None:
    policy = pct(lengths, depth, seed)
    order = play(programs(lengths), policy).order
    assert sorted(order) == [
        CallId(name, n) for name, steps in programs(lengths).items() for n in range(1, len(steps) + 1)
    ]


@given(LENGTHS, SEEDS, st.integers(1, 4))
def test_decisions_do_not_depend_on_who_was_quicker(lengths: list[int], seed: int, depth: int) -> None:
    eager, lazy = (play(programs(lengths), pct(lengths, depth, seed), eager=eager).order for eager in (True, False))
    assert eager == lazy


@given(LENGTHS, SEEDS)
def test_at_depth_1_pct_never_preempts(lengths: list[int], seed: int) -> None:
    order = play(programs(lengths), pct(lengths, 1, seed)).order
    switches = sum(first.program != second.program for first, second in itertools.pairwise(order))
    assert switches <= max(sum(length > 0 for length in lengths) - 1, 0)


@given(LENGTHS, SEEDS, st.integers(2, 4))
def test_pct_preempts_no_more_than_depth_allows(lengths: list[int], seed: int, depth: int) -> None:
    order = play(programs(lengths), pct(lengths, depth, seed)).order
    switches = sum(first.program != second.program for first, second in itertools.pairwise(order))
    assert switches <= len(lengths) - 1 + 2 * (depth - 1)


@given(st.data(), LENGTHS)
def test_holds_give_any_order_again(data: st.DataObject, lengths: list[int]) -> None:
    left = programs(lengths)
    numbers = dict.fromkeys(left, 0)
    order: list[CallId] = []
    while able := [name for name, steps in left.items() if numbers[name] < len(steps)]:
        name = data.draw(st.sampled_from(able))
        numbers[name] += 1
        order.append(CallId(name, numbers[name]))
    cut = data.draw(st.integers(0, len(order)))  # a run that the trip-wire stopped
    before = order[:cut]
    unfinished = frozenset(call.program for call in order[cut:])
    schedule = Schedule(tuple(left), holds_of(before, tuple(left), unfinished))
    replayed = play(programs(lengths), InOrder(schedule), eager=data.draw(st.booleans())).order
    assert replayed[:cut] == before


@given(LENGTHS, st.data())
def test_no_set_of_holds_stops_a_run(lengths: list[int], data: st.DataObject) -> None:
    calls = [CallId(name, n) for name, steps in programs(lengths).items() for n in range(1, len(steps) + 3)]
    holds = data.draw(st.lists(st.builds(Hold, st.sampled_from(calls), st.sampled_from(calls)), max_size=8))
    schedule = Schedule(tuple(programs(lengths)), tuple(holds))
    assert len(play(programs(lengths), InOrder(schedule)).order) == sum(lengths)


def read(zone: Zone, memory: dict[str, int]) -> None:
    memory["seen"] = zone.get("record", 0)


def test_pct_meets_a_race_as_often_as_its_bound_says() -> None:
    # A reads, B replaces twice, A acts: found only if A is preempted between its read and its write.
    def replace(zone: Zone, memory: dict[str, int]) -> None:
        zone["record"] = 2

    def act(zone: Zone, memory: dict[str, int]) -> None:
        zone["record"] = 0 if memory["seen"] != zone["record"] else 1

    racing = {"A": [read, act], "B": [replace]}
    runs = 2000
    hits = sum(
        play(racing, Pct(draw_pct("AB", 3, 2, seed)), {"record": 1}).zones[-1]["record"] == 0 for seed in range(runs)
    )
    assert pct_bound(2, 3, 2) == 1 / 6
    assert hits / runs >= pct_bound(2, 3, 2)  # a fixed set of seeds: it is so or it is not


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
