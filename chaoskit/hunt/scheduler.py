"""The scheduler of one run: hears what programs do, says which held call goes next. Pure, for real programs and simulated ones.

One call is under way at a time. A decision waits for the chosen program alone, until its call is there, it has ended, or it is idle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.hunt.policies import Policy, ProgramView
from chaoskit.hunt.schedule import CallId, Crash, Failure, StaleRead, Step


@dataclass(frozen=True, slots=True)
class Release:
    """Let ``call`` go, with what befalls it."""

    call: CallId
    as_of: int | None = None
    fail: Literal["before", "after"] | None = None
    crash: bool = False


@dataclass(frozen=True, slots=True)
class Await:
    """Nothing to do until ``program`` calls, ends or is idle."""

    program: str


@dataclass(frozen=True, slots=True)
class Over:
    """No program can go on."""


Decision: TypeAlias = Release | Await | Over


@dataclass(slots=True)
class _Program:
    arrived: int = 0
    released: int = 0
    ended: bool = False
    idle: bool = False


class Scheduler:
    """See the module. ``policy`` chooses; ``steps`` are the crashes, stale reads and failures (holds are the policy's affair)."""

    def __init__(self, programs: Sequence[str], policy: Policy, steps: Sequence[Step] = ()) -> None:
        self._policy = policy
        self._programs = {name: _Program() for name in programs}
        self._under_way: CallId | None = None
        self._answered: dict[str, int] = {}
        self._crashes = {step.call for step in steps if isinstance(step, Crash)}
        self._stale = {step.call: step.as_of for step in steps if isinstance(step, StaleRead)}
        self._failures = {step.call: step.when for step in steps if isinstance(step, Failure)}

    def arrived(self, program: str) -> CallId:
        """A call of ``program`` has come, and is held; returns its number."""
        state = self._programs[program]
        state.arrived += 1
        state.idle = False
        return CallId(program, state.arrived)

    def answered(self, call: CallId) -> None:
        """The call that was released has been answered."""
        self._answered[call.program] = call.number
        self._under_way = None

    def idle(self, program: str) -> None:
        """It neither computes nor calls."""
        self._programs[program].idle = True

    def ended(self, program: str) -> None:
        """It has ended, with whatever exit code."""
        self._programs[program].ended = True

    def restarted(self, program: str) -> None:
        """It was killed, and runs anew. What the one before it had sent and not been answered is void."""
        state = self._programs[program]
        state.ended = state.idle = False
        state.released = state.arrived

    def decide(self) -> Decision:
        """What to do next."""
        if self._under_way is not None:
            return Await(self._under_way.program)
        views = [
            ProgramView(name, CallId(name, state.released + 1), state.idle)
            for name, state in self._programs.items()
            if not state.ended or state.released < state.arrived
        ]
        name = self._policy.choose(views, self._answered)
        if name is None:
            return Over()
        state = self._programs[name]
        if state.released == state.arrived:
            return Await(name)
        state.released += 1
        call = self._under_way = CallId(name, state.released)
        self._policy.released(name)
        return Release(call, self._stale.get(call), self._failures.get(call), call in self._crashes)
