"""Virtual time: what is due next happens next, and nothing waits."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from chaoskit.clock import Instant


class EventHeap:
    """Actions in order of their instant, then of their arrival here, so that two simulations with equal inputs are equal."""

    def __init__(self, start: Instant = 0) -> None:
        self.now: Instant = start
        self._due: list[tuple[Instant, int, Callable[[], None]]] = []
        self._arrivals = itertools.count()

    def at(self, instant: Instant, action: Callable[[], None]) -> None:
        """Let ``action`` happen at ``instant``; raises ``ValueError`` for one that is past."""
        if instant < self.now:
            raise ValueError(f"{instant} ns is past: it is {self.now} ns")
        heapq.heappush(self._due, (instant, next(self._arrivals), action))

    def run(self) -> None:
        """Let everything happen, and what that brings about, until nothing is due any more."""
        while self._due:
            self.now, _, action = heapq.heappop(self._due)
            action()
