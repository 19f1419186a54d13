"""``streaming``: a minute is played from the player's buffer and the last known playlist while the service is away, until it is used up."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.cascade.live.dependency import DependencyFailed, dependency
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.live.users import Users, serve_users
from chaoskit.clients.schedule import Slot
from chaoskit.units import MINUTE, SECOND, Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Streaming(Users):
    """``buffer``: so much is played from the cache after the last good answer. ``viewers`` watch at a time."""

    buffer: Duration = 4 * SECOND
    viewers: int = 100

    async def play(self, stage: Stage) -> None:
        """Play until the end."""
        service = dependency(stage, self.through, self.time_out)
        fresh_at = [stage.origin]
        minutes = self.viewers * self.every / MINUTE

        async def segment(slot: Slot) -> None:
            try:
                await service.read()
            except DependencyFailed as error:
                buffered = slot.due - fresh_at[0] <= self.buffer
                stage.served("minute played", slot.due, "fallback" if buffered else "lost", str(error), minutes)
            else:
                fresh_at[0] = max(fresh_at[0], slot.due)
                stage.served("minute played", slot.due, "served", amount=minutes)

        await serve_users(stage, self, segment)
