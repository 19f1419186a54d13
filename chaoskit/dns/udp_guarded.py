"""UDP where others than this machine can ask: each datagram passes the guard before anything of it is read. It knows no templates."""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass

from chaoskit.dns.channel import Datagram
from chaoskit.dns.codec import HEADER, QR, RD_BIT, TC
from chaoskit.dns.guard import Guard
from chaoskit.dns.udp_plain import BATCH, LONGEST, Answering

OPCODE_AND_RD = 0x7800 | RD_BIT


@dataclass(frozen=True, slots=True)
class FarDatagram(Datagram):
    """A datagram from another machine: that it cannot be reached any more is no failure of ours."""

    def send(self, *messages: bytes) -> bool:
        try:
            return Datagram.send(self, *messages)
        except OSError:
            return False


class GuardedUdp:
    """See ``udp_plain.UdpLoop``."""

    def __init__(self, server: Answering, udp: socket.socket, label: str, guard: Guard) -> None:
        self._server = server
        self._udp = udp
        self._label = label
        self._guard = guard

    def read(self) -> None:
        try:
            for _ in range(BATCH):
                try:
                    data, address = self._udp.recvfrom(LONGEST)
                except BlockingIOError:
                    return
                except ConnectionError:
                    continue  # an ICMP error of an earlier answer
                if address[1]:  # no answer could reach port 0
                    self._pass(data, address)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told: silence would look like a fault
            self._server.fail(error)

    def _pass(self, data: bytes, address: tuple[str, int]) -> None:
        verdict = self._guard.verdict(address[0], self._server.clock.now())
        if verdict == "answer":
            self._server.receive(data, FarDatagram(self._label, address, self._udp))
        elif verdict == "slip" and (truncated := ask_over_tcp(data)):
            with contextlib.suppress(OSError):
                self._udp.sendto(truncated, address)


def ask_over_tcp(data: bytes) -> bytes:
    """The query itself as an empty answer with TC set, never longer than it; nothing for what is no query."""
    if len(data) < HEADER:
        return b""
    number, flags, questions = struct.unpack_from("!3H", data)
    if flags & QR or questions != 1:
        return b""
    end = data.find(0, HEADER) + 5
    if end < HEADER + 5 or end > len(data):
        return b""
    return struct.pack("!6H", number, QR | TC | flags & OPCODE_AND_RD, 1, 0, 0, 0) + data[HEADER:end]
