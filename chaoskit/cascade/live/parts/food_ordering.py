"""``food_ordering``: orders are written to the database, and there is no other way: one retry at once, then the order is lost."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.cascade.live.dependency import DependencyFailed, dependency
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.live.users import Users, serve_users
from chaoskit.clients.schedule import Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class FoodOrdering(Users):
    """The user waits for two tries; nobody orders again later."""

    async def play(self, stage: Stage) -> None:
        """Take orders until the end."""
        kitchen = dependency(stage, self.through, self.time_out)

        async def order(slot: Slot) -> None:
            because = ""
            for _ in range(2):
                try:
                    await kitchen.write(f"order-{slot.number}")
                except DependencyFailed as error:
                    because = str(error)
                else:
                    stage.served("order", slot.due, "served")
                    return
            stage.served("order", slot.due, "lost", because)

        await serve_users(stage, self, order)
