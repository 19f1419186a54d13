"""DNS over TCP: length-prefixed messages (RFC 1035 §4.2.2), any number on a connection, answered as they are ready (RFC 7766)."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import ClassVar, Literal

from chaoskit.dns.channel import Receive
from chaoskit.dns.tcp_quick import QuickTcp
from chaoskit.errors import PlaneError
from chaoskit.units import SECOND

IDLE_S = 10.0
"""A connection with nothing to answer is closed after this long without a whole message (RFC 7766 §6.2.3: a few seconds)."""

MAX_CONNECTIONS = 512
FLUSH_WITHIN_S = 1.0


def framed(message: bytes) -> bytes:
    """With its length before it."""
    return struct.pack("!H", len(message)) + message


class Connections:
    """All open TCP connections. At most ``most``, by default ``MAX_CONNECTIONS``.

    Then the one idle for longest makes room (RFC 7766 §6.2.3). When none is idle, a run fails, since a refusal would look like a fault that
    somebody injected. A server that *stands*, and whose askers are not ours to choose, ends the newest instead, and counts it in
    ``crowded_out``.
    """

    def __init__(
        self,
        receive: Receive,
        fail: Callable[[Exception], None],
        admits: Callable[[str], bool] = lambda _: True,
        *,
        stands: bool = False,
        most: int | None = None,
    ) -> None:
        self._most = most
        self.receive = receive
        self.admits = admits
        self.crowded_out = 0
        self._fail = fail
        self.stands = stands
        self.members: set[Connection] = set()

    def __len__(self) -> int:
        return len(self.members)

    def add(self, connection: Connection) -> None:
        """Count one more, and see that there is room for it."""
        self.members.add(connection)
        most = MAX_CONNECTIONS if self._most is None else self._most
        if len(self.members) <= most:
            return
        idle = [other for other in self.members - {connection} if other.is_idle]
        if idle:
            min(idle, key=lambda other: other.last_used).give_up()
        elif self.stands:
            self.crowded_out += 1
            connection.abort()
        else:
            self._fail(PlaneError(f"more than {most} TCP connections wait for answers at once; use fewer clients"))

    def discard(self, connection: Connection) -> None:
        """It has ended."""
        self.members.discard(connection)

    def end_drips(self) -> None:
        """End those on which an answer goes out drop by drop."""
        for connection in tuple(self.members):
            if connection.is_dripping:
                connection.abort()

    async def close(self) -> None:
        """End all, what is being written included, within ``FLUSH_WITHIN_S``."""
        ending = [connection.ended for connection in self.members]
        for connection in tuple(self.members):
            connection.close()
        if ending:
            await asyncio.wait(ending, timeout=FLUSH_WITHIN_S)
        for connection in tuple(self.members):
            connection.abort()


class Connection(asyncio.Protocol):
    """One connection, and the ``Channel`` of each of its messages."""

    transport: ClassVar[Literal["tcp"]] = "tcp"

    def __init__(self, label: str, connections: Connections, quick: QuickTcp) -> None:
        self.label = label
        self._quick = quick
        self.peer = ("", 0)
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.last_used = self._loop.time()
        self._received = bytearray()
        self._unanswered = 0
        self._half_closed = False
        self.is_clogged = False
        self._dripping = False

    @property
    def is_idle(self) -> bool:
        """Whether no message waits for its answer."""
        return not self._unanswered and not self.stream.is_closing()

    @property
    def is_dripping(self) -> bool:
        """Whether an answer goes out drop by drop."""
        return self._dripping

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.stream = transport
        self.peer = transport.get_extra_info("peername")[:2]
        self._timer = self._loop.call_later(IDLE_S, self._check_idle)
        self._connections.add(self)
        if not self._connections.admits(self.peer[0]):
            self.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._take()

    def eof_received(self) -> bool:
        self._half_closed = True  # who has asked all may still wait for answers
        return self._unanswered > 0 or self.is_clogged

    def pause_writing(self) -> None:
        # Who does not read its answers is asked for no more questions, or the answers would fill our memory.
        self.is_clogged = True
        self.stream.pause_reading()

    def resume_writing(self) -> None:
        self.is_clogged = False
        self._take()
        if not self.is_clogged:
            self.stream.resume_reading()
            self._close_if_done()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        self._connections.discard(self)
        self.ended.set_result(None)

    # What the server calls, once for each message: see ``Channel``.

    def send(self, *messages: bytes) -> bool:
        open_yet = not self.stream.is_closing() and not self._dripping  # in the midst of a message no other can begin
        if open_yet:
            self.stream.write(b"".join(map(framed, messages)))
        self.drop()
        return open_yet

    def hang_up(self, *, reset: bool, begun: bytes = b"", drip_ns: int = 0) -> bool:
        if self._dripping:  # it will end in any case
            self.drop()
            return False
        open_yet = not self.stream.is_closing()
        if drip_ns and len(begun) > 1 and open_yet:
            self._dripping = True
            self._drip(begun, drip_ns, reset)
            return True
        if open_yet:
            self.stream.write(begun)
        self._end(reset and open_yet)
        return open_yet

    def refuse(self, size: int) -> bool:
        return self.hang_up(reset=True)

    def _drip(self, left: bytes, every_ns: int, reset: bool) -> None:
        open_yet = not self.stream.is_closing()
        if open_yet:
            self.stream.write(left[:1])
        if open_yet and len(left) > 1:
            self._loop.call_later(every_ns / SECOND, self._drip, left[1:], every_ns, reset)
        else:
            self._end(reset and open_yet)

    def _end(self, reset: bool) -> None:
        self.drop()
        if reset:
            # Lingering for 0 s is how a socket is told to end with RST (socket(7), SO_LINGER).
            linger = struct.pack("ii", 1, 0)
            self.stream.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.abort()
        self.close()

    def drop(self) -> None:
        self._unanswered -= 1
        self.last_used = self._loop.time()
        self._close_if_done()

    def close(self) -> None:
        """End it when all is written; nothing if it has ended."""
        self.stream.close()

    def abort(self) -> None:
        """End it now."""
        self.stream.abort()

    def give_up(self) -> None:
        """End it, whether or not its answers are ever read: who reads none cannot hold on to their place."""
        if self.stream.get_write_buffer_size():
            self.abort()
        else:
            self.close()

    @property
    def _can_answer(self) -> bool:
        return not (self.is_clogged or self._dripping or self.stream.is_closing())

    def _take(self) -> None:
        """Hand on the whole messages received, while their answers can leave."""
        while len(self._received) >= 2 and self._can_answer:
            if self._quick.answer(self._received, self.peer, self.stream.write):
                self.last_used = self._loop.time()
                continue
            end = 2 + int.from_bytes(self._received[:2], "big")
            if len(self._received) < end:
                return
            message = bytes(self._received[2:end])
            del self._received[:end]
            self._unanswered += 1
            self._connections.receive(message, self)

    def _close_if_done(self) -> None:
        if self._half_closed and not self._unanswered and not self.is_clogged:
            self.close()

    def _check_idle(self) -> None:
        left = self.last_used + IDLE_S - self._loop.time()
        if not self._unanswered and left <= 0:
            self.give_up()
        else:
            self._timer = self._loop.call_later(left if left > 0 else IDLE_S, self._check_idle)
