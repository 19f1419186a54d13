"""A system as Promela, for SPIN: an independent search over the very tables that our own explorer steps by.

The file holds the system as tables in C and one control location per process, so SPIN's state is the shared value's number and the local
states' numbers, and nothing else. Pairs that no run can meet (by the closure below) are ``UNKNOWN``, and meeting one is an error.
(SPIN's embedded C: Holzmann, The SPIN Model Checker, chapter 17.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from chaoskit.errors import InputError
from chaoskit.sim.system import System
from chaoskit.sim.tables import (
    ANSWER_MASK,
    ANSWER_SHIFT,
    BLOCKED,
    MARKS_MASK,
    OUTDATES,
    SHARED_SHIFT,
    RoleTable,
    Tables,
)

TEMPLATE = Path(__file__).parent / "model.pml.j2"


BLOCK = 30_000
"""Characters of C in one ``c_decl``; SPIN takes no more than 65,536."""


def promela(system: System, title: str, properties: Sequence[str]) -> str:
    """The whole model. ``properties`` names the bits of the system's marks, for the comment that tells how to check each."""
    import jinja2

    tables = closed_tables(system)
    shared = len(tables.shared.values)
    rows = [f"static const Effect effect_{number}[] = {{ {row} }};" for number, row in _effect_rows(tables).items()]
    roles = []
    first = 0
    for table in tables.roles:
        name, count = table.role.name, len(table.locals.values)
        replies = _reply_rows(table)
        rows += [f"static const Reply {name}_reply_{local}[] = {{ {row} }};" for local, row in replies.items()]
        roles.append({
            "role": table.role,
            "first": first,
            "start": table.start,
            "locals": count,
            "reply_rows": ",".join(f"{name}_reply_{local}" if local in replies else "0" for local in range(count)),
            "call": ",".join(map(str, table.calls[:count].tolist())),
            "outdated": ",".join(map(str, table.outdated[:count].tolist())),
        })  # fmt: skip
        first += table.role.count
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    return environment.from_string(TEMPLATE.read_text()).render(
        title=title,
        properties=properties,
        roles=roles,
        blocks=_blocks(rows),
        shared=shared,
        start=tables.start,
        effect_rows=",".join(f"effect_{number}" for number in range(shared)),
        goal=",".join(map(str, tables.goal[:shared].tolist())),
    )


def _effect_rows(tables: Tables) -> dict[int, str]:
    """Per shared value, its row of effects, by call; the last entry makes every row as long as there are calls."""
    cells: dict[int, list[str]] = {number: [] for number in range(len(tables.shared.values))}
    for shared, call, effect in tables.known_effects():
        if effect == BLOCKED:
            cells[shared].append(f"[{call}]={{1,1}}")
            continue
        answer = (effect >> ANSWER_SHIFT) & ANSWER_MASK
        values = (1, 0, effect >> SHARED_SHIFT, answer, effect & MARKS_MASK, int(bool(effect & OUTDATES)))
        cells[shared].append(f"[{call}]={{{','.join(map(str, values))}}}")
    return {shared: ",".join([*row, f"[{len(tables.calls.values)}]={{0}}"]) for shared, row in cells.items()}


def _reply_rows(table: RoleTable) -> dict[int, str]:
    """Per local state, its row of replies, by answer."""
    cells: dict[int, list[str]] = {}
    for local, answer, reply in table.known_replies():
        cells.setdefault(local, []).append(f"[{answer}]={{1,{reply}}}")
    last = f"[{table.answers}]={{0}}"
    return {local: ",".join([*row, last]) for local, row in cells.items()}


def _blocks(rows: Sequence[str]) -> list[str]:
    """The rows in blocks that SPIN takes. Raises ``InputError`` for a row that is too long by itself."""
    blocks: list[list[str]] = [[]]
    size = 0
    for row in rows:
        if len(row) > 2 * BLOCK:
            raise InputError("the model is too large for SPIN's parser: take smaller bounds")
        if size + len(row) > BLOCK:
            blocks.append([])
            size = 0
        blocks[-1].append(row)
        size += len(row) + 1
    return ["\n".join(block) for block in blocks]


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
