"""Schedules: what is done to which call of which program. Pure data, named by program and call number, never by time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True, order=True)
class CallId:
    """The call ``number`` of a program, counted from 1 in the order in which its calls arrive; restarts count on."""

    program: str
    number: int

    def __str__(self) -> str:
        return f"{self.program} call {self.number}"


@dataclass(frozen=True, slots=True)
class Hold:
    """``call`` is not released before ``until`` has been answered. It is void when the program of ``until`` has ended."""

    call: CallId
    until: CallId

    def __str__(self) -> str:
        return f"{self.call} is held until {self.until} has been answered"


@dataclass(frozen=True, slots=True)
class Crash:
    """The program is killed when its ``call`` has taken effect and before it gets the answer; then it is started anew."""

    call: CallId

    def __str__(self) -> str:
        return (
            f"{self.call.program} is killed after its call {self.call.number} took effect, unanswered, and started anew"
        )


@dataclass(frozen=True, slots=True)
class StaleRead:
    """The read ``call`` is answered from version ``as_of`` of the zone: 0 is the first, and each change makes another."""

    call: CallId
    as_of: int

    def __str__(self) -> str:
        return f"{self.call} is answered from version {self.as_of} of the zone"


@dataclass(frozen=True, slots=True)
class Failure:
    """``call`` is answered with an error of the server: ``before`` it takes effect (it takes none), or ``after``."""

    call: CallId
    when: Literal["before", "after"]

    def __str__(self) -> str:
        effect = "took no effect" if self.when == "before" else "took effect"
        return f"{self.call} is answered with a server's error, and {effect}"


Step: TypeAlias = Hold | Crash | StaleRead | Failure


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run's schedule. Without steps the programs run one after the other, in ``order``, each to its end.

    A program goes on while its next call is not held; then, or when it has ended, comes the first in ``order`` that can go on.
    """

    order: tuple[str, ...]
    steps: tuple[Step, ...] = ()

    @property
    def holds(self) -> dict[CallId, CallId]:
        """What each held call waits for."""
        return {step.call: step.until for step in self.steps if isinstance(step, Hold)}
