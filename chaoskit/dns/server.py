"""The name server: own sockets, UDP and TCP on one port, IPv4 and IPv6. It asks the responder and does what the reply says."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from chaoskit.clock import Clock
from chaoskit.dns.codec import NotAnswerable, Refusal, Request, read_request, write_answer
from chaoskit.dns.message import Answer, Drop, Hangup, Raw, Reply
from chaoskit.dns.responder import Responder
from chaoskit.errors import HarnessError
from chaoskit.journal.events import QueryAnswered
from chaoskit.units import SECOND

BATCH = 64
"""Datagrams read before the loop gets its turn, so that a flood on one socket cannot starve the others."""

TCP_IDLE_S = 30.0
TCP_CONNECTIONS = 512
BIND_TRIES = 20

Log = Callable[[QueryAnswered], None]
Send = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Listener:
    """An address to answer at; ``label`` names who asks there. Port 0 lets the kernel choose."""

    label: str
    host: str
    port: int


class Server:
    """Answers on its listeners until closed. ``responder`` may be replaced at any time; the next query sees the new one."""

    def __init__(self, responder: Responder, clock: Clock, log: Log) -> None:
        self.responder = responder
        self._clock = clock
        self._log = log
        self._ordinals: Counter[str] = Counter()
        self._udp: list[socket.socket] = []
        self._tcp: list[asyncio.Server] = []
        self._late: set[asyncio.TimerHandle] = set()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.connections = 0

    async def listen(self, listener: Listener) -> str:
        """Bind UDP and TCP on one port; returns ``host:port``. Raises ``HarnessError`` saying what is in the way."""
        if not ipaddress.ip_address(listener.host).is_loopback:
            raise HarnessError(f"{listener.host} is not loopback: this server answers only there; use 127.0.0.1 or ::1")
        udp, tcp = _bind_pair(listener.host, listener.port)
        asyncio.get_running_loop().add_reader(udp, self._read_udp, udp, listener.label)
        self._udp.append(udp)
        loop = asyncio.get_running_loop()
        self._tcp.append(await loop.create_server(lambda: _TcpConnection(self, listener.label), sock=tcp))
        port = udp.getsockname()[1]
        return f"[{listener.host}]:{port}" if ":" in listener.host else f"{listener.host}:{port}"

    async def close(self) -> None:
        """Stop answering; replies still delayed are dropped."""
        for udp in self._udp:
            asyncio.get_running_loop().remove_reader(udp)
            udp.close()
        for handle in self._late:
            handle.cancel()
        for server in self._tcp:
            server.close()

    def _read_udp(self, udp: socket.socket, label: str) -> None:
        for _ in range(BATCH):
            try:
                data, peer = udp.recvfrom(65535)
            except (BlockingIOError, InterruptedError, ConnectionRefusedError):
                return  # nothing more, or an ICMP error of an earlier answer whose asker has gone
            self.handle(data, "udp", label, peer, partial(_send_udp, udp, peer), None)

    def handle(
        self,
        data: bytes,
        transport: Literal["udp", "tcp"],
        label: str,
        peer: Any,
        send: Send,
        hang_up: Callable[[bool], None] | None,
    ) -> None:
        """Answer one message. A failure in a policy ends the server: it is ours, and must not look like a fault."""
        try:
            self._answer(data, transport, label, peer, send, hang_up)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, not swallowed
            if not self.failed.done():
                self.failed.set_exception(error)

    def _answer(
        self,
        data: bytes,
        transport: Literal["udp", "tcp"],
        label: str,
        peer: Any,
        send: Send,
        hang_up: Callable[[bool], None] | None,
    ) -> None:
        at = self._clock.now()
        try:
            request = read_request(data, transport, label, peer[0], self._ordinals[label] + 1)
        except NotAnswerable:
            return
        if isinstance(request, Refusal):
            send(request.data)
            return
        self._ordinals[label] += 1
        reply, faults = self.responder.respond(request.query, at)
        act = self._action(request, reply, send, hang_up)
        event = _describe(request, reply, faults, at, f"{peer[0]}:{peer[1]}")

        def finish() -> None:
            act()
            self._log(event(self._clock.now()))

        delay_ns = 0 if isinstance(reply, Drop) else reply.delay_ns
        if delay_ns:
            self._later(delay_ns, finish)
        else:
            finish()

    def _action(
        self, request: Request, reply: Reply, send: Send, hang_up: Callable[[bool], None] | None
    ) -> Callable[[], None]:
        """What is done for ``reply`` when its time has come; it is built now, so that a bad reply fails at once."""
        if isinstance(reply, Answer):
            data = write_answer(request, reply)
            return lambda: send(data)
        if isinstance(reply, Raw):
            return lambda: send(reply.data)
        if isinstance(reply, Hangup) and hang_up is not None:
            return lambda: hang_up(reply.reset)
        return lambda: None

    def _later(self, delay_ns: int, act: Callable[[], None]) -> None:
        def fire() -> None:
            self._late.discard(handle)
            act()

        handle = asyncio.get_running_loop().call_later(delay_ns / SECOND, fire)
        self._late.add(handle)


def _describe(
    request: Request, reply: Reply, faults: tuple[str, ...], at: int, peer: str
) -> Callable[[int], QueryAnswered]:
    names: dict[type, Literal["answer", "raw", "drop", "hangup"]] = {
        Answer: "answer",
        Raw: "raw",
        Drop: "drop",
        Hangup: "hangup",
    }
    query = request.query

    def event(answered_at: int) -> QueryAnswered:
        return QueryAnswered(
            at=at,
            answered_at=answered_at,
            asker=query.asker,
            peer=peer,
            transport=query.transport,
            name=query.name,
            rtype=query.rtype,
            reply=names[type(reply)],
            rcode=reply.rcode if isinstance(reply, Answer) else "",
            answers=len(reply.records) if isinstance(reply, Answer) else 0,
            faults=faults,
        )

    return event


class _TcpConnection(asyncio.Protocol):
    """One TCP connection: length-prefixed messages (RFC 1035 §4.2.2), any number of them, answered as they are ready (RFC 7766)."""

    def __init__(self, server: Server, label: str) -> None:
        self._server = server
        self._label = label
        self._buffer = b""
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections += 1
        if self._server.connections > TCP_CONNECTIONS:
            transport.abort()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections -= 1
        if self._idle:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        self._wait()
        self._buffer += data
        while len(self._buffer) >= 2:
            end = 2 + struct.unpack_from("!H", self._buffer)[0]
            if len(self._buffer) < end:
                return
            message, self._buffer = self._buffer[2:end], self._buffer[end:]
            peer = self._transport.get_extra_info("peername")
            self._server.handle(message, "tcp", self._label, peer, self._send, self._hang_up)

    def _send(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(struct.pack("!H", len(data)) + data)

    def _hang_up(self, reset: bool) -> None:
        if reset:
            raw = self._transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        else:
            self._transport.close()

    def _wait(self) -> None:
        if self._idle:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(TCP_IDLE_S, self._transport.close)


def _send_udp(udp: socket.socket, peer: Any, data: bytes) -> None:
    with contextlib.suppress(BlockingIOError, ConnectionRefusedError):  # as lost as any datagram may be
        udp.sendto(data, peer)


def _bind_pair(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """UDP and TCP on one number. With port 0 the TCP twin of the UDP port may be taken; then another is tried."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for last in range(BIND_TRIES):
        udp, tcp = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
        try:
            udp.bind((host, port))
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((host, udp.getsockname()[1]))
        except OSError as error:
            udp.close()
            tcp.close()
            if port or last == BIND_TRIES - 1:
                raise HarnessError(
                    f"cannot listen on {host} port {port}: {error.strerror}; free the port or choose another"
                ) from error
            continue
        for made in (udp, tcp):
            made.setblocking(False)
        return udp, tcp
    raise AssertionError("the loop returns or raises")
