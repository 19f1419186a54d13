"""The capacity of a health checker: when it falls behind, its checks come late and count as failed.

In each round the checker can do ``spare`` times the checks that are due. Each change of a target's place costs it as much as
``change_cost`` checks, since routes and records are written anew. What is not done is left over to the next round; once more is left over
than a round can do, that round's checks come late. So alternating checks can keep themselves failing. AWS reported for 20 October 2025
that the load of such changes degraded the Network Load Balancer's health checking; the numbers are assumed, none were published.
Event: a round's ``Load``. Effect: whether the next round is late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Load(NamedTuple, Generic[T]):
    """One round: ``checks`` that were due and targets whose place ``changes``."""

    checks: T
    changes: T


class State(NamedTuple, Generic[T]):
    """``left_over``: work that is not done yet, in checks."""

    left_over: T


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckerCapacity:
    """``spare`` is at least 1, or the checker would be late without any change; ``change_cost`` is in checks."""

    spare: float = 1.5
    change_cost: float = 2.0

    def __post_init__(self) -> None:
        if self.spare < 1 or self.change_cost < 0:
            raise ValueError(f"spare {self.spare} must be at least 1, and change_cost {self.change_cost} at least 0")

    def initial(self) -> State[float]:
        """Nothing is left over."""
        return State(0.0)

    def step(self, state: State[float], event: Load[float], at: Instant, rng: Draw) -> tuple[State[float], bool]:
        """A round is over."""
        able = self.spare * event.checks
        left_over = max(0.0, state.left_over + event.checks + self.change_cost * event.changes - able)
        return State(left_over), left_over > able

    def step_many(
        self, states: State[NDArray[Any]], events: Load[NDArray[Any]], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        import numpy as np

        able = self.spare * events.checks
        left_over = np.maximum(0.0, states.left_over + events.checks + self.change_cost * events.changes - able)
        return State(left_over), left_over > able
