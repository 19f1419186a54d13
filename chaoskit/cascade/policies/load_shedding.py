"""Load shedding: turn work away early, with a chance that grows with what is waiting, so that what is accepted is answered in time.

Nothing is shed up to ``low`` waiting, everything from ``high`` on, with an evenly growing chance in between (as random early detection
drops packets: Floyd and Jacobson, 1993). Event: how much is waiting as one piece of work arrives. Effect: whether it is shed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant

if TYPE_CHECKING:
    from numpy.typing import NDArray


class State(NamedTuple, Generic[T]):
    """``shed``: how many were turned away."""

    shed: T


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadShedding:
    """``low`` < ``high``, in pieces of work that wait."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high:
            raise ValueError(f"low {self.low} must be at least 0 and below high {self.high}")

    def initial(self) -> State[int]:
        """Nothing was shed yet."""
        return State(0)

    def step(self, state: State[int], event: float, at: Instant, rng: Draw) -> tuple[State[int], bool]:
        """One piece of work arrives; a draw is taken only where the chance is neither 0 nor 1."""
        chance = (event - self.low) / (self.high - self.low)
        shed = chance >= 1 or (chance > 0 and rng.random() < chance)
        return State(state.shed + shed), shed

    def step_many(
        self, states: State[NDArray[Any]], events: NDArray[Any], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        chance = (events - self.low) / (self.high - self.low)
        shed = chance >= 1
        open_ = (chance > 0) & ~shed
        shed[open_] = rng.random(open_) < chance[open_]
        return State(states.shed + shed), shed
