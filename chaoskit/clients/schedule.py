"""When calls are due, and the one driver that makes them.

The policy is ``Lane``: a grid of instants that does not depend on how long calls take (an open loop, so a slow call does
not thin out the ones after it). A lane never piles up: what fell due while it was busy is skipped. The driver asks the lane, and
sleeps on the clock it is given, so the same code runs in virtual time.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from chaoskit.clock import Clock, Instant


@dataclass(frozen=True, slots=True)
class Lane:
    """Calls due at ``first + n * every`` nanoseconds from the origin, ``size`` of them at once."""

    every: int
    first: int = 0
    size: int = 1

    def __post_init__(self) -> None:
        if self.every <= 0 or self.size <= 0 or self.first < 0:
            raise ValueError(f"a lane needs every > 0, size > 0 and first >= 0, got {self}")

    def due(self, after: int) -> int:
        """The first due offset that is ``after`` or later."""
        return self.first + max(0, -(-(after - self.first) // self.every)) * self.every


@dataclass(frozen=True, slots=True)
class Slot:
    """One call to make: its number (1-based, over all lanes), when it was due, and whether others run beside it."""

    number: int
    due: Instant
    concurrent: bool


async def drive(
    lanes: Sequence[Lane], clock: Clock, origin: Instant, ends: Instant, call: Callable[[Slot], Awaitable[None]]
) -> None:
    """Make every call that falls due from ``origin`` until before ``ends``; return when the last of them has ended."""
    numbers = itertools.count(1)
    under_way = 0

    async def make(due: Instant, concurrent: bool) -> None:
        nonlocal under_way
        under_way += 1
        try:
            await call(Slot(next(numbers), due, concurrent or under_way > 1))
        finally:
            under_way -= 1

    async def run(lane: Lane) -> None:
        due = origin + lane.due(clock.now() - origin)
        while due < ends:
            await clock.sleep_until(due)
            async with asyncio.TaskGroup() as group:
                for _ in range(lane.size):
                    group.create_task(make(due, lane.size > 1))
            due = origin + lane.due(max(clock.now(), due + 1) - origin)

    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(run(lane))
