"""Small random systems, and the slow and obvious way to judge them: one state after another in dictionaries and sets."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass

from hypothesis import strategies as st

from chaoskit.sim.system import Move, Role, State, System

VALUES = 3


@dataclass(frozen=True)
class ToyPolicy:
    """Its call is its local state; its replies are a table."""

    replies: tuple[int, ...]
    start: int = 0

    def call(self, local: int) -> int:
        return local

    def reply(self, local: int, answer: int) -> int:
        return self.replies[local * VALUES + answer]


@dataclass(frozen=True)
class Ticker:
    """Always makes call 0, and remembers nothing."""

    start: str = "tick"

    def call(self, local: str) -> int:
        return 0

    def reply(self, local: str, answer: int) -> str:
        return local


@st.composite
def systems(draw: st.DrawFn, most_workers: int = 3) -> System:
    value = st.integers(0, VALUES - 1)
    square = VALUES * VALUES
    effects = draw(
        st.lists(
            st.one_of(st.tuples(value, value), st.tuples(value, value), st.none()), min_size=square, max_size=square
        )
    )
    marks = draw(st.lists(st.integers(0, 3), min_size=square, max_size=square))
    outdating = draw(st.sets(st.integers(0, square - 1), max_size=3))
    outdated = draw(st.lists(value, min_size=VALUES, max_size=VALUES))
    replies = draw(st.lists(value, min_size=square, max_size=square))
    goal = draw(st.sets(value, min_size=1, max_size=2))
    return System(
        shared=0,
        roles=(
            Role("ticker", Ticker(), remembers=False),
            Role("worker", ToyPolicy(tuple(replies), 1), draw(st.integers(1, most_workers))),
        ),
        perform=lambda shared, call: effects[shared * VALUES + call],
        marks=lambda before, call, after: marks[before * VALUES + call],
        goal=lambda shared: shared in goal,
        outdates=lambda call, answer: call * VALUES + answer in outdating,
        outdate=lambda local: local if local == "tick" else outdated[local],
    )


@dataclass
class Graph:
    """All that can be reached, with distances and moves."""

    distance: dict[State, int]
    moves: dict[State, list[Move | None]]

    @property
    def transitions(self) -> int:
        return sum(move is not None for moves in self.moves.values() for move in moves)


def naive(system: System) -> Graph:
    graph = Graph({system.start: 0}, {})
    queue = deque([system.start])
    while queue:
        state = queue.popleft()
        graph.moves[state] = [system.step(state, process) for process in range(len(system.processes))]
        for move in graph.moves[state]:
            if move is not None and move.after not in graph.distance:
                graph.distance[move.after] = graph.distance[state] + 1
                queue.append(move.after)
    return graph


def folded(system: System, state: State) -> State:
    """The state with the workers' local states sorted by value: one for all orders."""
    return State(state.shared, (state.locals[0], *sorted(state.locals[1:])))


def breaks(system: System, graph: Graph) -> dict[int, int]:
    """Per property, the length of a shortest way that breaks it."""
    lengths: dict[int, int] = {}
    for moves in graph.moves.values():
        for move in moves:
            if move is None:
                continue
            marks = system.marks(move.before.shared, system.processes[move.process].policy.call(
                move.before.locals[move.process]), move.after.shared)  # fmt: skip
            for bit in range(2):
                if marks >> bit & 1:
                    length = graph.distance[move.before] + 1
                    lengths[bit] = min(length, lengths.get(bit, length))
    return lengths


def reaching(graph: Graph, targets: set[State], inside: set[State]) -> set[State]:
    reached = targets & inside
    changed = True
    while changed:
        changed = False
        for state in inside - reached:
            if any(move is not None and move.after in reached for move in graph.moves[state]):
                reached.add(state)
                changed = True
    return reached


def fair_avoiding(system: System, graph: Graph) -> bool:
    """Whether some weakly fair infinite way never meets the goal from some state on, found by strongly connected parts."""
    outside = {state for state in graph.moves if not system.goal(state.shared)}
    return any(_is_fair(system, graph, part) for part in _parts(graph, outside))


def _parts(graph: Graph, inside: set[State]) -> list[set[State]]:
    """Strongly connected parts, by the definition: everything reaches everything."""
    ahead: dict[State, set[State]] = {state: set() for state in inside}
    for other in inside:
        for state in reaching(graph, {other}, inside):
            ahead[state].add(other)
    parts = []
    for state, others in ahead.items():
        part = {other for other in others if state in ahead[other]}
        if part not in parts:
            parts.append(part)
    return parts


def _is_fair(system: System, graph: Graph, part: set[State]) -> bool:
    moves = list(itertools.chain(*(graph.moves[state] for state in part)))
    if not any(move is not None and move.after in part for move in moves):
        return False
    return all(
        any(move is None or move.after in part for move in (graph.moves[state][process] for state in part))
        for process in range(len(system.processes))
    )
