"""Deadline propagation: work carries the instant at which its caller stops waiting, and nobody works for a caller who has gone.

Work that cannot end by its deadline is dropped when its turn comes, before it costs anything; what it calls in its turn is given the same
deadline less a margin (as gRPC does). Event: ``Work(deadline, service_ns)`` as its turn comes. Effect: ``Decision``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Work(NamedTuple, Generic[T]):
    """``deadline``: the caller waits until before this instant. ``service_ns``: how long the work itself takes."""

    deadline: T
    service_ns: T


class Decision(NamedTuple, Generic[T]):
    """``served`` 0 or 1, and the ``deadline`` for what this work calls."""

    served: T
    deadline: T


class State(NamedTuple, Generic[T]):
    """``dropped``: how many had no chance any more."""

    dropped: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """``margin_ns``: what is kept for the way back from what the work calls."""

    margin_ns: int = 0

    def initial(self) -> State[int]:
        """Nothing was dropped yet."""
        return State(0)

    def step(self, state: State[int], event: Work[int], at: Instant, rng: Draw) -> tuple[State[int], Decision[int]]:
        """The turn of a piece of work comes at ``at``."""
        served = int(at + event.service_ns <= event.deadline)
        return State(state.dropped + 1 - served), Decision(served, event.deadline - self.margin_ns)

    def step_many(
        self, states: State[NDArray[Any]], events: Work[NDArray[Any]], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], Decision[NDArray[Any]]]:
        """``step`` of every entity."""
        served = (at + events.service_ns <= events.deadline).astype(int)
        return State(states.dropped + 1 - served), Decision(served, events.deadline - self.margin_ns)
