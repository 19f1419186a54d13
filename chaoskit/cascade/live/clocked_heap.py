"""An event heap that goes by the clock of its process, so that what is written for virtual time plays in the real."""

from __future__ import annotations

import asyncio

from chaoskit.clock import Instant, WallClock
from chaoskit.sim.heap import EventHeap


class ClockedHeap(EventHeap):
    """Actions happen once the clock has reached their instant, and take that instant for the present one: what comes late is made up for.

    ``acted``: how many instants had something due; ``late``: how many of them were reached more than ``late_after_ns`` too late, because
    the machine was busy.
    """

    def __init__(self, start: Instant, late_after_ns: int) -> None:
        super().__init__(start)
        self._clock, self._late_after_ns = WallClock(), late_after_ns
        self._timer: asyncio.TimerHandle | None = None
        self.acted = self.late = 0

    def advance(self) -> None:
        """Let all that is due happen, and be woken when the next action is due. Called before and after each message from outside."""
        while (due := self.next_due) is not None and due <= (now := self._clock.now()):
            self.acted += 1
            self.late += now - due > self._late_after_ns
            self.run(due + 1)
        self.now = max(self.now, self._clock.now())
        self.close()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0, due - self.now) / 1e9, self.advance)

    def close(self) -> None:
        """Be woken no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
