"""A proxy: a listener, its connections, and the toxics that it puts on them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from chaoskit.host_port import host_port
from chaoskit.journal.events import Event, HandshakesDropped
from chaoskit.network.embedded.accept_queue import BACKLOG, FullQueue
from chaoskit.network.embedded.addresses import Reach
from chaoskit.network.embedded.connection import Connection
from chaoskit.network.target import Stream
from chaoskit.network.toxics import Toxic
from chaoskit.seeds import generator


@dataclass(frozen=True, slots=True)
class ToxicInstance:
    """A toxic on a proxy. ``toxicity`` is the share of connections that it bites, drawn per connection (and anew for a ``revision``).

    ``place`` orders the toxics of a stream: they act in the order in which they were added.
    """

    name: str
    kind: str
    stream: Stream
    toxicity: float
    toxic: Toxic
    place: int = 0
    revision: int = 0


@dataclass(frozen=True, slots=True)
class EventSink:
    """Where a proxy sends its events, and its failures of the harness."""

    emit: Callable[[Event], None]
    failed: Callable[[str], None]


class ConnectionBudget:
    """The connections of all proxies together, and how many there may be: two files each, and some kept for the control API."""

    RESERVED_FILES = 256

    def __init__(self, open_files: int) -> None:
        self.most = max(1, (open_files - self.RESERVED_FILES) // 2)
        self.connections: set[Connection] = set()
        self._told = False

    def is_spent(self) -> bool:
        """Whether there is no place for one more."""
        return len(self.connections) >= self.most

    def tell_once(self, failed: Callable[[str], None]) -> None:
        """What closes a connection here is the harness, and no fault: the first time, say so."""
        if not self._told:
            self._told = True
            failed(
                f"more than {self.most} connections at a time: the rest is closed by the embedded proxy itself, for want of"
                " file descriptors; raise the limit (ulimit -Hn), or use fewer"
            )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all proxies of a server share."""

    seed: int
    sink: EventSink
    reach: Reach
    budget: ConnectionBudget


class _Surplus(asyncio.Protocol):
    """A connection for which there is no place: closed at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


class Proxy:
    """One proxy. It is stopped when made; ``start`` makes it listen."""

    def __init__(self, name: str, listen: str, upstream: str, surroundings: Surroundings) -> None:
        self.name = name
        self.asked = self.listen = listen
        self.upstream = upstream
        self.seed = surroundings.seed
        self._reach = surroundings.reach
        self._budget = surroundings.budget
        self.emit = surroundings.sink.emit
        self.failed = surroundings.sink.failed
        self.toxics: dict[str, ToxicInstance] = {}
        self.connections: set[Connection] = set()
        self.received: dict[Stream, int] = {"upstream": 0, "downstream": 0}
        self.sent: dict[Stream, int] = {"upstream": 0, "downstream": 0}
        self._accepted = self._added = 0
        self._server: asyncio.Server | None = None
        self._full: FullQueue | None = None
        self._dropped_before: dict[str, int] = {}

    @property
    def enabled(self) -> bool:
        """Whether it listens."""
        return self._server is not None or self._full is not None

    async def start(self) -> None:
        """Listen. Raises ``OSError`` when the address cannot be had."""
        if not self.enabled:
            host, port = self.listen_address()
            self._server = await asyncio.get_running_loop().create_server(self._accept, host, port, backlog=BACKLOG)
            self.listen = host_port(self._server.sockets[0].getsockname())
            await self.fill_or_reopen()

    async def fill_or_reopen(self) -> None:
        """Accept no connection as long as a toxic that acts on the listener is on, and accept again when none is."""
        on_listener = [name for name, instance in self.toxics.items() if instance.toxic.ON_LISTENER]
        if on_listener and self._server is not None:
            self._full, self._server = FullQueue(self._server), None
        if self._full is not None:
            for name in on_listener:
                self._dropped_before.setdefault(name, self._full.dropped)
            for name in [name for name in self._dropped_before if name not in on_listener]:
                self._tell_dropped(name)
        if not on_listener and self._full is not None:
            server, queued = await self._full.server(self._accept), self._full.take_queued()
            self._server, self._full = server, None
            await server.start_serving()
            for connection in queued:
                await asyncio.get_running_loop().connect_accepted_socket(self._accept, connection)

    def _tell_dropped(self, toxic: str) -> None:
        """Say what a toxic on the listener kept out, which is no connection that could say it."""
        before = self._dropped_before.pop(toxic)
        if self._full is not None and (packets := self._full.dropped - before):
            self.emit(HandshakesDropped(at=time.monotonic_ns(), proxy=self.name, toxic=toxic, packets=packets))

    def listen_address(self) -> tuple[str, int]:
        """Where it listens, or would."""
        return self._reach.listen(self.listen)

    def stop(self, because: str | None = None) -> None:
        """Stop listening and drop every connection. ``because``: what to note on them as what ended them."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._full is not None:
            for name in tuple(self._dropped_before):
                self._tell_dropped(name)
            self._full.close()
            self._full = None
        for connection in list(self.connections):
            connection.abort(because)

    def _accept(self) -> asyncio.Protocol:
        if self._budget.is_spent():
            self._budget.tell_once(self.failed)
            return _Surplus()
        self._accepted += 1
        connection = Connection(self, self._accepted)
        self.connections.add(connection)
        self._budget.connections.add(connection)
        return connection.client

    # What connections ask for (``connection.Owner``).

    def upstream_address(self) -> tuple[str, int]:
        return self._reach.upstream(self.upstream)

    def ready(self, connection: Connection) -> None:
        for instance in self.toxics.values():
            self._put_on(connection, instance)

    def gone(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self._budget.connections.discard(connection)

    # Toxics.

    def add(self, instance: ToxicInstance) -> ToxicInstance:
        """Put a toxic on open connections, and on those to come."""
        self._added += 1
        placed = self.toxics[instance.name] = replace(instance, place=self._added)
        for connection in self._open():
            self._put_on(connection, placed)
        return placed

    def update(self, name: str, *, toxicity: float, toxic: Toxic) -> ToxicInstance:
        """Change a toxic. Each open connection draws anew, as in Toxiproxy; what the old one held is passed on."""
        old = self.toxics[name]
        instance = self.toxics[name] = replace(old, toxicity=toxicity, toxic=toxic, revision=old.revision + 1)
        for connection in self._open():
            passed = connection.link(instance.stream).remove(name, changed=True)
            self._put_on(connection, instance, passed if toxic.KEEPS_COUNT else 0)
        return instance

    def remove(self, name: str) -> None:
        """Take a toxic off, from open connections too."""
        instance = self.toxics.pop(name)
        for connection in self._open():
            connection.link(instance.stream).remove(name)

    def _open(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.open]

    def _put_on(self, connection: Connection, instance: ToxicInstance, passed: int = 0) -> None:
        rng = generator(self.seed, instance.name, self.name, connection.ordinal, instance.revision)
        if rng.random() < instance.toxicity:
            connection.link(instance.stream).add(instance.name, instance.place, instance.toxic, rng, passed)
