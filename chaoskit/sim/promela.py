"""A system as Promela, for SPIN: an independent search over the very tables that our own explorer steps by.

The file holds the system as tables in C and one control location per process, so SPIN's state is the shared value's number and the local
states' numbers, and nothing else. Pairs that no run can meet (by the closure below) are ``UNKNOWN``, and meeting one is an error.
(SPIN's embedded C: Holzmann, The SPIN Model Checker, chapter 17.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from chaoskit.sim.system import System
from chaoskit.sim.tables import (
    ANSWER_MASK,
    ANSWER_SHIFT,
    BLOCKED,
    MARKS_MASK,
    OUTDATES,
    SHARED_SHIFT,
    Numbers,
    RoleTable,
    Tables,
)

TEMPLATE = Path(__file__).parent / "model.pml.j2"


def promela(system: System, title: str, properties: Sequence[str]) -> str:
    """The whole model. ``properties`` names the bits of the system's marks, for the comment that tells how to check each."""
    import jinja2

    tables = closed_tables(system)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    roles = []
    first = 0
    for table in tables.roles:
        roles.append({"role": table.role, "first": first, **_role_arrays(table, tables)})
        first += table.role.count
    shared, calls = len(tables.shared.values), len(tables.calls.values)
    grid = np.indices((shared, calls))
    known = tables.peek(grid[0].ravel(), grid[1].ravel())
    effective = np.where(known < 0, 0, known)
    return environment.from_string(TEMPLATE.read_text()).render(
        title=title,
        properties=properties,
        roles=roles,
        shared=shared,
        calls=calls,
        answers=len(tables.answers.values),
        start=tables.start,
        processes=first,
        after=_rows(np.where(known < 0, known, effective >> SHARED_SHIFT), calls),
        answer=_rows((effective >> ANSWER_SHIFT) & ANSWER_MASK, calls),
        marks=_rows(effective & MARKS_MASK, calls),
        outdates=_rows((effective & OUTDATES != 0).astype(np.int64), calls),
        goal=_rows(tables.goal[:shared], shared),
    )


def _role_arrays(table: RoleTable, tables: Tables) -> dict[str, object]:
    count, answers = len(table.locals.values), len(tables.answers.values)
    after = np.full((count, answers), -1, np.int64)
    for local, answer, reply in table.known_replies():
        after[local, answer] = reply
    return {
        "start": table.start,
        "locals": count,
        "call": _rows(table.calls[:count], count),
        "reply": _rows(after.ravel(), answers),
        "outdated": _rows(table.outdated[:count], count),
    }


def _rows(values: Numbers, width: int) -> str:
    cells = [str(value) for value in values.tolist()]
    return ",\n  ".join(",".join(cells[first : first + width]) for first in range(0, len(cells), width))


def closed_tables(system: System) -> Tables:
    """Tables with every pair that any number of processes could meet, and few more; no state is explored.

    It is the thread-modular closure: which local states can stand beside which shared values, where each process sees of the others only
    how they change the shared value. (Flanagan and Qadeer, "Thread-Modular Model Checking", SPIN 2003.)
    """
    return _Closure(Tables(system)).close()


class _Closure:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._beside: dict[int, list[set[int]]] = {}
        """Per shared value and role, the local states that can stand beside it."""
        self._ways: dict[int, set[tuple[int, bool]]] = {}
        """Per shared value, those that one step leads to, and whether the step outdates."""
        self._stepped: set[tuple[int, int, int]] = set()
        self._queue: deque[int] = deque()

    def close(self) -> Tables:
        for role, table in enumerate(self._tables.roles):
            self._add(self._tables.start, role, [table.start])
        while self._queue:
            shared = self._queue.popleft()
            for role, table in enumerate(self._tables.roles):
                fresh = [local for local in self._beside[shared][role] if (shared, role, local) not in self._stepped]
                for local in fresh:
                    self._stepped.add((shared, role, local))
                    self._step(shared, role, table, local)
            for after, outdates in list(self._ways.get(shared, ())):
                self._carry(shared, after, outdates)
        return self._tables

    def _step(self, shared: int, role: int, table: RoleTable, local: int) -> None:
        effect = self._tables.effect_of(shared, int(table.calls[local]))
        if effect == BLOCKED:
            return
        after = effect >> SHARED_SHIFT
        reply = table.reply_to(local, (effect >> ANSWER_SHIFT) & ANSWER_MASK)
        self._ways.setdefault(shared, set()).add((after, bool(effect & OUTDATES)))
        self._add(after, role, [reply])

    def _carry(self, shared: int, after: int, outdates: bool) -> None:
        """What stands beside a shared value stands beside the next one, once another process has stepped."""
        for role, table in enumerate(self._tables.roles):
            locals_ = self._beside[shared][role]
            self._add(after, role, {int(table.outdated[local]) for local in locals_} if outdates else set(locals_))

    def _add(self, shared: int, role: int, locals_: Iterable[int]) -> None:
        beside = self._beside.setdefault(shared, [set() for _ in self._tables.roles])[role]
        before = len(beside)
        beside.update(locals_)
        if len(beside) > before:
            self._queue.append(shared)
