"""Which connection served an attempt, and when that connection was opened and closed.

The front names a connection by the ``host:port`` that it saw (``RequestArrived.connection``), which is the proxy's own
``upstream_peer``. Ports are used again, so the connection meant is the latest one opened from that port before the request.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from chaoskit.clock import Instant
from chaoskit.journal.calls import Attempt, Call
from chaoskit.journal.events import ConnectionClosed, ConnectionOpened, Entry, RequestArrived
from chaoskit.journal.stored import select


class UsedConnections:
    """The proxied connections that served the calls that were added, of which fewer and fewer are still open."""

    def __init__(self, find: Callable[[Attempt], tuple[Instant, str] | None], closed: Mapping[str, Instant]) -> None:
        self._find = find
        self._closed = closed
        self._open: set[tuple[Instant, str]] = set()

    def add(self, call: Call) -> None:
        """Count the connections of ``call`` in."""
        served = (self._find(attempt) for attempt in call.attempts)
        self._open.update(opening for opening in served if opening and not opening[1].startswith("first request"))

    def open_at(self, instant: Instant) -> int:
        """How many were open at ``instant``, which must not be before that of an earlier question."""
        self._open = {
            (opened, name) for opened, name in self._open if name not in self._closed or self._closed[name] > instant
        }
        return sum(opened <= instant for opened, _ in self._open)


class Connections:
    """Look-ups of connection facts for one journal. None always means: the journal does not show it."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._arrivals: dict[int, RequestArrived] = {}
        self._opened: dict[str, list[tuple[Instant, str]]] = defaultdict(list)
        self._closed: dict[str, Instant] = {}
        self._toxics: dict[str, set[str]] = defaultdict(set)
        for entry in select(entries, RequestArrived, ConnectionOpened, ConnectionClosed):
            event = entry.event
            if isinstance(event, RequestArrived):
                self._arrivals[entry.seq] = event
            elif isinstance(event, ConnectionOpened):
                self._opened[event.upstream_peer].append((event.at, event.connection))
                self._toxics[event.connection].update(event.toxics)
            elif isinstance(event, ConnectionClosed):
                self._closed[event.connection] = event.at
                self._toxics[event.connection].update(event.toxics)
        self._first_request: dict[str, list[tuple[Instant, str]]] = defaultdict(list)
        for seq, request in self._arrivals.items():
            if request.nth == 1:
                self._first_request[request.connection].append((request.at, f"first request {seq}"))
        for connections in (*self._opened.values(), *self._first_request.values()):
            connections.sort()

    def opened_at(self, attempt: Attempt) -> Instant | None:
        """When the connection that carried ``attempt`` was opened (or carried its first request, where no proxy saw it open)."""
        connection = self._find(attempt)
        return connection[0] if connection else None

    def opened_before(self, call: Call, instant: Instant) -> bool:
        """Whether every attempt of ``call`` is seen on a connection that was open before ``instant``."""
        opened = [self.opened_at(attempt) for attempt in call.attempts]
        return bool(opened) and all(at is not None and at < instant for at in opened)

    def used(self) -> UsedConnections:
        """None yet: the connections that served some calls, to be counted as time goes on."""
        return UsedConnections(self._find, self._closed)

    def request_numbers(self) -> dict[int, int]:
        """The number of each request that arrived, by the ``seq`` of its arrival."""
        return {seq: arrival.request for seq, arrival in self._arrivals.items()}

    def toxics_on(self, attempt: Attempt) -> set[str]:
        """The injections that are known to have touched the connection that carried ``attempt``, at any time of its life."""
        place = self._find(attempt)
        return self._toxics[place[1]] if place else set()

    def _find(self, attempt: Attempt) -> tuple[Instant, str] | None:
        arrival = self._arrivals.get(attempt.arrived) if attempt.arrived is not None else None
        if arrival is None:
            return None
        for known in (self._opened, self._first_request):
            openings = known.get(arrival.connection, [])
            place = bisect_right(openings, arrival.at, key=lambda item: item[0])
            if place:
                return openings[place - 1]
        return None
