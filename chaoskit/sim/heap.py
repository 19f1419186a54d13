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

    @property
    def next_due(self) -> Instant | None:
        """When the next action is due; None when none is."""
        return self._due[0][0] if self._due else None

    def run(self, until: Instant | None = None) -> None:
        """Let everything happen, and what that brings about, until nothing is due any more, or nothing before ``until``."""
        due, pop = self._due, heapq.heappop
        while due and (until is None or due[0][0] < until):
            self.now, _, action = pop(due)
            action()
