"""A listening socket that nobody accepts from, its queue filled: what ``full_backlog`` makes of a proxy's listener (Linux)."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

BACKLOG = 1024  # a full backlog drops SYNs, and the client's kernel repeats them only after 1 s

SO_MEMINFO = 55
"""asm-generic/socket.h; the counters of a socket, nine of 32 bits (``enum`` SK_MEMINFO in linux/sock_diag.h)."""
SK_MEMINFO_DROPS = 8


class FullQueue:
    """A listener taken from ``server``, which is closed: its socket listens on, and ``server`` makes another of it."""

    def __init__(self, server: asyncio.Server) -> None:
        (listening,) = server.sockets
        self._socket = listening.dup()
        server.close()
        self._socket.listen(0)
        self._filler = self._fill()
        self._drops_before = self._drops()

    def _fill(self) -> socket.socket | None:
        """Our own connection, which takes the one place that a backlog of 0 has; None where a client was there first."""
        filler = socket.socket(self._socket.family, socket.SOCK_STREAM)
        filler.setblocking(False)
        filler.connect_ex(self._socket.getsockname())  # on loopback the handshake is over when this returns
        try:
            filler.getpeername()
        except OSError:
            filler.close()
            return None
        return filler

    def _drops(self) -> int:
        counters = self._socket.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36)
        return int(struct.unpack("9I", counters)[SK_MEMINFO_DROPS])

    @property
    def dropped(self) -> int:
        """How many packets of handshakes the kernel has dropped at this listener since its queue was filled."""
        return (self._drops() - self._drops_before) % (1 << 32)

    async def server(self, accept: Callable[[], asyncio.Protocol]) -> asyncio.Server:
        """A server on this socket that has yet to be told to serve. Nothing else gets its turn meanwhile: this never suspends."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(accept, sock=self._socket, backlog=BACKLOG, start_serving=False)

    def take_queued(self) -> list[socket.socket]:
        """The connections of clients who were in the queue before it was filled; our own is let go."""
        own = self._filler.getsockname() if self._filler is not None else None
        queued = []
        while (connection := self._next()) is not None:
            if connection.getpeername() == own:
                connection.close()
            else:
                queued.append(connection)
        self._let_go()
        return queued

    def _next(self) -> socket.socket | None:
        try:
            connection, _ = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return None
        return connection

    def _let_go(self) -> None:
        if self._filler is not None:
            self._filler.close()

    def close(self) -> None:
        """Listen no more."""
        self._let_go()
        self._socket.close()
