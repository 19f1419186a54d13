"""A proxy under test, driven over its HTTP API and loopback sockets, and nothing else: both implementations look alike from here."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from chaoskit.host_port import host_port

PATIENCE_S = 30.0  # how long a test waits for what must happen, on a busy machine

DEFECTS = {
    "toxiproxy": frozenset(
        {
            "toxicity 0 bites",  # reset_peer's SO_LINGER and timeout's clean-up ask no dice (issue 444)
            "a delete hangs",  # a toxic that is blocked on its output cannot be interrupted
            "reset_peer ends an open connection with EOF",  # SO_LINGER is set for new connections only
            "a half-close closes",  # the end of one stream closes the whole socket of the other side
            "attributes are not checked",  # a slicer with average_size 0 ends the whole server at its first byte
        }
    ),
    "toxiproxy-2.5.0": frozenset({"knows no PATCH", "populate describes what is there already as switched off"}),
    "embedded": frozenset[str](),
}
"""What each is known to do wrong (``toxiproxy``: every version), held to by the suite: a defect that is gone fails a test, and so
leaves this list."""

Behaviour = Callable[[socket.socket], None]


def echo(connection: socket.socket) -> None:
    """Send back what comes, to its end."""
    while data := connection.recv(1 << 16):
        connection.sendall(data)


class Service:
    """A service of one behaviour, a thread for each connection."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._behaviour = behaviour
        self.address = host_port(self._listener.getsockname())
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self._behaviour(connection)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Subject:
    """One proxy server. ``has`` asks for a known defect."""

    def __init__(self, kind: str, address: tuple[str, int]) -> None:
        self.kind = kind
        self._address = address
        self._services: list[Service] = []

    def has(self, defect: str) -> bool:
        assert any(defect in defects for defects in DEFECTS.values()), f"no implementation has the defect {defect!r}"
        kinds = {self.kind} if self.kind == "embedded" else {"toxiproxy", self.kind}
        return any(defect in DEFECTS.get(kind, ()) for kind in kinds)

    def ask(
        self, method: str, path: str, body: Any = None, timeout_s: float = PATIENCE_S, **headers: str
    ) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(*self._address, timeout=timeout_s)
        try:
            connection.request(method, path, raw, headers)
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type", ""), response.read()
        finally:
            connection.close()

    def exchange(self, raw: bytes) -> bytes:
        """What comes back for raw bytes, to the end."""
        with socket.create_connection(self._address, timeout=PATIENCE_S) as client:
            client.sendall(raw)
            answer = b""
            while data := client.recv(1 << 16):
                answer += data
            return answer

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status, and the body's JSON (None for an empty one)."""
        status, _, raw = self.ask(method, path, body)
        return status, json.loads(raw) if raw else None

    def service(self, behaviour: Behaviour = echo) -> str:
        """Start a service; its address."""
        self._services.append(Service(behaviour))
        return self._services[-1].address

    def proxy(self, behaviour: Behaviour = echo, name: str = "p") -> str:
        """A proxy before a service of its own; its address."""
        status, made = self.call("POST", "/proxies", _proxy(name, self.service(behaviour)))
        assert status == 201, made
        return str(made["listen"])

    def toxic(self, kind: str, *, stream: str = "downstream", toxicity: float = 1.0, **attributes: int) -> None:
        """Put a toxic named ``t`` on proxy ``p``."""
        self.add({"name": "t", "type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes})

    def add(self, body: dict[str, Any]) -> None:
        status, answer = self.call("POST", "/proxies/p/toxics", body)
        assert status == 200, answer

    def lift(self) -> None:
        """Take the toxic ``t`` off."""
        assert self.call("DELETE", "/proxies/p/toxics/t") == (204, None)

    def clear(self) -> None:
        """Leave nothing behind for the next test."""
        for name in self.call("GET", "/proxies")[1]:
            self.call("DELETE", f"/proxies/{name}")
        for service in self._services:
            service.close()
        self._services.clear()


def _proxy(name: str, upstream: str) -> dict[str, Any]:
    return {"name": name, "listen": "127.0.0.1:0", "upstream": upstream}


def dial(address: str) -> socket.socket:
    """A client's connection."""
    host, _, port = address.rpartition(":")
    client = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def receive(client: socket.socket, size: int) -> bytes:
    """Exactly so many bytes, or fewer when the stream ends."""
    got = b""
    while len(got) < size and (data := client.recv(size - len(got))):
        got += data
    return got


def ask(client: socket.socket, data: bytes = b"x") -> bytes:
    """What an echo service answers."""
    client.sendall(data)
    return receive(client, len(data))


@contextmanager
def at_least(seconds: float) -> Iterator[None]:
    """What is inside takes that long. A timer may be a millisecond early (Go's own remark in ``bandwidth.go``)."""
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert took >= seconds - 0.002, f"took only {took:.4f} s of {seconds:g} s"
