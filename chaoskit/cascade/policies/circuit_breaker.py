"""A circuit breaker: after ``failures`` in a row nobody asks for ``open_ns``; then ``probes`` may try, and the first outcome decides.

(Nygard, "Release It!", 2007.) Events: ``ASK`` before a call, ``SUCCESS`` and ``FAILURE`` after one. Effect: whether the call may go
(False after an outcome).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant

if TYPE_CHECKING:
    from numpy.typing import NDArray

ASK, SUCCESS, FAILURE = 0, 1, 2
CLOSED, OPEN, HALF_OPEN = 0, 1, 2


class State(NamedTuple, Generic[T]):
    """``phase``: CLOSED, OPEN or HALF_OPEN; ``failures`` in a row; ``opened`` at; ``probes`` sent since it is half open."""

    phase: T
    failures: T
    opened: T
    probes: T


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreaker:
    """All counts at least 1."""

    failures: int = 5
    open_ns: int = 30_000_000_000
    probes: int = 1

    def initial(self) -> State[int]:
        """A closed breaker."""
        return State(CLOSED, 0, 0, 0)

    def step(self, state: State[int], event: int, at: Instant, rng: Draw) -> tuple[State[int], bool]:
        """Ask, or hear an outcome. An outcome heard while it is open (of a call sent before) changes nothing."""
        if event == ASK:
            if state.phase == OPEN and at - state.opened >= self.open_ns:
                return State(HALF_OPEN, state.failures, state.opened, 1), True
            if state.phase == HALF_OPEN and state.probes < self.probes:
                return State(HALF_OPEN, state.failures, state.opened, state.probes + 1), True
            return state, state.phase == CLOSED
        if state.phase == OPEN:
            return state, False
        if event == SUCCESS:
            return State(CLOSED, 0, state.opened, 0), False
        failures = state.failures + 1
        if state.phase == HALF_OPEN or failures >= self.failures:
            return State(OPEN, failures, at, 0), False
        return State(CLOSED, failures, state.opened, 0), False

    def step_many(
        self, states: State[NDArray[Any]], events: NDArray[Any], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        import numpy as np

        asks = events == ASK
        is_open, half = states.phase == OPEN, states.phase == HALF_OPEN
        first_probe = asks & is_open & (at - states.opened >= self.open_ns)
        next_probe = asks & half & (states.probes < self.probes)
        succeeds = (events == SUCCESS) & ~is_open
        fails = (events == FAILURE) & ~is_open
        failures = np.where(succeeds, 0, states.failures + fails)
        opens = fails & (half | (failures >= self.failures))
        closes = succeeds | (fails & ~opens)
        phase = np.select([first_probe, opens, closes], [HALF_OPEN, OPEN, CLOSED], states.phase)
        opened = np.where(opens, at, states.opened)
        probes = np.select([first_probe, next_probe, succeeds | fails], [1, states.probes + 1, 0], states.probes)
        allowed = first_probe | next_probe | (asks & (states.phase == CLOSED))
        return State(phase, failures, opened, probes), allowed
