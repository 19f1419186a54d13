"""The explorer against the slow and obvious search, on random systems; and what it says where numbers run out."""

from __future__ import annotations

import pytest
from hypothesis import given

from chaoskit.sim.explore import explore
from chaoskit.sim.progress import progress
from chaoskit.sim.system import Role, System
from chaoskit.sim.tables import Numbering, TooLarge
from tests.sim.toys import breaks, fair_avoiding, folded, naive, reaching, systems


@given(systems())
def test_all_states_and_steps_are_found(system: System) -> None:
    graph, exploration = naive(system), explore(system, symmetric=False)
    assert exploration.size == len(graph.distance)
    assert exploration.transitions == graph.transitions
    assert exploration.depth == max(graph.distance.values())


@given(systems())
def test_symmetry_keeps_one_state_of_each_order(system: System) -> None:
    graph = naive(system)
    assert explore(system).size == len({folded(system, state) for state in graph.distance})


@given(systems())
def test_every_break_is_found_by_a_shortest_way(system: System) -> None:
    lengths = breaks(system, naive(system))
    for symmetric in (False, True):
        exploration = explore(system, symmetric=symmetric)
        ways = {bit: exploration.way_to(first.state, first.process) for bit, first in exploration.breaks.items()}
        assert {bit: len(way) for bit, way in ways.items()} == lengths
        for bit, way in ways.items():
            last = system.replay(way)[-1]
            assert system.marks(last.before.shared, last.call, last.after.shared) >> bit & 1


@given(systems(most_workers=2))
def test_progress_is_what_the_obvious_search_says(system: System) -> None:
    graph = naive(system)
    states = set(graph.moves)
    hopeless = states - reaching(graph, {state for state in states if system.goal(state.shared)}, states)
    for symmetric in (False, True):
        findings = progress(explore(system, symmetric=symmetric, edges=True))
        assert (findings.stuck is not None) == bool(hopeless)
        if findings.stuck is not None:
            assert len(findings.stuck) == min(graph.distance[state] for state in hopeless)
        if not hopeless:
            assert (findings.lasso is not None) == fair_avoiding(system, graph)


@given(systems())
def test_a_lasso_goes_round_and_lets_everybody_move(system: System) -> None:
    lasso = progress(explore(system, edges=True)).lasso
    if lasso is None or not lasso.cycle:
        return
    moves = system.replay(lasso.stem + lasso.cycle)
    round_ = moves[len(lasso.stem) :]
    assert round_[0].before == round_[-1].after
    assert not any(system.goal(move.after.shared) for move in round_)
    for process in range(len(system.processes)):
        moved = any(move.process == process for move in round_)
        assert moved or any(system.step(move.before, process) is None for move in round_)


class Counter:
    """Counts up, for ever."""

    start = 0

    def call(self, local: int) -> int:
        return 0

    def reply(self, local: int, answer: int) -> int:
        return local + 1


def counters(count: int) -> System:
    return System(
        shared=0,
        roles=(Role("counter", Counter(), count),),
        perform=lambda shared, call: (shared, 0),
        marks=lambda before, call, after: 0,
        goal=lambda shared: True,
    )


def test_too_many_states_are_refused_with_a_way_out() -> None:
    with pytest.raises(TooLarge, match="smaller bounds"):
        explore(counters(2), most=1000)


def test_too_many_values_are_refused() -> None:
    numbering = Numbering("local states of a counter", 2)
    assert [numbering.number(value) for value in ("a", "b", "a")] == [0, 1, 0]
    with pytest.raises(TooLarge, match="more than 2 local states of a counter"):
        numbering.number("c")
