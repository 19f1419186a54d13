"""A closed-loop load generator that batches: ``python -m tests.bench.generator PORT SECONDS`` (loopback only, ends by itself).

``WINDOW`` questions are on their way at any time: as many answers as have come are taken by one system call, and as many questions
follow by another. Nothing in Python happens per packet, so that the server is the slower one. It prints one line of JSON.
"""

from __future__ import annotations

import ctypes
import json
import random
import socket
import struct
import sys
import time
from collections import Counter

from chaoskit.dns.udp_batched import Header, Message, Piece

WINDOW = 128
MSG_WAITFORONE = 0x10000
RING = 8192
LOST_AFTER_S = 0.2
SLOT = 1024

_libc = ctypes.CDLL(None, use_errno=True)
MESSAGE = ctypes.sizeof(Message)


def question(name: str, number: int) -> bytes:
    """A query for A, without EDNS."""
    wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + wire + struct.pack("!HH", 1, 1)


class Ring:
    """Questions ready to send, in an order that the seed shuffles."""

    def __init__(self, names: list[str], seed: int) -> None:
        chosen = random.Random(seed).choices(names, k=RING)
        self._bytes = [ctypes.create_string_buffer(question(name, n & 0xFFFF)) for n, name in enumerate(chosen)]
        self._pieces = (Piece * RING)()
        self._messages = (Message * RING)()
        self._at = 0
        for n, data in enumerate(self._bytes):
            self._pieces[n] = Piece(ctypes.addressof(data), len(data) - 1)
            self._messages[n].header = Header(None, 0, ctypes.addressof(self._pieces) + n * ctypes.sizeof(Piece), 1)

    def send(self, file: int, count: int) -> None:
        """The next ``count`` questions."""
        while count:
            now = min(count, RING - self._at)
            sent = _libc.sendmmsg(file, ctypes.byref(self._messages, self._at * MESSAGE), now, 0)
            if sent < 0:
                raise OSError(ctypes.get_errno(), "sendmmsg")
            self._at = (self._at + sent) % RING
            count -= sent


class Slots:
    """Room for answers."""

    def __init__(self) -> None:
        self._room = ctypes.create_string_buffer(WINDOW * SLOT)
        self._pieces = (Piece * WINDOW)()
        self._messages = (Message * WINDOW)()
        for n in range(WINDOW):
            self._pieces[n] = Piece(ctypes.addressof(self._room) + n * SLOT, SLOT)
            self._messages[n].header = Header(None, 0, ctypes.addressof(self._pieces) + n * ctypes.sizeof(Piece), 1)

    def receive(self, file: int) -> int:
        """Wait for an answer, and take all that have come; 0 when ``LOST_AFTER_S`` passes without one."""
        return max(0, int(_libc.recvmmsg(file, self._messages, WINDOW, MSG_WAITFORONE, None)))

    def first(self) -> bytes:
        """The header of the first answer."""
        return self._room.raw[:12]


def load(port: int, seconds: float, names: list[str]) -> dict[str, object]:
    """Ask for ``seconds``; what came back, in numbers."""
    ring, slots = Ring(names, seed=1), Slots()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", port))
        timeout = struct.pack("ll", 0, int(LOST_AFTER_S * 1e6))
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        file = udp.fileno()
        answers = lost = 0
        rcodes: Counter[int] = Counter()
        began = time.monotonic()
        ring.send(file, WINDOW)
        while time.monotonic() - began < seconds:
            got = slots.receive(file)
            if got:
                rcodes[slots.first()[3] & 0xF] += 1
                answers += got
                ring.send(file, got)
            else:
                lost += WINDOW
                ring.send(file, WINDOW)
        took = time.monotonic() - began
    return {"answers": answers, "lost": lost, "seconds": took, "rcodes": dict(rcodes)}


def main() -> None:
    names = sys.stdin.read().split()
    sys.stdout.write(json.dumps(load(int(sys.argv[1]), float(sys.argv[2]), names)) + "\n")


if __name__ == "__main__":
    main()
