"""A proxied connection: two sockets and the two links between them. What happens to one side happens to the other.

Half-closes are passed on, resets are passed on as resets, and a receiver that does not read makes the sender wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from typing import Protocol, cast

from chaoskit.clock import Instant
from chaoskit.host_port import host_port
from chaoskit.journal.events import ConnectionClosed, ConnectionOpened, Event
from chaoskit.network.embedded.link import Link
from chaoskit.network.target import Stream
from chaoskit.network.toxics import Cut
from chaoskit.units import MILLISECOND

DIAL_WITHIN_S = 5.0
BUFFERED_MAX = 256 << 10
"""Bytes waiting for a receiver to read before its sender is made to wait."""

QUIET = 50 * MILLISECOND
"""How long after an answer's last bytes a connection counts as quiet."""

_LINGER_0 = struct.pack("ii", 1, 0)  # struct linger {l_onoff, l_linger}: close(2) then sends RST (socket(7))


class Owner(Protocol):
    """What a connection needs of the proxy that accepted it."""

    name: str
    upstream: str
    received: dict[Stream, int]
    sent: dict[Stream, int]

    def upstream_address(self) -> tuple[str, int]:
        """Where to dial."""

    def emit(self, event: Event) -> None:
        """Journal an event."""

    def failed(self, message: str) -> None:
        """Journal a failure of the harness."""

    def ready(self, connection: Connection) -> None:
        """Both sides are connected: put the toxics on."""

    def gone(self, connection: Connection) -> None:
        """Both sides are closed."""


class Side(asyncio.Protocol):
    """One socket of a connection. ``out`` is the link that it feeds."""

    transport: asyncio.Transport | None = None
    out: Link

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.lost = False
        self.waits = 0  # how many reasons there are not to read from here
        self.early: list[bytes | None] = []  # what came before the other side was there; None is the end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=BUFFERED_MAX)
        self.connection.made(self)

    def data_received(self, data: bytes) -> None:
        self.connection.owner.received[self.out.stream] += len(data)
        if self.connection.open:
            self.out.feed(data)
        else:  # early Pythons 3.11 begin to read although ``connection_made`` paused them (python/cpython 3.11.2)
            self.early.append(data)

    def eof_received(self) -> bool:
        if not self.connection.open:
            self.early.append(None)
        elif not self.out.ended:  # a transport that resumes reading reports the end again
            self.out.end()
        return True  # keep it open: the other stream may go on

    def catch_up(self) -> None:
        """Hand on what came early, now that the toxics are on."""
        early, self.early = self.early, []
        for data in early:
            if data is not None:
                self.out.feed(data)
            elif not self.out.ended:
                self.out.end()

    def pause_writing(self) -> None:
        self.connection.opposite(self).wait(True)

    def resume_writing(self) -> None:
        self.connection.opposite(self).wait(False)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.connection.lost(self, exc)

    def wait(self, more: bool) -> None:
        """One more (or one less) reason not to read from here."""
        self.waits += 1 if more else -1
        if self.transport is None or self.transport.is_closing():
            return
        if self.waits == 1 and more:
            self.transport.pause_reading()
        elif self.waits == 0:
            self.transport.resume_reading()

    def reset(self) -> None:
        """Close with RST."""
        if self.transport is not None and not self.lost:
            with contextlib.suppress(OSError):
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
            self.transport.abort()

    def close(self) -> None:
        """Close when what was written is sent."""
        if self.transport is not None and not self.lost:
            self.transport.close()

    def abort(self) -> None:
        """Close now, without RST unless the peer sent what nobody read."""
        if self.transport is not None and not self.lost:
            self.transport.abort()


