"""A retry budget: retries are paid for by successes.

A bucket of at most ``capacity`` tokens earns ``earn`` for each success, and a retry takes one. With 0.1 it lets through one retry for ten
successes, so that when everything fails, load stays near 1 + ``earn`` times the first tries instead of 1 + retries (Brooker, "Fixing
retries with token buckets and circuit breakers", 2022). Events: ``SUCCESS``, ``RETRY``. Effect: whether the retry may go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUCCESS, RETRY = 0, 1


class State(NamedTuple, Generic[T]):
    """``tokens`` in the bucket."""

    tokens: T


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    """Starts with a full bucket."""

    earn: float = 0.1
    capacity: float = 10.0

    def initial(self) -> State[float]:
        """A full bucket."""
        return State(self.capacity)

    def step(self, state: State[float], event: int, at: Instant, rng: Draw) -> tuple[State[float], bool]:
        """Earn by a success, or ask for a retry."""
        if event == SUCCESS:
            return State(min(self.capacity, state.tokens + self.earn)), False
        allowed = state.tokens >= 1
        return State(state.tokens - allowed), allowed

    def step_many(
        self, states: State[NDArray[Any]], events: NDArray[Any], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        import numpy as np

        allowed = (events == RETRY) & (states.tokens >= 1)
        earned = np.minimum(self.capacity, states.tokens + self.earn)
        return State(np.where(events == SUCCESS, earned, states.tokens - allowed)), allowed
