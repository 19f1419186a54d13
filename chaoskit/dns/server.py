"""The name server: own sockets, UDP and TCP on one port, IPv4 and IPv6. It asks the responder and does what the reply says."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from chaoskit.clock import Clock, Instant
from chaoskit.dns.breakage import FaultFailed, QueryFailed, reason
from chaoskit.dns.channel import Channel, host_and_port
from chaoskit.dns.codec import HEADER, NotAnswerable, Refusal, Request, answer_count, read_request, write_answer
from chaoskit.dns.guard import Guard
from chaoskit.dns.late import Late
from chaoskit.dns.listen import Listener, bind, is_loopback
from chaoskit.dns.message import Answer, Drop, Hangup, Raw, Refuse, Reply
from chaoskit.dns.question_counter import QuestionCounter
from chaoskit.dns.responder import Responder
from chaoskit.dns.spool import EventLog, Log, QueryLog
from chaoskit.dns.tcp import Connection, Connections, framed
from chaoskit.dns.tcp_quick import QuickTcp
from chaoskit.dns.udp import UdpPath, udp_loop
from chaoskit.dns.udp_guarded import GuardedUdp
from chaoskit.dns.udp_plain import UdpLoop
from chaoskit.dns.update_message import is_update
from chaoskit.dns.updater import Updater
from chaoskit.dns.upstream import Passed, Upstream
from chaoskit.errors import HarnessError
from chaoskit.journal.events import QueryAnswered
from chaoskit.units import SECOND

Ending: TypeAlias = Literal["answer", "raw", "drop", "hangup", "closed"]


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
    upstream: str = ""
    request: Request | None = None
    unseen: tuple[str, ...] = ()

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
            case Refuse():
                size = HEADER + len(self.request.question) if self.request else HEADER
                return "closed" if self.channel.refuse(size) else "drop"
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
            upstream=self.upstream,
            unseen=self.unseen,
        )


class Server:
    """Answers on its listeners until closed. ``responder`` may be replaced at any time; the next query sees the new one.

    Dynamic updates are answered by ``updater``, if there is one, and else with NOTIMP. ``stands`` says that the server is to outlive
    whatever askers do, who are not ours; ``most_connections`` are open over TCP at once (see ``Connections``).

    Every query that can be answered at all is given to ``log`` once, when it has been answered. What breaks of ours while one is answered
    is given to ``on_failure``, and its asker gets SERVFAIL; the server goes on. Without ``on_failure``, and for what breaks elsewhere,
    ``failed`` gets the exception.
    """

    def __init__(
        self,
        responder: Responder,
        clock: Clock,
        log: Log | QueryLog,
        udp: UdpPath = "batched",
        *,
        guard: Guard | None = None,
        upstream: Upstream | None = None,
        stands: bool = False,
        most_connections: int | None = None,
        on_failure: Callable[[QueryFailed], None] | None = None,
    ) -> None:
        self.responder = responder
        self.updater: Updater | None = None
        self._on_failure = on_failure
        self._guard = guard
        self._upstream = upstream
        self._passing: dict[asyncio.Task[None], _Decided] = {}
        self.clock = clock
        self.log: QueryLog = log if isinstance(log, QueryLog) else EventLog(log)
        self._udp_path = udp
        self.ordinals: Counter[str] = Counter()
        self._tally = QuestionCounter()
        self._udp: list[socket.socket] = []
        self._tcp: list[asyncio.Server] = []
        admits = guard.admits if guard else lambda _: True
        self.connections = Connections(self.receive, self.fail, admits, stands=stands, most=most_connections)
        self.late: Late[_Decided] = Late()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def listen(self, listener: Listener) -> str:
        """Bind UDP and TCP on one port; returns ``host:port``. Raises ``PlaneError`` saying what is in the way.

        Beyond loopback only with a guard.
        """
        loop = asyncio.get_running_loop()
        udp, tcp = bind(listener, beyond_loopback=self._guard is not None)
        if self._guard is None or is_loopback(listener.host):
            path: UdpLoop = udp_loop(self, udp, listener.label, self._udp_path)
        else:
            path = GuardedUdp(self, udp, listener.label, self._guard)
        loop.add_reader(udp, path.read)
        self._udp.append(udp)
        quick = QuickTcp(self, listener.label)
        self._tcp.append(
            await loop.create_server(lambda: Connection(listener.label, self.connections, quick), sock=tcp)
        )
        return host_and_port(listener.host, udp.getsockname()[1])

    @property
    def crowded_out(self) -> int:
        """TCP connections that were ended, since too many others waited for their answers."""
        return self.connections.crowded_out

    def forget(self, injection: str) -> None:
        """Questions put to an injection of this id count from 1 again."""
        self._tally.forget(injection)

    async def close(self) -> None:
        """Stop answering. What is being written is written; replies still delayed are not sent, and logged as dropped."""
        for udp in self._udp:
            asyncio.get_running_loop().remove_reader(udp)
            udp.close()
        self._udp.clear()
        for server in self._tcp:
            server.close()
        for task in self._passing:
            task.cancel()
        for decided in (*self.late.clear(), *self._passing.values()):
            self.log.record(decided.event("drop", self.clock.now()))
        self._passing.clear()
        await self.connections.close()

    def drop_late(self) -> None:
        """Send none of the answers that are still delayed; they are logged as dropped. Connections that drip are ended."""
        for decided in self.late.clear():
            decided.channel.drop()
            self.log.record(decided.event("drop", self.clock.now()))
        self.connections.end_drips()

    def fail(self, error: Exception) -> None:
        """Tell whoever waits for ``failed``; the first failure counts."""
        if not self.failed.done():
            self.failed.set_exception(error)

    def receive(self, data: bytes, channel: Channel) -> None:
        """Answer one message, now or, if delayed, later."""
        try:
            at = self.clock.now()
            if self.updater is not None and is_update(data):
                self.updater.answer(data, channel, at)
                return
            request = self._read(data, channel)
            if request is None:
                channel.drop()
            elif isinstance(request, Refusal):
                said = Answer(), request.data, request.rcode
                self._begin(_Decided(at, channel, request.name, request.rtype, *said))
            elif self._upstream is not None and self._upstream.answers(request, self.responder.zones):
                self._pass_on(request, channel, at, self._upstream)
            else:
                self._begin(self._decide(request, channel, at))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, not swallowed
            self.fail(error)

    def _begin(self, decided: _Decided) -> None:
        if isinstance(decided.reply, Drop) or not decided.reply.delay_ns:
            self._settle(decided)
            return
        seconds = (decided.at + decided.reply.delay_ns - self.clock.now()) / SECOND
        size = len(decided.data) + sum(map(len, decided.also))
        if not self.late.add(decided, size, seconds, self._settle_late):
            self._tell(decided, "", f"{len(self.late):,} delayed answers wait already; this one is dropped")
            self._settle(replace(decided, reply=Drop()))

    def _pass_on(self, request: Request, channel: Channel, at: Instant, upstream: Upstream) -> None:
        """Have ``upstream`` find the honest answer, and go on when it has. Should we end before that, the query is logged as dropped."""

        async def ask() -> None:
            try:
                passed = await upstream.resolve(request)
                self._begin(self._decide(request, channel, at, passed))
            except Exception as error:  # noqa: BLE001 - as in receive
                self.fail(error)

        task = asyncio.get_running_loop().create_task(ask())
        query = request.query
        self._passing[task] = _Decided(at, channel, query.name, query.rtype, Drop(), b"")
        task.add_done_callback(lambda ended: self._passing.pop(ended, None))

    def _read(self, data: bytes, channel: Channel) -> Request | Refusal | None:
        """A message as a question; None for what must not be answered at all."""
        label = channel.label
        try:
            request = read_request(data, channel.transport, label, channel.peer[0], self.ordinals[label] + 1)
        except NotAnswerable:
            return None
        self.ordinals[label] += 1
        return request

    def _decide(self, request: Request, channel: Channel, at: Instant, passed: Passed | None = None) -> _Decided:
        """What is to be done with a question that came ``at``; ``passed`` is what became of it upstream."""
        query = request.query
        honest, upstream = (passed.answer, passed.result) if passed else (None, "")
        faults: tuple[str, ...] = ()
        try:
            outcome = self.responder.outcome(query, at, tally=self._tally, honest=honest)
            reply, faults = outcome.reply, outcome.met
            rcode = reply.rcode if isinstance(reply, Answer) else ""
            # Written now, so that an answer that has no wire form fails at once and not when its delay is over.
            wire, *also = _wires(request, reply)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the server goes on
            asked = _Decided(at, channel, query.name, query.rtype, Drop(), b"", faults=faults, request=request)
            return self._failed(asked, error, upstream)
        unseen = outcome.unseen
        return _Decided(
            at, channel, query.name, query.rtype, reply, wire, rcode, faults, tuple(also), upstream, request, unseen
        )

    def _failed(self, decided: _Decided, error: Exception, upstream: str = "") -> _Decided:
        """SERVFAIL in place of what broke, which is told. The last fault that changed the reply is to blame for what it became."""
        blamed = error.injection if isinstance(error, FaultFailed) else decided.faults[-1] if decided.faults else ""
        self._tell(decided, blamed, reason(error), error)
        if decided.request is None:
            return replace(decided, reply=Drop(), data=b"", also=(), faults=())
        answer = Answer("SERVFAIL", aa=False)
        data = write_answer(decided.request, answer)
        return replace(decided, reply=answer, data=data, rcode="SERVFAIL", faults=(), also=(), upstream=upstream)

    def _tell(self, decided: _Decided, blamed: str, message: str, error: Exception | None = None) -> None:
        if self._on_failure is None:
            self.fail(error or HarnessError(message))
        else:
            label = decided.channel.label
            self._on_failure(QueryFailed(decided.at, label, decided.name, decided.rtype, blamed, message))

    def _settle(self, decided: _Decided) -> None:
        try:
            ending = decided.carry_out()
        except Exception as error:  # noqa: BLE001 - as in _decide
            decided = self._failed(decided, error, decided.upstream)
            ending = self._last_try(decided)
        self.log.record(decided.event(ending, self.clock.now()))

    def _last_try(self, decided: _Decided) -> Ending:
        """Send SERVFAIL to an asker whom the answer could not be sent to; to one that nothing can be sent to, nothing."""
        try:
            return decided.carry_out()
        except OSError:
            decided.channel.drop()
            return "drop"

    def _settle_late(self, decided: _Decided) -> None:
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
