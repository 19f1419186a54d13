"""A queue of work that is alike: bounded or not, counted, and served at a rate whose fractions are carried over.

A rate of 0.3 a tick serves three in ten ticks, not none: whole numbers a tick would be an artefact of the tick. An idle server saves
nothing up. Event: ``Offer(arriving, capacity)``, what arrives and what could be served since the last step. Effect: ``Flow``.
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
    """``arriving`` pieces of work (whole), and ``capacity`` pieces that could be served (a fraction counts)."""

    arriving: T
    capacity: T


class Flow(NamedTuple, Generic[T]):
    """How many were ``admitted``, ``refused`` for want of room, and ``served``."""

    admitted: T
    refused: T
    served: T


class State(NamedTuple, Generic[T]):
    """``waiting`` pieces of work, ``credit``: the fraction of a piece already served, and all ``refused`` so far."""

    waiting: T
    credit: T
    refused: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """``limit`` pieces of work may wait; None is no limit."""

    limit: int | None = None

    def initial(self) -> State[float]:
        """An empty queue."""
        return State(0, 0.0, 0)

    def step(
        self, state: State[float], event: Offer[float], at: Instant, rng: Draw
    ) -> tuple[State[float], Flow[float]]:
        """Admit, then serve."""
        room = math.inf if self.limit is None else self.limit - state.waiting
        admitted = min(event.arriving, room)
        waiting = state.waiting + admitted
        credit = state.credit + event.capacity
        served = min(waiting, math.floor(credit))
        waiting -= served
        credit = credit - served if waiting else 0.0
        refused = event.arriving - admitted
        return State(waiting, credit, state.refused + refused), Flow(admitted, refused, served)

    def step_many(
        self, states: State[NDArray[Any]], events: Offer[NDArray[Any]], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], Flow[NDArray[Any]]]:
        """``step`` of every entity."""
        import numpy as np

        room = np.inf if self.limit is None else self.limit - states.waiting
        admitted = np.minimum(events.arriving, room)
        waiting = states.waiting + admitted
        credit = states.credit + events.capacity
        served = np.minimum(waiting, np.floor(credit))
        waiting = waiting - served
        credit = np.where(waiting > 0, credit - served, 0.0)
        refused = events.arriving - admitted
        return State(waiting, credit, states.refused + refused), Flow(admitted, refused, served)
