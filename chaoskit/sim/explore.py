"""Every state that a system can reach, breadth first, with the shortest way to each: arrays of states, stepped by table look-ups.

A state is one integer: the number of the shared value, and the number of each process's local state. With ``symmetric``, processes of
one role are interchangeable: their local states are sorted, and one state stands for all that differ in who is who. This is sound where
nothing tells them apart, so the shared value must not name a process (the owner of a lock, say).
"""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chaoskit.sim.state_set import StateSet
from chaoskit.sim.system import System
from chaoskit.sim.tables import (
    ANSWER_MASK,
    ANSWER_SHIFT,
    BLOCKED,
    MARKS_MASK,
    OUTDATES,
    SHARED_MASK,
    SHARED_SHIFT,
    Numbers,
    RoleTable,
    Tables,
    TooLarge,
)

CHUNK = 1 << 15
"""States stepped at once: few enough that the arrays stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Break:
    """The first step that broke a property: from state number ``state``, by ``process``."""

    state: int
    process: int


@dataclass(frozen=True, slots=True)
class Exploration:
    """All that can be reached. ``breaks`` has the first break of each property's bit; ``depth`` is the longest of the shortest ways.

    ``edges`` has, per process and state, the number of the state after the step, or -1; ``None`` unless asked for.
    """

    codes: Codes
    states: Numbers
    parents: NDArray[np.int32]
    movers: NDArray[np.int8]
    levels: tuple[int, ...]
    transitions: int
    breaks: dict[int, Break]
    edges: NDArray[np.int32] | None
    cpu_seconds: float

    @property
    def size(self) -> int:
        """How many distinct states there are."""
        return len(self.states)

    @property
    def depth(self) -> int:
        """How many steps the furthest state is away."""
        return len(self.levels) - 2

    def goal(self) -> NDArray[np.bool_]:
        """Per state, whether it is where progress wants to be."""
        return np.equal(self.codes.tables.goal.take(self.states >> SHARED_SHIFT), 1)

    def outgoing(self) -> NDArray[np.int32]:
        """``edges``, of an exploration that kept them."""
        if self.edges is None:
            raise ValueError("the exploration kept no edges")
        return self.edges

    def way_to(self, state: int, *then: int) -> tuple[int, ...]:
        """The processes that move, one after another, on a shortest way to a state, and then those of ``then``, by real process number."""
        positions = list(then)
        numbers = [state]
        while numbers[-1]:
            positions.insert(0, int(self.movers[numbers[-1]]))
            numbers.append(int(self.parents[numbers[-1]]))
        return self.codes.real_processes(positions)


class Codes:
    """How states of a system are written as integers, and stepped."""

    def __init__(self, system: System, symmetric: bool) -> None:
        self.system, self.symmetric = system, symmetric
        self.tables = Tables(system)
        self.mask = (1 << self.tables.width) - 1
        self.process_tables: list[RoleTable] = []
        self.shifts: list[int | None] = []
        self._groups: list[list[int]] = []
        shift = 0
        for table in self.tables.roles:
            group = []
            for _ in range(table.role.count):
                self.process_tables.append(table)
                self.shifts.append(shift if table.role.remembers else None)
                if table.role.remembers:
                    group.append(shift)
                    shift += self.tables.width
            if symmetric and len(group) > 1:
                self._groups.append(group)

    def without_symmetry(self) -> Codes:
        """The same numbers, in which every process is itself."""
        plain = copy.copy(self)
        plain.symmetric, plain._groups = False, []  # noqa: SLF001 - a copy of this very object
        return plain

    def orders(self, states: Numbers) -> Numbers:
        """Every state that differs from one of ``states`` only in which of the interchangeable processes is which; sorted, each once."""
        for group in self._groups:
            fields = [(states >> shift) & self.mask for shift in group]
            rest = states & ~sum(self.mask << shift for shift in group)
            orders = []
            for order in itertools.permutations(fields):
                parts = rest.copy()
                for shift, values in zip(group, order, strict=True):
                    parts |= values << shift
                orders.append(parts)
            states = np.unique(np.concatenate(orders))
        return np.unique(states)

    @property
    def start(self) -> int:
        """The state in which everything begins."""
        code = self.tables.start << SHARED_SHIFT
        for table, shift in zip(self.process_tables, self.shifts, strict=True):
            code |= table.start << shift if shift is not None else 0
        return code

    def step(self, states: Numbers, process: int) -> tuple[Numbers, Numbers, Numbers | None]:
        """The states after the process's step, its effects, and which of ``states`` could step at all (``None``: all)."""
        table, shift = self.process_tables[process], self.shifts[process]
        local = (states >> shift) & self.mask if shift is not None else np.zeros(len(states), np.int64)
        effects = self.tables.effects(states >> SHARED_SHIFT, table.calls.take(local))
        able = None
        if len(effects) and int(effects.min()) == BLOCKED:
            able = (effects != BLOCKED).nonzero()[0]
            states, local, effects = states[able], local[able], effects[able]
        after = (states & ~SHARED_MASK) | (effects & SHARED_MASK)
        if shift is not None:
            replies = table.replies(local, (effects >> ANSWER_SHIFT) & ANSWER_MASK)
            after ^= (local ^ replies) << shift
        self._outdate(after, effects, process)
        for group in self._groups:
            after = self._sorted(after, group)
        return after, effects, able

    def _outdate(self, states: Numbers, effects: Numbers, process: int) -> None:
        """In place: what others hold, where the effect outdates it."""
        places = (effects & OUTDATES).nonzero()[0]
        if not len(places):
            return
        changed = states.take(places)
        for other, (table, shift) in enumerate(zip(self.process_tables, self.shifts, strict=True)):
            if other != process and shift is not None:
                local = (changed >> shift) & self.mask
                changed ^= (local ^ table.outdated.take(local)) << shift
        states[places] = changed

    def _sorted(self, states: Numbers, group: list[int]) -> Numbers:
        """The states with the group's local states in ascending order: a sorting network of neighbours."""
        fields = [(states >> shift) & self.mask for shift in group]
        for end in range(len(fields) - 1, 0, -1):
            for place in range(end):
                low, high = fields[place], fields[place + 1]
                fields[place], fields[place + 1] = np.minimum(low, high), np.maximum(low, high)
        bits = sum(self.mask << shift for shift in group)
        states = states & ~bits
        for shift, values in zip(group, fields, strict=True):
            states |= values << shift
        return states

    def locals_of(self, code: int) -> list[int]:
        """The number of each process's local state."""
        return [(code >> shift) & self.mask if shift is not None else 0 for shift in self.shifts]

    def real_processes(self, positions: list[int]) -> tuple[int, ...]:
        """Which processes really move, where ``positions`` are places in states whose equals were sorted."""
        if not self.symmetric:
            return tuple(positions)
        code, state = self.start, self.system.start
        processes: list[int] = []
        for position in positions:
            table, number = self.process_tables[position], self.locals_of(code)[position]
            local = table.locals.values[number]
            candidates = [p for p, t in enumerate(self.process_tables) if t is table and state.locals[p] == local]
            process = next((p for p in candidates if processes and p == processes[-1]), candidates[0])
            move = self.system.step(state, process)
            assert move is not None
            processes.append(process)
            state = move.after
            code = int(self.step(np.array([code], np.int64), position)[0][0])
        return tuple(processes)


