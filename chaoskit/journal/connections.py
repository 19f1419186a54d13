"""Which connection served an attempt, and when that connection was opened and closed.

The front names a connection by the ``host:port`` that it saw (``RequestArrived.connection``), which is the proxy's own
``upstream_peer``. Ports are used again, so the connection meant is the latest one opened from that port before the request.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from chaoskit.clock import Instant
from chaoskit.journal.calls import Attempt, Call
from chaoskit.journal.events import ConnectionClosed, ConnectionOpened, Entry, RequestArrived
from chaoskit.journal.stored import select

_Opening: TypeAlias = tuple[Instant, str]
"""When a connection was opened, and its name."""

_Arrival: TypeAlias = tuple[Instant, str, int]
"""When a request came, the ``host:port`` of its connection, and its number."""


class UsedConnections:
    """The proxied connections that served the calls that were added, of which fewer and fewer are still open."""

    def __init__(self, find: Callable[[Attempt], _Opening | None], closed: Mapping[str, Instant]) -> None:
        self._find = find
        self._closed = closed
        self._open: set[_Opening] = set()

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
        self._arrivals: dict[int, _Arrival] = {}
        self._opened: dict[str, list[_Opening]] = defaultdict(list)
        self._closed: dict[str, Instant] = {}
        self._toxics: dict[str, set[str]] = {}
        first: list[int] = []
        for entry in select(entries, RequestArrived, ConnectionOpened, ConnectionClosed):
            event = entry.event
            if isinstance(event, RequestArrived):
                self._arrivals[entry.seq] = (event.at, event.connection, event.request)
                if event.nth == 1:
                    first.append(entry.seq)
                continue
            assert isinstance(event, ConnectionOpened | ConnectionClosed)
            if isinstance(event, ConnectionOpened):
                self._opened[event.upstream_peer].append((event.at, event.connection))
            else:
                self._closed[event.connection] = event.at
            if event.toxics:
                self._toxics.setdefault(event.connection, set()).update(event.toxics)
        for openings in self._opened.values():
            openings.sort()
        self._first_request: dict[str, list[_Opening]] = defaultdict(list)
        for seq in first:
            at, connection, _ = self._arrivals[seq]
            if _latest(self._opened, connection, at) is None:  # else no later request is asked for its first one
                self._first_request[connection].append((at, f"first request {seq}"))
        for openings in self._first_request.values():
            openings.sort()

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
        return {seq: request for seq, (_, _, request) in self._arrivals.items()}

    def toxics_on(self, attempt: Attempt) -> set[str]:
        """The injections that are known to have touched the connection that carried ``attempt``, at any time of its life."""
        place = self._find(attempt)
        return self._toxics.get(place[1], set()) if place else set()

    def _find(self, attempt: Attempt) -> _Opening | None:
        if attempt.arrived is None or attempt.arrived not in self._arrivals:
            return None
        at, connection, _ = self._arrivals[attempt.arrived]
        return _latest(self._opened, connection, at) or _latest(self._first_request, connection, at)


def _latest(openings_of: Mapping[str, Sequence[_Opening]], connection: str, at: Instant) -> _Opening | None:
    """The last opening from this ``host:port`` that came no later than ``at``."""
    openings = openings_of.get(connection, ())
    place = bisect_right(openings, at, key=lambda opening: opening[0])
    return openings[place - 1] if place else None
