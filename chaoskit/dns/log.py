"""The query log on its way to the supervisor: written by a thread of its own, so that a full pipe never holds up an answer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from chaoskit.clock import Instant
from chaoskit.journal.events import HarnessFailed, QueryAnswered

MAX_WAITING = 200_000
"""Queries that wait for a supervisor that does not read, some 100 MB; what comes on top is lost, and that is told."""


class ThreadedLog:
    """``record`` returns at once; ``emit`` is called with every event, in order, on the thread. ``close`` waits for the last.

    ``lost`` counts queries that found no place. The run is told of them when the log moves again: its evidence has a gap.
    """

    def __init__(self, emit: Callable[[QueryAnswered | HarnessFailed], None]) -> None:
        self._emit = emit
        self._events: queue.SimpleQueue[QueryAnswered | HarnessFailed | None] = queue.SimpleQueue()
        self.lost = 0
        self._told = 0
        self._thread = threading.Thread(target=self._run, name="query log", daemon=True)
        self._thread.start()

    def record(self, event: QueryAnswered | HarnessFailed) -> None:
        """Take an event; from the server's thread."""
        if isinstance(event, QueryAnswered) and self._events.qsize() >= MAX_WAITING:
            self.lost += 1
        else:
            self._events.put(event)

    def close(self) -> None:
        """Return when everything has been emitted."""
        self._events.put(None)
        self._thread.join()

    def _run(self) -> None:
        at: Instant = 0
        while (event := self._events.get()) is not None:
            self._emit(event)
            at = event.at
            if self.lost and not self._told:
                self._tell(at)
        if self.lost > self._told:
            self._tell(at)

    def _tell(self, at: Instant) -> None:
        self._told = self.lost
        message = f"{self._told:,} queries are missing in the journal: more came than its reader could take"
        self._emit(HarnessFailed(at=at, part="dns", message=message))
