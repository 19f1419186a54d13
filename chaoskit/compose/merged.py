"""One journal out of two sources: the entries that our container writes, and what the engine tells beside them."""

from __future__ import annotations

import threading

from chaoskit.clock import Instant
from chaoskit.journal.events import Entry, Event, InjectionCut
from chaoskit.journal.store import Journal


class MergedJournal:
    """The writer of ``journal``, from several threads. Numbers that an entry refers to become those that they have in it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._numbers: dict[int, int] = {}
        self._lock = threading.Lock()

    def take(self, entry: Entry) -> None:
        """Append an entry of our container's own journal."""
        event = entry.event
        with self._lock:
            if isinstance(event, InjectionCut):
                event = event.with_fields(evidence=self._numbers[event.evidence])
            self._numbers[entry.seq] = self._journal.append(event).seq

    def append(self, event: Event) -> None:
        """Append an event that is in no other journal."""
        with self._lock:
            self._journal.append(event)

    def latest(self) -> Instant:
        """The instant of the last event; 0 before there is one."""
        return self._journal.entries[-1].event.at if self._journal.entries else 0
