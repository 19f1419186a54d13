"""A proxy: a listener, its connections, and the toxics that it puts on them. ``Proxies`` is all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from chaoskit.journal.events import Event
from chaoskit.network.embedded.addresses import host_port, parse
from chaoskit.network.embedded.connection import Connection
from chaoskit.network.target import Stream
from chaoskit.network.toxics import Toxic
from chaoskit.seeds import generator

BACKLOG = 1024  # a full backlog drops SYNs, and the client's kernel repeats them only after 1 s


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
    """Where a proxy tells what happens."""

    emit: Callable[[Event], None]
    failed: Callable[[str], None]


class Proxy:
    """One proxy. It is stopped when made; ``start`` makes it listen."""

    def __init__(
        self, name: str, listen: str, upstream: str, seed: int, journal: EventSink, within: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self.asked = self.listen = listen
        self.upstream = upstream
        self.seed = seed
        self._within = within
        self.emit = journal.emit
        self.failed = journal.failed
        self.doses: dict[str, ToxicInstance] = {}
        self.connections: set[Connection] = set()
        self.received: dict[Stream, int] = {"upstream": 0, "downstream": 0}
        self.sent: dict[Stream, int] = {"upstream": 0, "downstream": 0}
        self._accepted = self._added = 0
        self._server: asyncio.Server | None = None

    @property
    def enabled(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    async def start(self) -> None:
        """Listen. Raises ``OSError`` when the address cannot be had."""
        if self._server is None:
            host, port = parse(self.listen, self._within)
            self._server = await asyncio.get_running_loop().create_server(self._accept, host, port, backlog=BACKLOG)
            self.listen = host_port(self._server.sockets[0].getsockname())

    def stop(self, because: str | None = None) -> None:
        """Stop listening and drop every connection. ``because``: what to note on them as what ended them."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self.connections):
            connection.abort(because)

    def _accept(self) -> asyncio.Protocol:
        self._accepted += 1
        connection = Connection(self, self._accepted)
        self.connections.add(connection)
        return connection.client

    # What connections ask for (``connection.Owner``).

    def upstream_address(self) -> tuple[str, int]:
        return parse(self.upstream, self._within)

    def ready(self, connection: Connection) -> None:
        for dose in self.doses.values():
            self._put_on(connection, dose)

    def gone(self, connection: Connection) -> None:
        self.connections.discard(connection)

    # Toxics.

    def add(self, dose: ToxicInstance) -> ToxicInstance:
        """Put a toxic on open connections, and on those to come."""
        self._added += 1
        placed = self.doses[dose.name] = replace(dose, place=self._added)
        for connection in self._open():
            self._put_on(connection, placed)
        return placed

    def update(self, name: str, *, toxicity: float, toxic: Toxic) -> ToxicInstance:
        """Change a toxic. Each open connection draws anew, as in Toxiproxy; what the old one held is passed on."""
        old = self.doses[name]
        dose = self.doses[name] = replace(old, toxicity=toxicity, toxic=toxic, revision=old.revision + 1)
        for connection in self._open():
            passed = connection.link(dose.stream).remove(name, changed=True)
            self._put_on(connection, dose, passed if toxic.KEEPS_COUNT else 0)
        return dose

    def remove(self, name: str) -> None:
        """Take a toxic off, from open connections too."""
        dose = self.doses.pop(name)
        for connection in self._open():
            connection.link(dose.stream).remove(name)

    def _open(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.open]

    def _put_on(self, connection: Connection, dose: ToxicInstance, passed: int = 0) -> None:
        rng = generator(self.seed, dose.name, self.name, connection.ordinal, dose.revision)
        if rng.random() < dose.toxicity:
            connection.link(dose.stream).add(dose.name, dose.place, dose.toxic, rng, passed)
