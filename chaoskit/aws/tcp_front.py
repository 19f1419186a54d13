"""The front of a service of the user's own whose bytes are passed on as they are: it ends TLS, or echoes, and reads nothing.

All such fronts share one thread with an event loop. A backend that refuses makes the connection break, as it would without a front.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from chaoskit.host_port import host_port, split_host_port

CHUNK = 1 << 16
BACKLOG = 1024


class TcpFronts:
    """The loop and its servers; ``add`` makes another one listen."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp fronts", daemon=True)
        self._thread.start()

    def add(self, backend: str, tls: ssl.SSLContext | None) -> str:
        """Listen on a port of loopback for ``backend`` (``host:port`` or ``echo``); its address. Raises ``OSError``."""
        return asyncio.run_coroutine_threadsafe(self._listen(backend, tls), self._loop).result()

    def stop(self) -> None:
        """End the loop, with every connection."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self, backend: str, tls: ssl.SSLContext | None) -> str:
        def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Coroutine[Any, Any, None]:
            return _echo(reader, writer) if backend == "echo" else _join(reader, writer, *split_host_port(backend))

        server = await asyncio.start_server(carry, "127.0.0.1", 0, ssl=tls, backlog=BACKLOG)
        self._servers.append(server)
        return host_port(server.sockets[0].getsockname())

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        carried = asyncio.all_tasks() - {asyncio.current_task()}
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
        await asyncio.sleep(0)  # what was closed is gone at the loop's next turn


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            await _pump(reader, writer)
    finally:
        writer.close()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    """Both directions, until both have ended; when one breaks, both are reset."""
    try:
        theirs, ours = await asyncio.open_connection(host, port)
    except OSError:
        writer.transport.abort()
        return
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pump(reader, ours))
            group.create_task(_pump(theirs, writer))
    except* OSError:
        ours.transport.abort()
        writer.transport.abort()
    finally:
        ours.close()
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, to its end. TLS cannot be half closed (asyncio, ``can_write_eof``), so there its end is the connection's."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()
