"""When things happen: one interface over virtual time (``chaoskit.sim.heap.EventHeap``) and over the clock of a process.

What is written against ``Schedule`` runs in a simulation and in the real alike; it never sleeps and never reads another clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from chaoskit.clock import Instant, WallClock


class Schedule(Protocol):
    """Actions at instants, and the present instant."""

    @property
    def now(self) -> Instant:
        """The present instant, in nanoseconds."""
        ...

    def at(self, instant: Instant, action: Callable[[], None]) -> None:
        """Let ``action`` happen at ``instant``, which is not past."""
        ...


class LoopSchedule:
    """The real one: the monotonic clock and the running event loop. What is due already happens as soon as the loop is free."""

    def __init__(self) -> None:
        self._loop, self._clock = asyncio.get_running_loop(), WallClock()

    @property
    def now(self) -> Instant:
        return self._clock.now()

    def at(self, instant: Instant, action: Callable[[], None]) -> None:
        self._loop.call_later(max(0, instant - self.now) / 1e9, action)
