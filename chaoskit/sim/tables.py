"""A system as tables of numbers: every shared value, local state, call and answer gets a number when it is first met.

Two tables hold the system: what a call does to a shared value, and where an answer leads a local state. They are filled on demand,
by one call of the policies' ordinary Python for each pair that is met. (Millions of states have thousands of such pairs.)
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chaoskit.errors import InputError
from chaoskit.sim.system import Role, System

Numbers: TypeAlias = NDArray[np.int64]

UNKNOWN, BLOCKED = -1, -2
SHARED_SHIFT, SHARED_BITS = 45, 18
"""Where a state, and an effect, hold the number of the shared value. Below it a state has its local states."""
OUTDATES = 1 << 44
ANSWER_SHIFT, ANSWER_MASK = 28, (1 << 16) - 1
MARKS_MASK = (1 << 28) - 1
SHARED_MASK = ((1 << SHARED_BITS) - 1) << SHARED_SHIFT


class TooLarge(InputError):
    """There are more values than the explorer's numbers have room for."""


class Numbering:
    """Numbers values in the order in which they are met."""

    def __init__(self, what: str, most: int) -> None:
        self._what, self._most = what, most
        self.values: list[Any] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, value: Hashable) -> int:
        """The value's number. Raises ``TooLarge`` where there is none left."""
        number = self._numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            if number >= self._most:
                raise TooLarge(f"more than {self._most} {self._what}: take smaller bounds")
            self.values.append(value)
        return number


class RoleTable:
    """The local states of one role: their calls, their ways on, and what they become when outdated."""

    def __init__(self, role: Role, tables: Tables, most: int) -> None:
        self.role, self._tables = role, tables
        self.locals = Numbering(f"local states of a {role.name}", most)
        self.calls = np.empty(0, np.int64)
        self.outdated = np.empty(0, np.int64)
        self._next = np.empty((64, 64), np.int64)
        self._next.fill(UNKNOWN)
        self.start = self.number(role.policy.start)

    def number(self, local: Hashable) -> int:
        """The number of a local state; a new one is entered with its call and, by its number, what it becomes when outdated."""
        number = self.locals.number(local)
        if number >= len(self.calls):
            self.calls = _longer(self.calls, number + 1)
            self.outdated = _longer(self.outdated, number + 1)
        if self.calls[number] == UNKNOWN:
            self.calls[number] = self._tables.calls.number(self.role.policy.call(local))
            self.outdated[number] = number  # ends the recursion: what is outdated once does not change again
            self.outdated[number] = self.number(self._tables.system.outdate(local))
        return number

    def replies(self, local: Numbers, answer: Numbers) -> Numbers:
        """The local states after the answers."""
        while True:
            self._next = _roomy(self._next, len(self.locals.values), len(self._tables.answers.values))
            width = self._next.shape[1]
            place = local * width + answer
            after = self._next.ravel().take(place)
            if not len(after) or int(after.min()) >= 0:
                return after
            unknown = after < 0
            for pair in np.unique(place[unknown]).tolist():
                self.reply_to(*divmod(pair, width))

    @property
    def answers(self) -> int:
        """How many answers the system has."""
        return len(self._tables.answers.values)

    def reply_to(self, local: int, answer: int) -> int:
        """The local state after one answer."""
        self._next = _roomy(self._next, len(self.locals.values), len(self._tables.answers.values))
        if self._next[local, answer] == UNKNOWN:
            reply = self.role.policy.reply(self.locals.values[local], self._tables.answers.values[answer])
            self._next[local, answer] = self.number(reply)
        return int(self._next[local, answer])

    def known_replies(self) -> list[tuple[int, int, int]]:
        """(local, answer, local after) of every pair that was met."""
        rows, columns = np.nonzero(self._next >= 0)
        return list(zip(rows.tolist(), columns.tolist(), self._next[rows, columns].tolist(), strict=True))


class Tables:
    """A system's numbers. ``width`` is the bits that a state has for one local state."""

    def __init__(self, system: System) -> None:
        remembering = sum(role.count for role in system.roles if role.remembers)
        self.system = system
        self.width = min(20, SHARED_SHIFT // max(1, remembering))
        self.shared = Numbering("shared values", 1 << SHARED_BITS)
        self.calls = Numbering("calls", 1 << 20)
        self.answers = Numbering("answers", ANSWER_MASK + 1)
        self.goal = np.empty(0, np.int64)
        self.roles = [RoleTable(role, self, 1 << self.width if role.remembers else 1) for role in system.roles]
        self._effects = np.empty((64, 64), np.int64)
        self._effects.fill(UNKNOWN)
        self.start = self.number(system.shared)

    def number(self, shared: Hashable) -> int:
        """The number of a shared value."""
        number = self.shared.number(shared)
        if number >= len(self.goal):
            self.goal = _longer(self.goal, number + 1)
        if self.goal[number] == UNKNOWN:
            self.goal[number] = self.system.goal(shared)
        return number

    def effects(self, shared: Numbers, call: Numbers) -> Numbers:
        """What the calls do: the new shared value, the answer, the marks and whether others are outdated; or ``BLOCKED``."""
        while True:
            self._effects = _roomy(self._effects, len(self.shared.values), len(self.calls.values))
            width = self._effects.shape[1]
            place = shared * width + call
            effect = self._effects.ravel().take(place)
            if not len(effect) or int(effect.min()) >= 0:
                return effect
            unknown = effect == UNKNOWN
            if not unknown.any():
                return effect
            for pair in np.unique(place[unknown]).tolist():
                self.effect_of(*divmod(pair, width))

    def _effect(self, shared: int, call: int) -> int:
        before, request = self.shared.values[shared], self.calls.values[call]
        effect = self.system.perform(before, request)
        if effect is None:
            return BLOCKED
        after, answer = effect
        marks = self.system.marks(before, request, after)
        outdates = OUTDATES if self.system.outdates(request, answer) else 0
        return self.number(after) << SHARED_SHIFT | outdates | self.answers.number(answer) << ANSWER_SHIFT | marks

    def effect_of(self, shared: int, call: int) -> int:
        """The effect of one call."""
        self._effects = _roomy(self._effects, len(self.shared.values), len(self.calls.values))
        if self._effects[shared, call] == UNKNOWN:
            self._effects[shared, call] = self._effect(shared, call)
        return int(self._effects[shared, call])

    def known_effects(self) -> list[tuple[int, int, int]]:
        """(shared, call, effect) of every pair that was met, those that must wait included."""
        rows, columns = np.nonzero(self._effects != UNKNOWN)
        return list(zip(rows.tolist(), columns.tolist(), self._effects[rows, columns].tolist(), strict=True))


def _longer(array: Numbers, least: int) -> Numbers:
    longer = np.full(max(64, 2 * least), UNKNOWN, np.int64)
    longer[: len(array)] = array
    return longer


def _roomy(table: Numbers, rows: int, columns: int) -> Numbers:
    """The table, or a copy of it with room for more."""
    if rows <= table.shape[0] and columns <= table.shape[1]:
        return table
    shape = [have if need <= have else 2 * need for have, need in zip(table.shape, (rows, columns), strict=True)]
    larger = np.full(shape, UNKNOWN, np.int64)
    larger[: table.shape[0], : table.shape[1]] = table
    return larger
