"""What an operator can order an enactor to do, between two of its calls: ``pause``, ``resume`` and ``start-over``.

``start-over`` forgets the pass under way and begins the schedule anew, as a restart of the automation does. An order that comes while
a call is under way is obeyed when that call is answered.
"""

from __future__ import annotations

import queue

PAUSE, RESUME, START_OVER = "pause", "resume", "start-over"
ORDERS = (PAUSE, RESUME, START_OVER)


class Orders:
    """The orders of one process: given on the thread that reads commands, obeyed on the one that makes calls."""

    def __init__(self) -> None:
        self._given: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.paused = False

    def give(self, order: str) -> None:
        """Put an order in the queue; one that is none of ``ORDERS`` is passed over."""
        self._given.put(order)

    def obey(self) -> bool:
        """Take what was ordered since the last time; whether the schedule is to begin anew. A pause outlasts a new begin."""
        anew = False
        while not self._given.empty():
            order = self._given.get()
            if order in (PAUSE, RESUME):
                self.paused = order == PAUSE
            anew = anew or order == START_OVER
        return anew
