"""A system to explore: processes of a few roles that make calls on one shared value, one call a step.

Everything is a plain, hashable value and every function is pure, so the explorer can number the values and keep what was asked once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Policy(Protocol):
    """A process: the call to make in a local state, and the local state after its answer."""

    @property
    def start(self) -> Any: ...

    def call(self, local: Any) -> Any: ...

    def reply(self, local: Any, answer: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Role:
    """``count`` processes of one policy. ``remembers`` is false where the policy has one local state only; ``finite`` is true where its
    processes move a bounded number of times, then wait for ever: no cycle has a step of theirs."""

    name: str
    policy: Policy
    count: int = 1
    remembers: bool = True
    finite: bool = False


def _never(call: Any, answer: Any) -> bool:
    return False


def _same(local: Any) -> Any:
    return local


@dataclass(frozen=True, slots=True)
class System:
    """``perform(shared, call)`` gives the shared value after a call and the answer, or ``None`` where the call must wait.

    ``marks(before, call, after)`` is a bit mask of the properties that the step breaks. ``goal(shared)`` says where progress wants to be.
    Where ``outdates(call, answer)``, the step also turns the local state of each *other* process into ``outdate(local)``: what a process
    read may go stale without its doing.
    """

    shared: Hashable
    roles: tuple[Role, ...]
    perform: Callable[[Any, Any], tuple[Any, Any] | None]
    marks: Callable[[Any, Any, Any], int]
    goal: Callable[[Any], bool]
    outdates: Callable[[Any, Any], bool] = field(default=_never)
    outdate: Callable[[Any], Any] = field(default=_same)

    @property
    def processes(self) -> tuple[Role, ...]:
        """The role of each process, by its number."""
        return tuple(role for role in self.roles for _ in range(role.count))

    @property
    def start(self) -> State:
        """The state in which everything begins."""
        return State(self.shared, tuple(role.policy.start for role in self.processes))

    def step(self, state: State, process: int) -> Move | None:
        """The one step of a process, or ``None`` where it must wait."""
        policy = self.processes[process].policy
        local = state.locals[process]
        call = policy.call(local)
        effect = self.perform(state.shared, call)
        if effect is None:
            return None
        shared, answer = effect
        locals_ = [self.outdate(other) if self.outdates(call, answer) else other for other in state.locals]
        locals_[process] = policy.reply(local, answer)
        return Move(process, call, answer, state, State(shared, tuple(locals_)))

    def replay(self, processes: Sequence[int]) -> tuple[Move, ...]:
        """The steps of these processes, one after another, from the start. Raises ``ValueError`` where one must wait."""
        state = self.start
        moves: list[Move] = []
        for process in processes:
            move = self.step(state, process)
            if move is None:
                raise ValueError(f"process {process} must wait at step {len(moves) + 1}")
            moves.append(move)
            state = move.after
        return tuple(moves)


@dataclass(frozen=True, slots=True)
class State:
    """The shared value, and the local state of each process."""

    shared: Any
    locals: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """One step: who, its call, the answer, and the states before and after."""

    process: int
    call: Any
    answer: Any
    before: State
    after: State
