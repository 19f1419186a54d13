"""Users of an app: one wish ``every`` so long, whatever became of those before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chaoskit.cascade.live.settings import Settings
from chaoskit.cascade.live.stage import Stage
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import WallClock
from chaoskit.units import MILLISECOND, SECOND, Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Users(Settings):
    """Settings that every app has. ``through`` is ``host:port`` of a load balancer; without it the app asks DynamoDB.

    ``lead``: the first wish comes so long after the start. ``time_out`` is how long one try at the dependency may take.
    """

    every: Duration = 500 * MILLISECOND
    lead: Duration = 0
    time_out: Duration = 1 * SECOND
    through: str | None = None

    def __post_init__(self) -> None:
        if self.every <= 0 or self.time_out <= 0:
            raise ValueError("'every' and 'time_out' are longer than 0")
        if self.through is not None and not self.through.rpartition(":")[2].isdigit():
            raise ValueError(f"through: {self.through!r} is no host:port, like app.balancer.test:7080")


async def serve_users(stage: Stage, users: Users, serve: Callable[[Slot], Awaitable[None]]) -> None:
    """``serve`` each wish as it comes, beside those that are not done yet; at the end what hangs is left, and not told."""
    under_way: set[asyncio.Task[None]] = set()

    async def begin(slot: Slot) -> None:
        under_way.add(asyncio.ensure_future(serve(slot)))

    await stage.until(stage.origin)
    await drive([Lane(users.every, first=users.lead)], WallClock(), stage.origin, stage.ends, begin)
    left = min(2 * users.time_out, 2 * SECOND) / SECOND
    if under_way:
        _, late = await asyncio.wait(under_way, timeout=left)
        for task in late:
            task.cancel()
        for outcome in await asyncio.gather(*under_way, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