class Connection:
    """From accept to the close of both sides. ``ordinal`` counts the proxy's connections from 1."""

    def __init__(self, owner: Owner, ordinal: int) -> None:
        self.owner = owner
        self.ordinal = ordinal
        self.id = f"{owner.name}#{ordinal}"
        self.accepted_at = time.monotonic_ns()
        self.client, self.service = Side(self), Side(self)
        self.up, self.down = Link("upstream", self), Link("downstream", self)
        self.client.out, self.service.out = self.up, self.down
        self.bytes_up = self.bytes_down = 0
        self._sent_up_at = self._sent_down_at = 0
        self.finished = 0
        # Sets that keep the order: toxics whose doing a peer saw, that did something, and that made bytes late for the service.
        self.toxics: dict[str, None] = {}
        self._acted: dict[str, None] = {}
        self._late_up: dict[str, None] = {}
        self.open = False
        self._dialling: asyncio.Task[None] | None = None

    def link(self, stream: Stream) -> Link:
        """The link of a stream."""
        return self.up if stream == "upstream" else self.down

    def opposite(self, side: Side) -> Side:
        """The other socket."""
        return self.service if side is self.client else self.client

    def made(self, side: Side) -> None:
        """A socket is there. Nothing is read from it until the other one is there too, and the toxics are on."""
        side.wait(True)
        if side is self.client:
            self._dialling = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        host, port = self.owner.upstream_address()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DIAL_WITHIN_S):
                await loop.create_connection(lambda: self.service, host, port)
        except OSError as error:  # TimeoutError is one
            reason = error.strerror or "no answer"
            self.owner.failed(f"proxy {self.owner.name} cannot reach its service at {self.owner.upstream}: {reason}")
            self.client.abort()
            return
        self._begin()

    def _begin(self) -> None:
        assert self.client.transport is not None
        assert self.service.transport is not None
        if self.client.lost:
            self.service.abort()
            return
        self.open = True
        self.owner.emit(
            ConnectionOpened(
                at=self.accepted_at,
                connection=self.id,
                proxy=self.owner.name,
                peer=host_port(self.client.transport.get_extra_info("peername")),
                upstream_peer=host_port(self.service.transport.get_extra_info("sockname")),
            )
        )
        self.owner.ready(self)
        for side in (self.client, self.service):
            side.catch_up()
            side.wait(False)

    # What links ask for (``link.Ends``).

    def deliver(self, link: Link, data: bytes, late_by: tuple[str, ...]) -> None:
        receiver = self.service if link is self.up else self.client
        if receiver.transport is None or receiver.transport.is_closing():
            return
        if link is self.up:
            self.bytes_up += len(data)
            self._sent_up_at = time.monotonic_ns()
        else:
            self.bytes_down += len(data)
            self._sent_down_at = time.monotonic_ns()
        self.owner.sent[link.stream] += len(data)
        receiver.transport.write(data)
        self._late_up.update(dict.fromkeys(late_by))
        if link is self.down:  # a client sees that its request came late when the answer does
            self.toxics.update(self._late_up)
            self._late_up.clear()

    def finish(self, link: Link) -> None:
        self.finished += 1
        sides = (self.client, self.service)
        if self.finished == len(sides):
            for side in sides:
                if side.transport is not None:
                    side.transport.close()
            return
        receiver = self.service if link is self.up else self.client
        if receiver.transport is not None and not receiver.transport.is_closing():
            with contextlib.suppress(OSError):  # the peer is gone already; its loss will be reported
                receiver.transport.write_eof()

    def cut(self, cut: Cut, toxic: str) -> None:
        self.met(toxic)
        for side in (self.client, self.service):
            if cut.reset:
                side.reset()
            else:
                side.close()
        self._drop()

    def quiet_from(self, at: Instant) -> Instant:
        carries_call = self._sent_up_at > self._sent_down_at or self.up.held > 0 or self.down.held > 0
        return (at if carries_call else self._sent_down_at) + QUIET

    def acted(self, toxic: str) -> None:
        self._acted[toxic] = None

    def met(self, toxic: str) -> None:
        self.toxics[toxic] = None

    def hold(self, link: Link, *, full: bool) -> None:
        (self.client if link is self.up else self.service).wait(full)

    # The end.

    def abort(self, because: str | None = None) -> None:
        """Close both sides: the proxy is going, or is switched off (``because``)."""
        if because is not None and self.open:
            self.met(because)
        if self._dialling is not None and not self._dialling.done():
            self._dialling.cancel()
        self.client.abort()
        self.service.abort()

    def lost(self, side: Side, exc: Exception | None) -> None:
        """A socket is closed; a reset is passed on as a reset."""
        other = self.opposite(side)
        if exc is not None:
            other.reset()
        elif not other.lost and other.transport is not None and not other.transport.is_closing():
            other.transport.close()
        self._drop()
        if self.client.lost and (self.service.lost or self.service.transport is None):
            self._close()

    def _drop(self) -> None:
        self.up.close()
        self.down.close()

    def _close(self) -> None:
        if self.open:
            if not self.down.drops:  # no answer came, and no other toxic is to blame for that
                self.toxics.update(self._late_up)
            self.owner.emit(
                ConnectionClosed(
                    at=time.monotonic_ns(),
                    connection=self.id,
                    proxy=self.owner.name,
                    bytes_up=self.bytes_up,
                    bytes_down=self.bytes_down,
                    toxics=tuple(self.toxics),
                    unseen=tuple(name for name in self._acted if name not in self.toxics),
                )
            )
        self.open = False
        self.owner.gone(self)
