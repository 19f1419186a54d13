"""Which connection served an attempt, and when that connection was opened and closed.

The front names a connection by the ``host:port`` that it saw (``RequestArrived.connection``), which is the proxy's own
``upstream_peer``. Ports are used again, so the connection meant is the latest one opened from that port before the request.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from chaoskit.clock import Instant
from chaoskit.journal.calls import Attempt, Call
from chaoskit.journal.events import ConnectionClosed, ConnectionOpened, Entry, RequestArrived
from chaoskit.journal.stored import select

_Opening: TypeAlias = tuple[Instant, str]
"""When a connection was opened, and its name."""

_Arrival: TypeAlias = tuple[Instant, str, int]
"""When a request came, the ``host:port`` of its connection, and its number."""


TouchedConnections: TypeAlias = tuple[dict[str, Instant], dict[str, Instant], dict[str, list[tuple[int, str]]]]
"""When each connection that a toxic touched was opened and closed; and by injection, ``seq`` and connection of what was told of it."""


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

    def touched(self) -> Iterator[tuple[Instant, str, frozenset[str]]]:
        """Each connection that a toxic is known to have touched: when it was opened, its name, and the injections."""
        for openings in self._opened.values():
            for at, name in openings:
                if name in self._toxics:
                    yield at, name, frozenset(self._toxics[name])

    def toxics_on(self, attempt: Attempt) -> set[str]:
        """The injections that are known to have touched the connection that carried ``attempt``, at any time of its life."""
        place = self._find(attempt)
        return self._toxics.get(place[1], set()) if place else set()

    def end_of(self, arrived: int) -> tuple[Instant | None, set[str]]:
        """When the connection of the request that arrived with this ``seq`` was closed, and the injections that touched it."""
        place = self._carrier(arrived)
        return (self._closed.get(place[1]), self._toxics.get(place[1], set())) if place else (None, set())

    def _find(self, attempt: Attempt) -> _Opening | None:
        return None if attempt.arrived is None else self._carrier(attempt.arrived)

    def _carrier(self, arrived: int) -> _Opening | None:
        if arrived not in self._arrivals:
            return None
        at, connection, _ = self._arrivals[arrived]
        return _latest(self._opened, connection, at) or _latest(self._first_request, connection, at)


def touched_connections(entries: Sequence[Entry]) -> TouchedConnections:
    """All connections of the journal that a toxic touched."""
    places_of: dict[str, list[tuple[int, int, str]]] = {}
    for entry in select(entries, ConnectionOpened, ConnectionClosed, unless="toxics"):
        event = entry.event
        assert isinstance(event, ConnectionOpened | ConnectionClosed)
        for injection in event.toxics:
            place = (int(isinstance(event, ConnectionClosed)), entry.seq, event.connection)
            places_of.setdefault(injection, []).append(place)
    names = {name for touched in places_of.values() for _, _, name in touched}
    instants: dict[type, dict[str, Instant]] = {ConnectionOpened: {}, ConnectionClosed: {}}
    for entry in select(entries, ConnectionOpened, ConnectionClosed) if names else ():
        event = entry.event
        assert isinstance(event, ConnectionOpened | ConnectionClosed)
        if event.connection in names:
            instants[type(event)][event.connection] = event.at
    touched = {injection: [(seq, name) for _, seq, name in sorted(places)] for injection, places in places_of.items()}
    return instants[ConnectionOpened], instants[ConnectionClosed], touched


def _latest(openings_of: Mapping[str, Sequence[_Opening]], connection: str, at: Instant) -> _Opening | None:
    """The last opening from this ``host:port`` that came no later than ``at``."""
    openings = openings_of.get(connection, ())
    place = bisect_right(openings, at, key=lambda opening: opening[0])
    return openings[place - 1] if place else None
