"""The name server: own sockets, UDP and TCP on one port, IPv4 and IPv6. It asks the responder and does what the reply says."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Clock, Instant
from chaoskit.dns.channel import Channel, host_and_port
from chaoskit.dns.codec import NotAnswerable, Refusal, Request, answer_count, read_request, write_answer
from chaoskit.dns.listen import Listener, bind
from chaoskit.dns.message import Answer, Drop, Hangup, Raw, Reply
from chaoskit.dns.responder import Responder
from chaoskit.dns.spool import EventLog, Log, QueryLog
from chaoskit.dns.tally import Tally
from chaoskit.dns.tcp import Connection, Connections, framed
from chaoskit.dns.udp import UdpPath, udp_loop
from chaoskit.journal.events import QueryAnswered
from chaoskit.units import SECOND

Ending: TypeAlias = Literal["answer", "raw", "drop", "hangup"]


@dataclass(frozen=True, slots=True, eq=False)
class _Decided:
    """A query whose reply is decided, and perhaps delayed.

    ``data`` are the bytes of an ``Answer`` or ``Raw``, or those with which a ``Hangup`` begins; ``also`` is sent besides.
    """

    at: Instant
    channel: Channel
    name: str
    rtype: str
    reply: Reply
    data: bytes
    rcode: str = ""
    faults: tuple[str, ...] = ()
    also: tuple[bytes, ...] = ()

    def carry_out(self) -> Ending:
        """Do it; returns what became of it: a reply to an asker who has gone is a drop."""
        match self.reply:
            case Answer(bend=bend):
                sent = self.channel.send(self.data, *self.also)
                return "drop" if not sent else "answer" if bend.readable else "raw"
            case Raw():
                return "raw" if self.channel.send(self.data) else "drop"
            case Hangup(reset=reset, drip_ns=drip_ns):
                return "hangup" if self.channel.hang_up(reset=reset, begun=self.data, drip_ns=drip_ns) else "drop"
            case Drop():
                self.channel.drop()
                return "drop"

    def event(self, ending: Ending, answered_at: Instant) -> QueryAnswered:
        """The query's line in the journal; it counts the answers that were really sent."""
        answered = ending == "answer"
        return QueryAnswered(
            at=self.at,
            answered_at=answered_at,
            asker=self.channel.label,
            peer=host_and_port(*self.channel.peer),
            transport=self.channel.transport,
            name=self.name,
            rtype=self.rtype,
            reply=ending,
            rcode=self.rcode if answered else "",
            answers=answer_count(self.data) if answered else 0,
            faults=self.faults,
        )


class Server:
    """Answers on its listeners until closed. ``responder`` may be replaced at any time; the next query sees the new one.

    Every query that can be answered at all is given to ``log`` once, when it has been answered. ``failed`` gets the exception when
    something of ours breaks: never the asker, who could take it for a fault that was injected.
    """

    def __init__(self, responder: Responder, clock: Clock, log: Log | QueryLog, udp: UdpPath = "batched") -> None:
        self.responder = responder
        self.clock = clock
        self.log: QueryLog = log if isinstance(log, QueryLog) else EventLog(log)
        self._udp_path = udp
        self.ordinals: Counter[str] = Counter()
        self._tally = Tally()
        self._udp: list[socket.socket] = []
        self._tcp: list[asyncio.Server] = []
        self._connections = Connections(self.receive, self.fail)
        self._late: dict[_Decided, asyncio.TimerHandle] = {}
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def listen(self, listener: Listener) -> str:
        """Bind UDP and TCP on one port; returns ``host:port``. Raises ``PlaneError`` saying what is in the way."""
        loop = asyncio.get_running_loop()
        udp, tcp = bind(listener)
        loop.add_reader(udp, udp_loop(self, udp, listener.label, self._udp_path).read)
        self._udp.append(udp)
        self._tcp.append(await loop.create_server(lambda: Connection(listener.label, self._connections), sock=tcp))
        return host_and_port(listener.host, udp.getsockname()[1])

    async def close(self) -> None:
        """Stop answering. What is being written is written; replies still delayed are not sent, and logged as dropped."""
        for udp in self._udp:
            asyncio.get_running_loop().remove_reader(udp)
            udp.close()
        self._udp.clear()
        for server in self._tcp:
            server.close()
        for decided, timer in self._late.items():
            timer.cancel()
            self.log.record(decided.event("drop", self.clock.now()))
        self._late.clear()
        await self._connections.close()

    def fail(self, error: Exception) -> None:
        """Tell whoever waits for ``failed``; the first failure counts."""
        if not self.failed.done():
            self.failed.set_exception(error)

    def receive(self, data: bytes, channel: Channel) -> None:
        """Answer one message, now or, if delayed, later."""
        try:
            decided = self._decide(data, channel)
            if decided is None:
                channel.drop()
            elif isinstance(decided.reply, Drop) or not decided.reply.delay_ns:
                self._settle(decided)
            else:
                due = (decided.at + decided.reply.delay_ns - self.clock.now()) / SECOND
                self._late[decided] = asyncio.get_running_loop().call_later(due, self._settle_late, decided)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, not swallowed
            self.fail(error)

    def _decide(self, data: bytes, channel: Channel) -> _Decided | None:
        """What is to be done with a message; None: nothing at all."""
        at = self.clock.now()
        label = channel.label
        try:
            request = read_request(data, channel.transport, label, channel.peer[0], self.ordinals[label] + 1)
        except NotAnswerable:
            return None
        self.ordinals[label] += 1
        if isinstance(request, Refusal):
            return _Decided(at, channel, request.name, request.rtype, Answer(), request.data, request.rcode)
        query = request.query
        reply, faults = self.responder.respond(query, at, tally=self._tally)
        rcode = reply.rcode if isinstance(reply, Answer) else ""
        # Written now, so that an answer that has no wire form fails at once and not when its delay is over.
        wire, *also = _wires(request, reply)
        return _Decided(at, channel, query.name, query.rtype, reply, wire, rcode, faults, tuple(also))

    def _settle(self, decided: _Decided) -> None:
        ending = decided.carry_out()
        self.log.record(decided.event(ending, self.clock.now()))

    def _settle_late(self, decided: _Decided) -> None:
        del self._late[decided]
        try:
            self._settle(decided)
        except Exception as error:  # noqa: BLE001 - as in receive
            self.fail(error)


def _wires(request: Request, reply: Reply) -> list[bytes]:
    """The messages of a reply; of a ``Hangup``, what is sent before the end; empty bytes for nothing."""
    match reply:
        case Answer():
            return [write_answer(request, one) for one in (reply, *reply.also)]
        case Raw():
            return [reply.data]
        case Hangup(begun=Answer() as begun):
            whole = framed(write_answer(request, begun))
            return [whole[: round(len(whole) * reply.share)]]
    return [b""]
