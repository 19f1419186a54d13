"""When a policy's next call is due. The live and the simulated driver both ask it, so they wait alike."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from chaoskit.clock import Instant
from chaoskit.race.calls import Answer, Applied, Call, LockLost
from chaoskit.race.enactor import LOSERS
from chaoskit.race.policy import Policy


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times in nanoseconds. The first pass begins ``first`` after the start of the race, each other one ``rest`` after the end of the
    one before.

    Within a pass a call is sent ``pace`` after the one before it, or when that is answered, if that is later.
    """

    rest: int
    first: int = 0
    pace: int = 0


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

    @property
    def next_call(self) -> Call:
        """The call that is due next."""
        return self.policy.call(self.local)

    def send(self, at: Instant) -> Call:
        """The call to make now."""
        self._sent = at
        return self.next_call

    def take(self, answer: Answer, at: Instant) -> None:
        """Go where the answer leads. Whoever loses the lock several times in a row waits longer each time, as ``LOSERS`` says.

        The reads between two lost batches break no row; a batch that was applied ends it, and so does the pass.
        """
        self.local = self.policy.reply(self.local, answer)
        pause: int | None = None
        if isinstance(answer, LockLost):
            self._losses += 1
            pause = LOSERS.sleep(self._losses, self.rng)
        elif isinstance(answer, Applied) or self.begins_pass:
            self._losses = 0
        self.due = max(self._sent + self.schedule.pace, at + (pause or 0))
        if self.begins_pass and pause is None:  # a loser that restarts its pass is still in it
            self.due = at + self.schedule.rest
