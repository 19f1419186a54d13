"""The query log on its way to the supervisor: written by a thread of its own, so that a full pipe never holds up an answer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from chaoskit.journal.events import QueryAnswered


class ThreadedLog:
    """``record`` returns at once; ``emit`` is called with every event, in order, on the thread. ``close`` waits for the last."""

    def __init__(self, emit: Callable[[QueryAnswered], None]) -> None:
        self._emit = emit
        self._events: queue.SimpleQueue[QueryAnswered | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="query log", daemon=True)
        self._thread.start()

    def record(self, event: QueryAnswered) -> None:
        """Take an event; from any thread."""
        self._events.put(event)

    def close(self) -> None:
        """Return when everything has been emitted."""
        self._events.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            self._emit(event)
