"""A connection ramp: after an outage a client dials slowly at first, and faster as time goes by, instead of all at once.

The allowed rate is ``start_per_s``, doubled every ``double_ns``, up to ``most_per_s``. Fractions are carried over; at most one second's
worth is saved up. Event: how many connections are wanted now; ``RESET`` (negative) begins the ramp anew. Effect: how many may be dialled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant
from chaoskit.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESET = -1

_MOST_DOUBLINGS = 60


class State(NamedTuple, Generic[T]):
    """``began``: when the ramp began; ``allowance`` of connections at the instant ``at``."""

    began: T
    allowance: T
    at: T


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRamp:
    """Rates in connections a second."""

    start_per_s: float
    most_per_s: float
    double_ns: int

    def initial(self, at: Instant = 0) -> State[float]:
        """A ramp that begins at ``at``."""
        return State(at, 0.0, at)

    def rate_per_s(self, since_ns: float) -> float:
        """The allowed rate so long after the ramp's beginning."""
        doublings = int(min(since_ns // self.double_ns, _MOST_DOUBLINGS))
        return min(self.most_per_s, math.ldexp(self.start_per_s, doublings))

    def step(self, state: State[float], event: float, at: Instant, rng: Draw) -> tuple[State[float], float]:
        """Ask for ``event`` connections at ``at``."""
        if event < 0:
            return self.initial(at), 0
        rate = self.rate_per_s(at - state.began)
        allowance = min(max(rate, 1.0), state.allowance + rate * ((at - state.at) / SECOND))
        dialled = min(event, math.floor(allowance))
        return State(state.began, allowance - dialled, at), dialled

    def step_many(
        self, states: State[NDArray[Any]], events: NDArray[Any], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        import numpy as np

        resets = events < 0
        instants = np.broadcast_to(np.asarray(at), states.began.shape)
        began = np.where(resets, instants, states.began)
        doublings = np.minimum((instants - began) // self.double_ns, _MOST_DOUBLINGS).astype(np.int64)
        rate = np.minimum(self.most_per_s, np.ldexp(self.start_per_s, doublings))
        allowance = np.minimum(np.maximum(rate, 1.0), states.allowance + rate * ((instants - states.at) / SECOND))
        allowance = np.where(resets, 0.0, allowance)
        dialled = np.where(resets, 0, np.minimum(events, np.floor(allowance)))
        return State(began, allowance - dialled, instants), dialled
