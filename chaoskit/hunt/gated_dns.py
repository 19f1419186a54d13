"""The arena's name server: updates, and questions about the hunted zones, pass the gate; everything else is answered at once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chaoskit.clock import Clock
from chaoskit.dns import rcodes
from chaoskit.dns.channel import Channel, Datagram, host_and_port
from chaoskit.dns.codec import NotAnswerable, Refusal, read_request
from chaoskit.dns.listen import Listener, bind
from chaoskit.dns.names import parents
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.tcp import Connection
from chaoskit.dns.tcp_quick import QuickTcp
from chaoskit.dns.update_message import (
    UpdateMessage,
    UpdateRecord,
    UpdateRefusal,
    answer_update,
    is_update,
    read_update,
)
from chaoskit.dns.updater import Updater, UpdateRules
from chaoskit.dns.zone import Zone, Zones
from chaoskit.hunt.gate import CallKind, Gate, HeldCall, Order
from chaoskit.journal.events import UpdateAnswered, ZoneChanged

LONGEST = 65_535
UNREADABLE = "a message that cannot be read"


class _NeverQuick(QuickTcp):
    """Answers nothing from templates: each message goes to ``receive``."""

    def answer(self, received: bytearray, peer: tuple[str, int], write: Callable[[bytes], None]) -> bool:
        return False


@dataclass(slots=True, eq=False)
class _Witness:
    """A channel that notes the RCODE of what is sent, and may withhold or spoil it (see ``Order``)."""

    channel: Channel
    order: Order
    rcode: str = "no answer"
    transport: Literal["udp", "tcp"] = field(init=False)
    label: str = field(init=False)
    peer: tuple[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.transport, self.label, self.peer = self.channel.transport, self.channel.label, self.channel.peer

    def send(self, *messages: bytes) -> bool:
        self.rcode = rcodes.mnemonic(messages[0][3] & 15)
        if self.order.withhold:
            self.channel.drop()
            return True
        if self.order.fail == "after":
            messages = (answer_update(messages[0], "SERVFAIL"),)
        return self.channel.send(*messages)

    def hang_up(self, *, reset: bool, begun: bytes = b"", drip_ns: int = 0) -> bool:
        return self.channel.hang_up(reset=reset, begun=begun, drip_ns=drip_ns)

    def refuse(self, size: int) -> bool:
        return self.channel.refuse(size)

    def drop(self) -> None:
        self.channel.drop()


class GatedDns(Server):
    """``hunted`` are the apexes of the zones whose questions are calls. ``rules`` say who may update.

    ``versions`` holds the zones as they were at the start and after each change; ``begin`` starts it anew.
    """

    def __init__(
        self, responder: Responder, clock: Clock, gate: Gate, hunted: Sequence[str], rules: UpdateRules
    ) -> None:
        super().__init__(responder, clock, lambda _: None, "plain")
        self._first = responder
        self._gate = gate
        self._hunted = frozenset(hunted)
        self._loop = asyncio.get_running_loop()
        self._changes: list[ZoneChanged] = []
        self._waiting: set[tuple[Any, bytes]] = set()
        self.versions: list[Zones] = []
        if rules.zones:
            self.updater = Updater(rules, clock, lambda: self.responder.zones, self.swap, self._note)
        self.begin()

    def begin(self) -> None:
        """The zones as they were at first, with no past."""
        self.responder = self._first
        self.versions = [self._first.zones]
        self._waiting.clear()

    def swap(self, zone: Zone) -> None:
        """Serve another version of a zone from now on."""
        self.responder = self.responder.with_zones(self.responder.zones.with_zone(zone))
        self.versions.append(self.responder.zones)

    async def listen(self, listener: Listener) -> str:
        udp, tcp = bind(listener)
        loop = asyncio.get_running_loop()
        loop.add_reader(udp, self._read_datagrams, udp, listener.label)
        self._udp.append(udp)
        quick = _NeverQuick(self, listener.label)
        server = await loop.create_server(lambda: Connection(listener.label, self.connections, quick), sock=tcp)
        self._tcp.append(server)
        return host_and_port(listener.host, udp.getsockname()[1])

    def _read_datagrams(self, udp: socket.socket, label: str) -> None:
        try:
            data, address = udp.recvfrom(LONGEST)
        except BlockingIOError:
            return
        self.receive(data, Datagram(label, address, udp))

    def receive(self, data: bytes, channel: Channel) -> None:
        """Hold a call; a datagram that is sent again while it is held is the same call, whose answer it will get."""
        about = self._about(data, channel)
        if about is None:
            super().receive(data, channel)
            return
        key = (channel.peer, data)
        if key in self._waiting:
            channel.drop()
            return
        self._waiting.add(key)
        call = HeldCall(channel.peer, channel.transport, "dns", *about)

        def release(number: int, order: Order) -> None:
            self._loop.call_soon_threadsafe(self._go, number, data, channel, order)

        self._gate.arrive(call, release)

    def _go(self, number: int, data: bytes, channel: Channel, order: Order) -> None:
        self._waiting.discard((channel.peer, data))
        if order.drop:
            channel.drop()
            return
        if order.fail == "before":
            channel.send(answer_update(data, "SERVFAIL"))
            self._gate.answered(number, "SERVFAIL", len(self.versions) - 1)
            return
        current, version = self.responder, len(self.versions) - 1
        stale = order.as_of is not None and not is_update(data)
        if stale:
            version = min(order.as_of or 0, version)
            self.responder = Responder(self.versions[version], current.timeline, current.seed)
        witness = _Witness(channel, order)
        self._changes = []
        super().receive(data, witness)
        if stale:
            self.responder = current
        else:
            version = len(self.versions) - 1
        self._gate.answered(number, witness.rcode, version, self._changes)

    def _note(self, event: UpdateAnswered | ZoneChanged) -> None:
        if isinstance(event, ZoneChanged):
            self._changes.append(event)

    def _about(self, data: bytes, channel: Channel) -> tuple[CallKind, str] | None:
        """What kind of call a message is, and what it is about; None for one that does not pass the gate."""
        if self.updater is not None and is_update(data):
            try:
                return "write", describe_update(read_update(data))
            except UpdateRefusal:
                return "write", UNREADABLE
        try:
            request = read_request(data, channel.transport, channel.label, channel.peer[0], 1)
        except NotAnswerable:
            return None
        if isinstance(request, Refusal):
            return None
        name = request.query.name
        if not self._hunted & {name, *parents(name)}:
            return None
        return "read", f"query {name} {request.query.rtype}"


def describe_update(message: UpdateMessage) -> str:
    """An update in words: what it requires, and what it changes."""
    required = [f"require {_describe(record, required=True)}" for record in message.prerequisites]
    return "; ".join([*required, *(_describe(record, required=False) for record in message.updates)]) or "nothing"


def _describe(record: UpdateRecord, *, required: bool) -> str:
    words = [record.name, *([] if record.rtype == "ANY" else [record.rtype]), *([record.data] if record.data else [])]
    if required:
        return " ".join([*words, *(["absent"] if record.rclass == "NONE" else ["present"])])
    return " ".join(["add" if record.rclass == "IN" else "delete", *words])
