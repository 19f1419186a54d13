"""One HTTP/1.1 connection of the probe, on h11 and asyncio's streams."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence

import h11

from chaoskit.clients.probe_workload import Progress

CHUNK = 1 << 16
MOST_BODY = 1 << 20
"""Bytes of a body that are kept to be looked at; what is longer is read and let go."""


class HttpConnection:
    """An open connection. ``reusable`` tells whether another request may be sent over it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = h11.Connection(h11.CLIENT)

    @property
    def reusable(self) -> bool:
        """Whether both ends have finished and neither has closed it, as far as is known here."""
        is_idle = self._protocol.our_state is h11.IDLE and self._protocol.their_state is h11.IDLE
        return is_idle and not self._reader.at_eof() and not self._writer.is_closing()

    async def exchange(self, request: h11.Request, body: bytes) -> tuple[int, bytes]:
        """Send one request; the status and the body of its answer. Raises ``OSError`` and ``h11.ProtocolError``."""
        protocol = self._protocol
        data = (protocol.send(request) or b"") + (protocol.send(h11.Data(data=body)) or b"" if body else b"")
        self._writer.write(data + (protocol.send(h11.EndOfMessage()) or b""))
        await self._writer.drain()
        status, held = 0, bytearray()
        while True:
            event = protocol.next_event()
            if event is h11.NEED_DATA:
                protocol.receive_data(await self._reader.read(CHUNK))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                held += event.data[: max(0, MOST_BODY - len(held))]
            elif isinstance(event, h11.EndOfMessage):
                break
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                raise ConnectionResetError("the connection was closed before an answer came")
        if protocol.our_state is h11.DONE and protocol.their_state is h11.DONE:
            protocol.start_next_cycle()
        return status, bytes(held)

    def close(self) -> None:
        """Close it, without waiting for the other end."""
        self._writer.transport.abort()


async def dial(host: str, port: int, tls: ssl.SSLContext | None, progress: Progress) -> HttpConnection:
    """Look ``host`` up, and connect to the first of its addresses that accepts. Raises ``OSError``, that of the last address."""
    progress.doing = f"looking up {host}"
    loop = asyncio.get_running_loop()
    infos: Sequence[tuple[int, int, int, str, tuple[object, ...]]] = await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    )
    refusal: OSError | None = None
    for *_, address in infos:
        progress.doing = f"connecting to {address[0]} port {address[1]}"
        try:
            reader, writer = await asyncio.open_connection(
                str(address[0]), int(str(address[1])), ssl=tls, server_hostname=host if tls else None
            )
            return HttpConnection(reader, writer)
        except OSError as error:
            refusal = error
    raise refusal or OSError(f"{host} has no address")
