"""``mobile_banking``: behind a circuit breaker. While it is open the app shows a static page at once, and no payment is made."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.cascade.live.dependency import DependencyFailed, dependency
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.live.users import Users, serve_users
from chaoskit.cascade.policies.circuit_breaker import ASK, FAILURE, SUCCESS, CircuitBreaker
from chaoskit.clients.schedule import Slot
from chaoskit.units import SECOND, Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class MobileBanking(Users):
    """``failures`` in a row open the breaker for ``open``."""

    failures: int = 3
    open: Duration = 2 * SECOND

    async def play(self, stage: Stage) -> None:
        """Take payments until the end."""
        ledger = dependency(stage, self.through, self.time_out)
        breaker, draws = CircuitBreaker(failures=self.failures, open_ns=self.open), stage.stream("breaker")
        state = breaker.initial()

        async def pay(slot: Slot) -> None:
            nonlocal state
            state, allowed = breaker.step(state, ASK, stage.schedule.now, draws)
            if not allowed:
                stage.served("payment", slot.due, "lost", "static page: the breaker is open")
                return
            try:
                await ledger.write(f"payment-{slot.number}")
            except DependencyFailed as error:
                state, _ = breaker.step(state, FAILURE, stage.schedule.now, draws)
                stage.served("payment", slot.due, "lost", str(error))
            else:
                state, _ = breaker.step(state, SUCCESS, stage.schedule.now, draws)
                stage.served("payment", slot.due, "served")

        await serve_users(stage, self, pay)
