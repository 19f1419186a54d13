"""A state check that comes round: every ``period_ns`` while it succeeds, after ``retry_ns`` (more or less) when it fails.

The droplet workflow manager must complete one for every host it holds within a few minutes, through DynamoDB (AWS, summary of the event
of 20 October 2025). Events: ``PASSED``, ``FAILED``, at the instant the outcome is known. Effect: the instant of the next check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant

if TYPE_CHECKING:
    from numpy.typing import NDArray

PASSED, FAILED = 0, 1


class State(NamedTuple, Generic[T]):
    """``due``: when the next check begins. ``misses``: failures since the last success."""

    due: T
    misses: T


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCheck:
    """``spread`` (0 to 1) draws each retry's delay evenly from ``retry_ns`` * (1 - spread) to ``retry_ns`` * (1 + spread)."""

    period_ns: int
    retry_ns: int
    spread: float = 0.5

    def initial(self, due: Instant = 0) -> State[int]:
        """The first check is at ``due``."""
        return State(due, 0)

    def step(self, state: State[int], event: int, at: Instant, rng: Draw) -> tuple[State[int], Instant]:
        """The outcome of a check is known at ``at``."""
        if event == PASSED:
            due = at + self.period_ns
            return State(due, 0), due
        due = at + round(self.retry_ns * (1 + self.spread * (2 * rng.random() - 1)))
        return State(due, state.misses + 1), due

    def step_many(
        self, states: State[NDArray[Any]], events: NDArray[Any], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        import numpy as np

        failed = events == FAILED
        delay = np.full(len(states.due), self.period_ns, dtype=np.int64)
        delay[failed] = np.rint(self.retry_ns * (1 + self.spread * (2 * rng.random(failed) - 1))).astype(np.int64)
        due = at + delay
        return State(due, np.where(failed, states.misses + 1, 0)), due
