"""Health checks with thresholds and damping: when a target enters and leaves service.

``rise`` passes in a row bring it in, ``fall`` failures in a row take it out (as load balancers count them). Each change adds 1 to a
penalty that decays evenly. From ``suppress`` on, a target that keeps changing is put in service and stays there until the penalty is
down to ``reuse``: checks that pass and fail in turn say more about the checks than about the target. (The penalty is the idea of route
flap damping, RFC 2439, which decays exponentially and leaves out what flaps.) Without damping, ``suppress`` is None.
Events: ``PASSED``, ``FAILED``. Effect: whether the target is in service after the event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant
from chaoskit.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

PASSED, FAILED = 0, 1


class State(NamedTuple, Generic[T]):
    """``serving`` and ``damped`` are 0 or 1; ``streak`` counts outcomes that speak against the place; ``at`` the last check."""

    serving: T
    streak: T
    penalty: T
    damped: T
    at: T


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthDamping:
    """``decay_per_s``: how much of the penalty goes in a second."""

    rise: int = 2
    fall: int = 2
    suppress: float | None = None
    reuse: float = 1.0
    decay_per_s: float = 0.01

    def initial(self, serving: bool = True) -> State[float]:
        """A target in or out of service, without a past."""
        return State(int(serving), 0, 0.0, 0, 0)

    def step(self, state: State[float], event: int, at: Instant, rng: Draw) -> tuple[State[float], bool]:
        """A check's outcome at ``at``."""
        penalty = max(0.0, state.penalty - self.decay_per_s * ((at - state.at) / SECOND))
        damped = 1 if state.damped and penalty > self.reuse else 0
        against = event == (FAILED if state.serving else PASSED)
        streak = state.streak + 1 if against else 0
        changes = streak >= (self.fall if state.serving else self.rise) and not damped
        if changes:
            penalty, streak = penalty + 1, 0
            damped = 1 if self.suppress is not None and penalty >= self.suppress else 0
        serving = 1 if damped else 1 - state.serving if changes else state.serving
        return State(serving, streak, penalty, damped, at), bool(serving)

    def step_many(
        self, states: State[NDArray[Any]], events: NDArray[Any], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        import numpy as np

        in_service = states.serving > 0
        penalty = np.maximum(0.0, states.penalty - self.decay_per_s * ((at - states.at) / SECOND))
        damped = (states.damped > 0) & (penalty > self.reuse)
        against = events == np.where(in_service, FAILED, PASSED)
        streak = np.where(against, states.streak + 1, 0)
        changes = (streak >= np.where(in_service, self.fall, self.rise)) & ~damped
        penalty = np.where(changes, penalty + 1, penalty)
        streak = np.where(changes, 0, streak)
        suppressed = False if self.suppress is None else penalty >= self.suppress
        damped = np.where(changes, suppressed, damped)
        serving = (in_service ^ changes) | (damped > 0)
        instants = np.broadcast_to(np.asarray(at), penalty.shape)
        return State(serving.astype(np.int64), streak, penalty, damped.astype(np.int64), instants), serving
