"""The control API's connections. Whoever opens many and asks nothing cannot keep the operator out: the oldest idle one makes room."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_WITHIN_S = 10.0
"""A connection on which no request is under way, or one that has not come whole, is closed after this long without a byte."""

IDLE, RECEIVING, ANSWERING = range(3)


def protocol(most: int) -> type[H11Protocol]:
    """uvicorn's protocol, with at most ``most`` connections at once. uvicorn is loaded here, where it is used."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class MakingRoom(H11Protocol):
        """A connection that makes another end when there are too many: an idle one, else one whose request has not come whole, else
        the one that has been silent for longest."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.used = self.loop.time()
            self.check = self.loop.call_later(REQUEST_WITHIN_S, self.end_if_idle)
            while len(self.connections) > most:
                _end(self.connections, min(self.connections - {self}, key=_worth))

        def data_received(self, data: bytes) -> None:
            self.used = self.loop.time()
            super().data_received(data)

        def connection_lost(self, exc: Exception | None) -> None:
            self.check.cancel()
            super().connection_lost(exc)

        def end_if_idle(self) -> None:
            left = self.used + REQUEST_WITHIN_S - self.loop.time()
            if _worth(self)[0] < ANSWERING and left <= 0:
                _end(self.connections, self)
            else:
                self.check = self.loop.call_later(left if left > 0 else REQUEST_WITHIN_S, self.end_if_idle)

    return MakingRoom


def _worth(connection: Any) -> tuple[int, float]:
    """The least is ended first."""
    cycle = connection.cycle
    if cycle is None or cycle.response_complete:
        return IDLE, connection.used
    return RECEIVING if cycle.more_body else ANSWERING, connection.used


def _end(connections: set[Any], connection: Any) -> None:
    connections.discard(connection)  # now: the transport tells only later
    connection.transport.abort()
