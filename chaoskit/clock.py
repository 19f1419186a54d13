"""Time. An *instant* is nanoseconds on the monotonic clock that every process of a run shares.

Linux's ``CLOCK_MONOTONIC`` and macOS's ``mach_absolute_time`` count from one point for the whole machine, so an instant
taken in one process can be compared with one taken in another. Wall-clock time is recorded once, at the head of the
journal, for people to read; nothing is computed from it.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from typing import Protocol, TypeAlias

Instant: TypeAlias = int
"""Nanoseconds on the shared monotonic time base."""


class Clock(Protocol):
    """Where a driver gets the time from, and the only thing a driver may sleep on."""

    def now(self) -> Instant:
        """The present instant."""

    async def sleep_until(self, instant: Instant) -> None:
        """Return when ``now()`` is ``instant`` or later; at once if it already is."""


class WallClock:
    """The machine's monotonic clock."""

    def now(self) -> Instant:
        return time.monotonic_ns()

    async def sleep_until(self, instant: Instant) -> None:
        while (left := instant - self.now()) > 0:
            await asyncio.sleep(left / 1e9)


class VirtualClock:
    """A clock that stands still until every task waits on it, then jumps to the earliest instant waited for.

    Sleepers wake one at a time, in order of instant, then of arrival, and each runs until it waits again before the
    next one wakes: two runs with the same inputs interleave alike. (The idea is trio's ``MockClock`` with
    ``autojump_threshold=0``.)
    """

    _SETTLE_TURNS = 50  # loop turns a woken task gets to reach its next wait before time may move on

    def __init__(self, start: Instant = 0) -> None:
        self._now = start
        self._waiting: list[tuple[Instant, int, asyncio.Future[None]]] = []
        self._arrivals = itertools.count()
        self._mover: asyncio.Task[None] | None = None

    def now(self) -> Instant:
        return self._now

    def advance(self, ns: int) -> None:
        """Move time on by hand, for code that does not sleep."""
        self._now += ns

    async def sleep_until(self, instant: Instant) -> None:
        if instant <= self._now:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (instant, next(self._arrivals), woken))
        if self._mover is None or self._mover.done():
            self._mover = asyncio.create_task(self._move())
        await woken

    async def _move(self) -> None:
        while self._waiting:
            for _ in range(self._SETTLE_TURNS):
                await asyncio.sleep(0)
            instant, _, woken = heapq.heappop(self._waiting)
            if not woken.done():  # a cancelled sleeper must not move time
                self._now = max(self._now, instant)
                woken.set_result(None)
