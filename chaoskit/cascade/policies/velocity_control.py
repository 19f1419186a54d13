"""Velocity control: how fast capacity may be taken out of service, whatever asks for it.

AWS announced it for the Network Load Balancer after 20 October 2025: a limit on the capacity that one NLB may remove when health checks
fail over a zone. The form is ours, a token bucket: in any time ``d`` at most ``most`` * (1 + d / window) is removed.
Event: how much capacity should go (a negative amount comes back, and earns nothing). Effect: how much may go now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant

if TYPE_CHECKING:
    from numpy.typing import NDArray


class State(NamedTuple, Generic[T]):
    """``allowance``: what could go at once at the instant ``at``. ``held_back``: all that was asked and not allowed."""

    allowance: T
    at: T
    held_back: T


@dataclass(frozen=True, slots=True, kw_only=True)
class VelocityControl:
    """At most ``most`` units of capacity at once, and as much again in each ``window_ns``."""

    most: float
    window_ns: int

    def initial(self, at: Instant = 0) -> State[float]:
        """The whole allowance is there."""
        return State(self.most, at, 0.0)

    def step(self, state: State[float], event: float, at: Instant, rng: Draw) -> tuple[State[float], float]:
        """Ask to remove ``event`` at ``at``."""
        allowance = min(self.most, state.allowance + self.most * ((at - state.at) / self.window_ns))
        wish = max(0.0, event)
        granted = min(wish, allowance)
        return State(allowance - granted, at, state.held_back + (wish - granted)), granted

    def step_many(
        self, states: State[NDArray[Any]], events: NDArray[Any], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        import numpy as np

        allowance = np.minimum(self.most, states.allowance + self.most * ((at - states.at) / self.window_ns))
        wish = np.maximum(0.0, events)
        granted = np.minimum(wish, allowance)
        instants = np.broadcast_to(np.asarray(at), allowance.shape)
        return State(allowance - granted, instants, states.held_back + (wish - granted)), granted
