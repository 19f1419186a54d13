"""UDP on any platform: ``recvfrom`` and ``sendto``, a datagram each. ``udp_batched`` does the same with fewer system calls."""

from __future__ import annotations

import socket
from collections import Counter
from functools import lru_cache
from typing import Any, Protocol

from chaoskit.clock import Clock, Instant
from chaoskit.dns.channel import Channel, Datagram
from chaoskit.dns.responder import Responder
from chaoskit.dns.spool import QueryLog
from chaoskit.dns.templates import ID, Templates
from chaoskit.journal.spool import pack_peer

BATCH = 128
"""Datagrams read before the loop gets its turn, so that a flood on one socket cannot starve the others."""

LONGEST = 4096
"""Bytes of a question that are read: longer ones are cut, which the codec notices. The longest useful one has some 300 bytes."""


class Answering(Protocol):
    """What a UDP socket's loop asks of the server."""

    responder: Responder
    clock: Clock
    log: QueryLog
    ordinals: Counter[str]
    """How many questions each label has been asked; the loop counts those that it answers itself."""

    def receive(self, data: bytes, channel: Channel) -> None:
        """Answer a message on the general path."""

    def fail(self, error: Exception) -> None:
        """Something of ours broke."""


class UdpLoop(Protocol):
    """One UDP socket being answered. ``read`` is called when there is something to read."""

    def read(self) -> None:
        """Answer what has come, up to a limit. Does not raise: what breaks is told to the server."""


class PlainUdp:
    """See ``UdpLoop``. ``label`` names who asks at this socket."""

    def __init__(self, server: Answering, udp: socket.socket, label: str) -> None:
        self._server = server
        self._udp = udp
        self._label = label
        self._templates = Templates(label, "udp", server.log)

    def read(self) -> None:
        try:
            batch = self._receive()
            if batch:
                self._answer(batch)
                self._templates.prepare()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told: silence would look like a fault
            self._server.fail(error)

    def _receive(self) -> list[tuple[bytes, Any]]:
        batch = []
        receive = self._udp.recvfrom
        try:
            for _ in range(BATCH):
                batch.append(receive(LONGEST))
        except BlockingIOError:
            pass
        return batch

    def _answer(self, batch: list[tuple[bytes, Any]]) -> None:
        # The clock is read after the last of the batch has come, so nobody who asks after a change gets an answer from before it.
        server, templates = self._server, self._templates
        at = server.clock.now()
        templates.begin(server.responder, at)
        known, send = templates.known.get, self._udp.sendto
        numbers: list[int] = []
        askers: list[Any] = []
        for data, address in batch:
            template = known(data[ID:])
            if not address[1]:
                continue  # no answer could reach port 0
            try:
                if template is not None:
                    send(data[:ID] + template.rest, address)
                elif template := templates.find(data, at, server.ordinals[self._label] + len(numbers) + 1):
                    send(template.answer(data), address)
                else:
                    self._settle(numbers, askers, at)
                    server.receive(data, Datagram(self._label, address, self._udp))
                    continue
            except OSError:  # it cannot be sent: the general path finds that out too, and tells
                self._settle(numbers, askers, at)
                server.receive(data, Datagram(self._label, address, self._udp))
                continue
            numbers.append(template.number)
            askers.append(address)
        self._settle(numbers, askers, at)

    def _settle(self, numbers: list[int], askers: list[Any], at: Instant) -> None:
        """Log and count what was answered so far, before another query is."""
        if numbers:
            self._server.ordinals[self._label] += len(numbers)
            self._server.log.batch(numbers, at, self._server.clock.now(), b"".join(map(_peer, askers)))
            numbers.clear()
            askers.clear()


@lru_cache(maxsize=4096)
def _peer(address: Any) -> bytes:
    return pack_peer(address[0], address[1])
