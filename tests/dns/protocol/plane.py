"""The process under test, ``python -m chaoskit.dns``, and the ways to ask it."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import dns.message

from chaoskit.clock import WallClock
from chaoskit.dns.faults.delay import Delay
from chaoskit.dns.target import DnsTarget
from chaoskit.journal.codec import decode
from chaoskit.journal.events import PlaneReady
from chaoskit.timeline.codec import injection_to_json
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Once
from chaoskit.units import MILLISECOND, SECOND
from tests.dns.protocol.zones import ZONES

PATIENCE_S = 30.0
SLOW: Injection[DnsTarget, Any] = Injection(
    "slow", DnsTarget("slow.p.test"), Once(0, 3600 * SECOND), Delay(by=200 * MILLISECOND)
)


def udp_paths() -> list[str]:
    """The server's ways to answer UDP that this platform has."""
    try:
        import chaoskit.dns.udp_batched  # noqa: F401
    except (ImportError, AttributeError):
        return ["plain"]
    return ["plain", "batched"]


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Plane:
    """A running process: the port of each loopback address at which it answers."""

    ports: dict[str, int]


@contextlib.contextmanager
def running(path: str, folder: Path, zones: list[dict[str, Any]] = ZONES) -> Iterator[Plane]:
    """The process with this UDP path; when the block is left, it must have had no failure of its own."""
    hosts = ["127.0.0.1", *(["::1"] if has_ipv6() else [])]
    plan = {
        "seed": 1,
        "udp": path,
        "listeners": [{"label": host, "host": host, "port": 0} for host in hosts],
        "zones": zones,
        "injections": [injection_to_json(SLOW)],
        "spool": str(folder / "queries"),
    }
    command = [sys.executable, "-m", "chaoskit.dns"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for line in (plan, {"do": "arm", "origin": WallClock().now()}):
                process.stdin.write(json.dumps(line).encode() + b"\n")
                process.stdin.flush()
            ready = decode(process.stdout.readline())
            assert isinstance(ready, PlaneReady), ready
            yield Plane({host: int(address.rpartition(":")[2]) for host, address in ready.addresses.items()})
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(b'{"do": "stop"}\n')
                process.stdin.flush()
            said = process.stdout.read().decode()
            assert process.wait(PATIENCE_S) == 0, said
        finally:
            process.kill()


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach the server."""

    plane: Plane
    host: str
    transport: Literal["udp", "tcp"]

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.plane.ports[self.host]

    def connect(self) -> socket.socket:
        """A socket that speaks to the server alone."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        kind = socket.SOCK_DGRAM if self.transport == "udp" else socket.SOCK_STREAM
        found = socket.socket(family, kind)
        found.settimeout(PATIENCE_S)
        found.connect(self.address)
        return found

    def exchange(self, data: bytes) -> bytes:
        """The answer to one message."""
        with self.connect() as connection:
            send(connection, data)
            return receive(connection)

    def ask(self, name: str, rtype: str = "A", **more: Any) -> dns.message.Message:
        """The answer to a question, put twice: what is said from memory must equal what was said first, the ID apart."""
        query = dns.message.make_query(name, rtype, **more)
        answers = []
        for number in random.sample(range(1 << 16), 2):
            query.id = number
            wire = self.exchange(query.to_wire())
            assert wire[:2] == struct.pack("!H", number)
            answers.append(wire)
        assert answers[0][2:] == answers[1][2:]
        answer = dns.message.from_wire(answers[1])
        assert query.is_response(answer)
        return answer

    def is_silent_to(self, *messages: bytes) -> bool:
        """Whether none of these is answered: a question put right after them on the same socket has the next answer."""
        with self.connect() as connection:
            for message in messages:
                send(connection, message)
            last = dns.message.make_query("p.test", "A")
            send(connection, last.to_wire())
            return receive(connection)[:2] == struct.pack("!H", last.id)


def send(connection: socket.socket, data: bytes) -> None:
    framed = struct.pack("!H", len(data)) + data if connection.type == socket.SOCK_STREAM else data
    connection.sendall(framed)


def receive(connection: socket.socket) -> bytes:
    """The next message. Raises ``EOFError`` if there will be none."""
    if connection.type != socket.SOCK_STREAM:
        return connection.recv(65535)
    (length,) = struct.unpack("!H", exactly(connection, 2))
    return exactly(connection, length)


def exactly(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = connection.recv(count - len(found))
        if not more:
            raise EOFError(f"closed after {len(found)} of {count} bytes")
        found += more
    return found
