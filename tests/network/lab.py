"""A laboratory for the embedded proxy: services, proxies and clients in one event loop, all on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias, TypeVar

from chaoskit.host_port import host_port
from chaoskit.journal.events import ConnectionClosed, ConnectionOpened, Event
from chaoskit.network.embedded.api import Api
from chaoskit.network.embedded.http import Request, Response
from chaoskit.network.embedded.proxy import EventSink, Proxy

PATIENCE_S = 30  # how long a test waits for what must happen, on a busy machine

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter
E = TypeVar("E", bound=Event)
Service = Callable[[Reader, Writer], Awaitable[None]]


async def echo(reader: Reader, writer: Writer) -> None:
    """Send back what comes, to its end."""
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what must become true."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.001)


class Lab:
    """Proxies by API call, and what they told."""

    def __init__(self, seed: int = 0) -> None:
        self.events: list[Event] = []
        self.failures: list[str] = []
        self.api = Api(seed, EventSink(self.events.append, self.failures.append))
        self.servers: list[asyncio.Server] = []
        self.writers: list[Writer] = []
        self.service_errors: list[Exception] = []

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One API call; status and JSON."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        response: Response = await self.api.handle(Request(method, tuple(path.split("/")), headers, raw))
        return response.status, json.loads(response.body) if response.body.startswith((b"{", b"[")) else response.body

    async def service(self, behaviour: Service) -> str:
        """Start a service; its address."""

        async def serve(reader: Reader, writer: Writer) -> None:
            try:
                await behaviour(reader, writer)
            except ConnectionError as error:
                self.service_errors.append(error)
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.servers.append(server)
        return host_port(server.sockets[0].getsockname())

    async def proxy(self, behaviour: Service = echo, name: str = "p", listen: str = "127.0.0.1:0") -> Proxy:
        """A proxy in front of a service of its own."""
        upstream = await self.service(behaviour)
        status, answer = await self.call("POST", "proxies", {"name": name, "listen": listen, "upstream": upstream})
        assert status == 201, answer
        return self.api.proxies[name]

    async def toxic(self, kind: str, name: str = "t", proxy: str = "p", **fields: Any) -> None:
        """Put a toxic on; ``stream`` and ``toxicity`` may be given beside its attributes."""
        body: dict[str, Any] = {"name": name, "type": kind, "attributes": fields}
        for key in {"stream", "toxicity"} & fields.keys():
            body[key] = fields.pop(key)
        status, answer = await self.call("POST", f"proxies/{proxy}/toxics", body)
        assert status == 200, answer

    async def connect(self, proxy: Proxy) -> tuple[Reader, Writer]:
        """A client's connection."""
        host, _, port = proxy.listen.rpartition(":")
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        self.writers.append(writer)
        return reader, writer

    async def closed(self, count: int = 1) -> list[ConnectionClosed]:
        """Wait until so many connections are over."""
        await until(lambda: len(self.of(ConnectionClosed)) >= count)
        return self.of(ConnectionClosed)

    async def opened(self, count: int = 1) -> list[ConnectionOpened]:
        """Wait until so many connections stand."""
        await until(lambda: len(self.of(ConnectionOpened)) >= count)
        return self.of(ConnectionOpened)

    def of(self, kind: type[E]) -> list[E]:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]


@asynccontextmanager
async def laboratory(seed: int = 0) -> AsyncIterator[Lab]:
    """A lab; afterwards nothing may have failed."""
    lab = Lab(seed)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: lab.failures.append(str(context)))
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield lab
    finally:
        lab.api.stop()
        for writer in lab.writers:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()
        for server in lab.servers:
            server.close()
        await until(lambda: not any(c.open for p in lab.api.proxies.values() for c in p.connections))
    assert lab.failures == []
