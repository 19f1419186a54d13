"""Throttling of incoming work by the length of the queue it would wait in.

AWS announced it for EC2 after 20 October 2025 ("throttling of incoming work by the size of the waiting queue"); the form is ours: all
is admitted up to ``low`` waiting, none from ``high`` on, and a share that falls evenly in between, with fractions carried over.
Event: ``Offer(arriving, waiting)``. Effect: how many are admitted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Offer(NamedTuple, Generic[T]):
    """``arriving`` pieces of work (whole) while ``waiting`` are in the queue."""

    arriving: T
    waiting: T


class State(NamedTuple, Generic[T]):
    """``carry``: the fraction admitted but not yet let in. ``throttled``: all that were turned away."""

    carry: T
    throttled: T


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueThrottle:
    """``low`` and ``high`` are lengths of the queue, ``low`` < ``high``."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high:
            raise ValueError(f"low {self.low} must be at least 0 and below high {self.high}")

    def initial(self) -> State[float]:
        """Nothing was throttled yet."""
        return State(0.0, 0)

    def step(self, state: State[float], event: Offer[float], at: Instant, rng: Draw) -> tuple[State[float], float]:
        """Admit what the queue's length allows, and never beyond ``high`` waiting."""
        share = min(1.0, max(0.0, (self.high - event.waiting) / (self.high - self.low)))
        due = event.arriving * share + state.carry
        room = max(0.0, math.ceil(self.high - event.waiting))
        admitted = min(math.floor(due), event.arriving, room)
        return State(due - math.floor(due), state.throttled + event.arriving - admitted), admitted

    def step_many(
        self, states: State[NDArray[Any]], events: Offer[NDArray[Any]], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        import numpy as np

        share = np.minimum(1.0, np.maximum(0.0, (self.high - events.waiting) / (self.high - self.low)))
        due = events.arriving * share + states.carry
        room = np.maximum(0.0, np.ceil(self.high - events.waiting))
        admitted = np.minimum(np.minimum(np.floor(due), events.arriving), room)
        return State(due - np.floor(due), states.throttled + events.arriving - admitted), admitted
