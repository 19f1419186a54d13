"""What happens, for those who watch: queries, and injections that begin and end. One writer (the DNS server's thread), bounded memory.

A watcher who is too slow loses events and is told how many; the DNS server never waits for anybody.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeAlias

from chaoskit.clock import Instant
from chaoskit.dns.breakage import QueryFailed
from chaoskit.dns.control.leases import Why
from chaoskit.journal.codec import encode
from chaoskit.journal.events import QueryAnswered, UpdateAnswered, ZoneChanged

BACKLOG = 2_000
"""Events that wait for one watcher; more are lost and counted."""

MAX_WATCHERS = 16


@dataclass(frozen=True, slots=True)
class InjectionBegun:
    """An injection is on; it ends at ``ends`` at the latest if nothing more is heard."""

    kind: ClassVar[str] = "injection_begun"

    at: Instant
    injection: str
    fault: dict[str, Any]
    where: str
    ends: Instant


@dataclass(frozen=True, slots=True)
class InjectionEnded:
    """An injection is over since ``at``, and why; ``met`` queries were changed by it."""

    kind: ClassVar[str] = "injection_ended"

    at: Instant
    injection: str
    why: Why
    met: int


@dataclass(frozen=True, slots=True)
class ZonesSwapped:
    """From ``at`` on, answers come from version ``version`` of the zones."""

    kind: ClassVar[str] = "zones_swapped"

    at: Instant
    version: int


@dataclass(frozen=True, slots=True)
class InvariantBroken:
    """A change that was served from ``at`` on broke ``invariant``: version ``serial`` of ``zone``, by ``author``."""

    kind: ClassVar[str] = "invariant_broken"

    at: Instant
    invariant: str
    because: str
    author: str
    zone: str
    serial: int


JournalEvent: TypeAlias = QueryAnswered | UpdateAnswered | ZoneChanged
ControlEvent: TypeAlias = JournalEvent | QueryFailed | InjectionBegun | InjectionEnded | ZonesSwapped | InvariantBroken


def as_server_sent(event: ControlEvent) -> str:
    """The event in the form of the HTML standard, "Server-sent events": its kind, and its fields as JSON on one line."""
    data = encode(event) if isinstance(event, JournalEvent) else json.dumps({"kind": event.kind, **asdict(event)})
    return f"event: {event.kind}\ndata: {data}\n\n"


class Subscriber:
    """One reader of the feed, on the control API's loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._events: deque[ControlEvent] = deque()
        self.news = asyncio.Event()
        self.is_woken = False
        self._lost = 0
        self.closed = False

    def offer(self, event: ControlEvent) -> bool:
        """Take an event, from the DNS server's thread; false if it is lost for this watcher."""
        if len(self._events) >= BACKLOG:
            self._lost += 1
            return False
        self._events.append(event)
        if not self.is_woken:  # one wake-up for many events
            self.is_woken = True
            self.loop.call_soon_threadsafe(self.news.set)
        return True

    def close(self) -> None:
        """Let ``lines`` end; on the control API's loop."""
        self.closed = True
        self.news.set()

    async def lines(self, keep_alive_s: float) -> AsyncIterator[str]:
        """The feed as it is sent; a comment when nothing happens for a while, so that a dead connection is noticed."""
        reported = 0
        while not self.closed:
            try:
                await asyncio.wait_for(self.news.wait(), keep_alive_s)
            except TimeoutError:
                yield ": nothing new\n\n"
                continue
            self.news.clear()
            self.is_woken = False  # before reading: what is offered from now on wakes us again
            while self._events:
                yield as_server_sent(self._events.popleft())
            if self._lost > reported:
                yield f'event: lost\ndata: {{"kind": "lost", "events": {self._lost - reported}}}\n\n'
                reported = self._lost


class EventStream:
    """All watchers. ``publish`` belongs to the DNS server's thread, the rest to the control API's."""

    def __init__(self, listener: Callable[[ControlEvent], None] | None = None) -> None:
        self._listener = listener
        self.watchers: tuple[Subscriber, ...] = ()  # replaced, never changed: the writer may be reading it
        self.lost = 0

    def publish(self, event: ControlEvent) -> None:
        """Offer an event to every watcher; the listener, which is one of ours and never lags, hears it first."""
        if self._listener is not None:
            self._listener(event)
        for watcher in self.watchers:
            if not watcher.offer(event):
                self.lost += 1

    def watch(self) -> Subscriber | None:
        """A new watcher, on the running loop; None when there are too many."""
        if len(self.watchers) >= MAX_WATCHERS:
            return None
        watcher = Subscriber(asyncio.get_running_loop())
        self.watchers = (*self.watchers, watcher)
        return watcher

    def leave(self, watcher: Subscriber) -> None:
        """Forget a watcher."""
        self.watchers = tuple(other for other in self.watchers if other is not watcher)

    def close(self) -> None:
        """Let all watchers' feeds end."""
        for watcher in self.watchers:
            watcher.close()
