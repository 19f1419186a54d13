"""When a policy's next call is due. The live and the simulated driver both ask it, so they wait alike."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from chaoskit.clock import Instant
from chaoskit.race.calls import Answer, Call, LockLost
from chaoskit.race.enactor import LOSERS
from chaoskit.race.policy import Policy


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times in nanoseconds from the start of the race.

    A pass begins at ``first + n * every``; what falls due while one is under way is left out. Within a pass a call is sent
    ``pace`` after the one before it, or when that is answered, if that is later.
    """

    every: int
    first: int = 0
    pace: int = 0

    def next_pass(self, after: Instant) -> Instant:
        """The first beginning of a pass that is ``after`` or later."""
        return self.first + max(0, -(-(after - self.first) // self.every)) * self.every


@dataclass(slots=True)
class Participant:
    """A policy under way: its local state, and when its next call is due. Nothing here waits, sends or reads a clock."""

    policy: Policy[Any]
    schedule: Schedule
    rng: random.Random
    local: Any = None
    due: Instant = 0
    _losses: int = 0
    _sent: Instant = field(default=0)

    def __post_init__(self) -> None:
        self.local = self.policy.start
        self.due = self.schedule.first

    @property
    def begins_pass(self) -> bool:
        """Whether the call that is due is the first of a pass."""
        return bool(self.local == self.policy.start)

    def send(self, at: Instant) -> Call:
        """The call to make now."""
        self._sent = at
        return self.policy.call(self.local)

    def take(self, answer: Answer, at: Instant) -> None:
        """Go where the answer leads. Losers of the lock wait longer each time, as ``LOSERS`` says."""
        self.local = self.policy.reply(self.local, answer)
        self._losses = self._losses + 1 if isinstance(answer, LockLost) else 0
        if self.begins_pass:
            self.due = self.schedule.next_pass(at)
            return
        pause = LOSERS.sleep(self._losses, self.rng) if self._losses else 0
        self.due = max(self._sent + self.schedule.pace, at + pause)
