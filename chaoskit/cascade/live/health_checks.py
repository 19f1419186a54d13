"""Rounds of health checks of one checker, as the real and the simulated balancer make them: only what a check meets differs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from chaoskit.cascade.policies import Draw
from chaoskit.cascade.policies.checker_capacity import CheckerCapacity, Load
from chaoskit.cascade.policies.health_damping import FAILED, PASSED, HealthDamping, State
from chaoskit.clock import Instant


class HealthChecks:
    """The targets and their health. ``changes`` of place so far; ``late``: the next round's checks come late, and count as failed.

    Without ``capacity`` the checker is never late. ``draws`` are what the policies are handed; neither draws.
    """

    def __init__(self, damping: HealthDamping, capacity: CheckerCapacity | None, draws: Draw) -> None:
        self._damping, self._capacity, self._draws = damping, capacity, draws
        self._health: dict[str, State[float]] = {}
        self._burden = capacity.initial() if capacity else None
        self.changes, self.late = 0, False

    @property
    def targets(self) -> list[str]:
        """Every target, in the order in which they were added."""
        return list(self._health)

    def add(self, target: str, at: Instant) -> None:
        """Put a new target in service; nothing happens to one that is known."""
        if target not in self._health:
            self._health[target] = self._damping.initial()._replace(at=at)

    def serves(self, target: str) -> bool:
        """Whether this target is in service."""
        return bool(self._health[target].serving)

    def end_round(self, passes: Mapping[str, bool], at: Instant) -> None:
        """Take a round's outcomes, by target."""
        before = self.changes
        for target, passed in passes.items():
            state = self._health[target]
            event = PASSED if passed and not self.late else FAILED
            self._health[target], _ = self._damping.step(state, event, at, self._draws)
            self.changes += self._health[target].serving != state.serving
        if self._capacity and self._burden:
            load = Load(float(len(passes)), float(self.changes - before))
            self._burden, self.late = self._capacity.step(self._burden, load, at, self._draws)
