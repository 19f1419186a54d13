"""Liveness over an exploration: can the goal always be reached, and is it reached however the steps are ordered?

Both are fixed points over arrays of edges. A fair way that never meets the goal is looked for as Emerson and Lei do (1986, "Efficient
model checking in fragments of the propositional mu-calculus"): the largest set of states outside the goal from each of which, inside
the set, each process gets to move, or to be where it must wait. Where states were folded by symmetry, only those that an unfair reading
leaves in doubt are unfolded again, and judged process by process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chaoskit.sim.explore import Codes, Exploration
from chaoskit.sim.tables import Numbers

Flags = NDArray[np.bool_]
BLOCK = 1 << 12


@dataclass(frozen=True, slots=True)
class Lasso:
    """A way that never reaches the goal: the processes of the ``stem``, and then of the ``cycle``, over and over. Each process moves in the
    cycle, or must wait somewhere on it. An empty cycle: after the stem no order of steps reaches the goal."""

    stem: tuple[int, ...]
    cycle: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """``stuck``: a shortest way to a state from which no order of steps reaches the goal. ``lasso``: a way that never does although each
    process keeps moving or must wait. ``None``: there is no such way."""

    stuck: tuple[int, ...] | None
    lasso: Lasso | None


def progress(exploration: Exploration) -> Progress:
    """Judge both properties. The exploration must have kept its edges."""
    edges, goal = exploration.outgoing(), exploration.goal()
    hopeless = ~_reaching(edges, goal, np.ones(len(goal), np.bool_))
    if hopeless.any():
        stem = exploration.way_to(int(hopeless.argmax()))
        return Progress(stem, Lasso(stem, ()))
    roles = _columns_by_role(exploration.codes)
    doubtful = _fair(edges, roles, ~goal & _ended(exploration.codes, edges))
    if not doubtful.any():
        return Progress(None, None)
    return Progress(None, _lasso(exploration, doubtful))


def _ended(codes: Codes, edges: NDArray[np.int32]) -> Flags:
    """Where the processes that move finitely often must wait: a cycle that is fair to them has no other states."""
    finite = [process for process, table in enumerate(codes.process_tables) if table.role.finite]
    ended: Flags = np.logical_and.reduce(edges[finite] == -1, axis=0)
    return ended


def _columns_by_role(codes: Codes) -> list[list[int]]:
    columns: dict[int, list[int]] = {}
    for process, table in enumerate(codes.process_tables):
        columns.setdefault(id(table), []).append(process)
    return list(columns.values())


def _lasso(exploration: Exploration, doubtful: Flags) -> Lasso | None:
    codes = exploration.codes
    plain = codes.without_symmetry()
    states = codes.orders(exploration.states[doubtful])
    edges = _edges_within(plain, states)
    fair = _fair(edges, [[process] for process in range(len(edges))], np.ones(len(states), np.bool_))
    if not fair.any():
        return None
    doubtful_numbers = doubtful.nonzero()[0]
    folded = exploration.states[doubtful]
    is_fair = np.isin(folded, states[fair])  # a folded state is one of its own orders, and all orders are fair or none
    stem = exploration.way_to(int(doubtful_numbers[is_fair.argmax()]))
    start = int(np.searchsorted(states, _code_after(plain, stem)))
    approach, cycle = _cycle(edges, fair, start)
    return Lasso(stem + approach, cycle)


def _code_after(plain: Codes, processes: Sequence[int]) -> int:
    code = plain.start
    for process in processes:
        code = int(plain.step(np.array([code], np.int64), process)[0][0])
    return code


def _edges_within(plain: Codes, states: Numbers) -> NDArray[np.int32]:
    """Per process and state: -1 where it must wait, -2 where its step leaves ``states``, else where it leads."""
    edges = np.full((len(plain.shifts), len(states)), -1, np.int32)
    for process, row in enumerate(edges):
        after, _, able = plain.step(states, process)
        places = np.searchsorted(states, after).clip(max=len(states) - 1)
        row[slice(None) if able is None else able] = np.where(states[places] == after, places, -2)
    return edges


def _fair(edges: NDArray[np.int32], groups: list[list[int]], inside: Flags) -> Flags:
    """The largest part of ``inside`` in which one can stay for ever while of each group some process moves, or must wait."""
    places = inside.nonzero()[0]
    while len(places := _lasting(edges, places)):
        part = _part(edges, places)
        remains = np.ones(len(places), np.bool_)
        for group in groups:
            served = np.zeros(len(places), np.bool_)
            for process in group:
                row = part[process]
                served |= (row == -1) | ((row >= 0) & remains[row.clip(min=0)])
            remains &= _reaching(part, served & remains, remains)
        if remains.all():
            break
        places = places[remains]
    result = np.zeros(len(inside), np.bool_)
    result[places] = True
    return result


def _lasting(edges: NDArray[np.int32], places: Numbers) -> Numbers:
    """Those of ``places`` from which one can go on for ever among them."""
    while len(places):
        part = _part(edges, places)
        lasting = np.concatenate((np.ones(len(places), np.bool_), (False, False)))  # -1 and -2 are looked up at the end
        for end in range(len(places), 0, -BLOCK):  # later states first: most steps lead to later ones
            first = max(0, end - BLOCK)
            onward = np.zeros(end - first, np.bool_)
            for row in part:
                onward |= lasting[row[first:end]]
            lasting[first:end] = onward
        if lasting[:-2].all():
            break
        places = places[lasting[:-2]]
    return places


def _part(edges: NDArray[np.int32], places: Numbers) -> NDArray[np.int32]:
    """The edges of some states, by their places among these: -1 where a process must wait, -2 where its step leaves them."""
    renumber = np.full(edges.shape[1] + 2, -2, np.int32)  # -1 and -2 are looked up at the end
    renumber[places] = np.arange(len(places), dtype=np.int32)
    renumber[-1] = -1
    return renumber[edges[:, places]]


def _reaching(edges: NDArray[np.int32], target: Flags, inside: Flags) -> Flags:
    """The states of ``inside`` from which a way within it leads to ``target``. Later states first: most steps lead to later ones."""
    reaching = np.concatenate((target & inside, (False, False)))  # -1 and -2 are looked up at the end
    changed = True
    while changed:
        changed = False
        for end in range(len(inside), 0, -BLOCK):
            first = max(0, end - BLOCK)
            block = reaching[first:end]
            onward = block.copy()
            for row in edges:
                onward |= reaching[row[first:end]]
            onward &= inside[first:end]
            if (onward != block).any():
                reaching[first:end] = onward
                changed = True
    return reaching[:-2]


def _cycle(edges: NDArray[np.int32], fair: Flags, start: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A way from ``start`` into a cycle, and the cycle: in turn each process moves, or gets to where it must wait."""
    moves: list[int] = []
    began: dict[int, int] = {}
    state = start
    while state not in began:
        began[state] = len(moves)
        for process in range(len(edges)):
            path, state = _way_to_turn(edges, fair, state, process)
            moves += path
    return tuple(moves[: began[state]]), tuple(moves[began[state] :])


def _way_to_turn(edges: NDArray[np.int32], fair: Flags, start: int, process: int) -> tuple[list[int], int]:
    """A shortest way, inside ``fair``, up to and with a step of ``process``, or to a state in which it must wait."""
    ways: dict[int, tuple[int, int]] = {start: (-1, -1)}
    queue = deque([start])
    while queue:
        state = queue.popleft()
        end = int(edges[process, state])
        if end == -1 or (end >= 0 and fair[end]):
            path = [process] if end >= 0 else []
            place = state
            while ways[place][0] >= 0:
                place, mover = ways[place]
                path.insert(0, mover)
            return path, (end if end >= 0 else state)
        for mover, after in enumerate(edges[:, state].tolist()):
            if after >= 0 and fair[after] and after not in ways:
                ways[after] = (state, mover)
                queue.append(after)
    raise AssertionError("a fair state leads to a turn of every process")