def explore(system: System, *, symmetric: bool = True, edges: bool = False, most: int | None = None) -> Exploration:
    """Explore all of ``system``. Raises ``TooLarge`` past ``most`` states, or where the numbers have no room."""
    began = time.process_time()
    codes = Codes(system, symmetric)
    search = _Search(codes, edges)
    levels = [0, 1]
    while levels[-1] > levels[-2]:
        for first in range(levels[-2], levels[-1], CHUNK):
            search.advance(first, min(first + CHUNK, levels[-1]))
            if most is not None and search.known.size > most:
                raise TooLarge(f"more than {most:,} states: take smaller bounds, or SPIN as the engine")
        levels.append(search.known.size)
    return search.result(tuple(levels[:-1]), time.process_time() - began)


class _Search:
    """What a breadth-first search has found so far."""

    def __init__(self, codes: Codes, edges: bool) -> None:
        self.codes = codes
        self.known = StateSet()
        self.known.add(np.array([codes.start], np.int64))
        self._parents = [np.zeros(1, np.int32)]
        self._movers = [np.zeros(1, np.int8)]
        self._edges: list[NDArray[np.int32]] | None = [] if edges else None
        self._breaks: dict[int, Break] = {}
        self._seen_marks = 0
        self._transitions = 0

    def advance(self, first: int, end: int) -> None:
        """Step the states from number ``first`` up to ``end`` by every process."""
        states = self.known.states[first:end].copy()
        after, places = [], []
        for process in range(len(self.codes.shifts)):
            stepped, effects, able = self.codes.step(states, process)
            after.append(stepped)
            places.append(np.arange(len(states)) if able is None else able)
            self._mark(effects, places[-1], first, process)
        candidates = np.concatenate(after)
        self._transitions += len(candidates)
        sources = np.concatenate(places)
        movers = np.repeat(np.arange(len(after), dtype=np.int8), [len(part) for part in after])
        new, slots = self.known.add(candidates)
        self._parents.append((sources.take(new) + first).astype(np.int32))
        self._movers.append(movers.take(new))
        if self._edges is not None:
            ends = np.full((len(after), len(states)), -1, np.int32)
            ends[movers, sources] = self.known.numbers_at(slots)
            self._edges.append(ends)

    def _mark(self, effects: Numbers, places: Numbers, first: int, process: int) -> None:
        marks = int(np.bitwise_or.reduce(effects)) & MARKS_MASK if len(effects) else 0
        for bit in _bits(marks & ~self._seen_marks):
            place = int(((effects >> bit) & 1).argmax())
            self._breaks[bit] = Break(first + int(places[place]), process)
        self._seen_marks |= marks

    def result(self, levels: tuple[int, ...], cpu_seconds: float) -> Exploration:
        """All of it, once there is nothing new."""
        return Exploration(
            codes=self.codes,
            states=self.known.states[: self.known.size].copy(),
            parents=np.concatenate(self._parents),
            movers=np.concatenate(self._movers),
            levels=levels,
            transitions=self._transitions,
            breaks=self._breaks,
            edges=np.concatenate(self._edges, axis=1) if self._edges is not None else None,
            cpu_seconds=cpu_seconds,
        )


def _bits(mask: int) -> Iterator[int]:
    return (bit for bit in range(mask.bit_length()) if mask >> bit & 1)
