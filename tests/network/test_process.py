"""Both programs of the proxy plane as processes: the contract, and that nothing outlives its parent."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaoskit.child import ALIVE, PARENT_GONE
from chaoskit.host_port import host_port
from chaoskit.journal.codec import decode
from chaoskit.journal.events import (
    ConnectionClosed,
    ConnectionOpened,
    Event,
    HarnessFailed,
    InjectionApplied,
    InjectionLifted,
    PlaneReady,
)
from chaoskit.units import MILLISECOND, SECOND
from tests.network.servers import KINDS, running

PATIENCE_S = 30


class Plane:
    """A process under the contract."""

    def __init__(self, module: str, plan: dict[str, Any]) -> None:
        argv = [sys.executable, "-m", module]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.say(plan)

    def say(self, line: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> Event:
        """The next event; signs of life are none."""
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline()).startswith(ALIVE):
            pass
        return decode(line)

    def stop(self) -> list[Event]:
        self.say({"do": "stop"})
        return self.rest()

    def rest(self) -> list[Event]:
        assert self.process.stdout is not None
        return [decode(line) for line in self.process.stdout if not line.startswith(ALIVE)]

    def complaint(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@pytest.fixture
def start() -> Iterator[Any]:
    planes: list[Plane] = []

    def begin(plan: dict[str, Any], module: str = "chaoskit.network") -> Plane:
        planes.append(Plane(module, plan))
        return planes[-1]

    yield begin
    for plane in planes:
        plane.close()


@pytest.fixture
def echo() -> Iterator[str]:
    """A service that sends back what comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        def talk(connection: socket.socket) -> None:
            with connection:
                try:
                    while data := connection.recv(1 << 16):
                        connection.sendall(data)
                except ConnectionError:
                    pass

        threading.Thread(target=serve, daemon=True).start()
        yield host_port(listener.getsockname())
        listener.shutdown(socket.SHUT_RDWR)


def populate(upstream: str) -> dict[str, Any]:
    spec = {"name": "svc@127.0.0.1", "service": "svc", "listen": "127.0.0.1:0", "upstream": upstream}
    return {"do": "populate", "proxies": [spec]}


def injection(name: str, fault: dict[str, Any], start: int, length: int) -> dict[str, Any]:
    where = {"service": "svc", "stream": "downstream"}
    return {"id": name, "where": where, "when": {"once": {"start": start, "length": length}}, "fault": fault}


def dial(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE_S)


def ping(client: socket.socket) -> bytes:
    client.sendall(b"x")
    return client.recv(1)


def gone(address: str) -> bool:
    """Wait until nobody listens there any more."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            dial(address).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            continue
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_of_the_plane(start: Any, echo: str, kind: str) -> None:
    toxiproxy = None
    if kind != "embedded":
        with running(kind) as server:  # skips where there is none
            toxiproxy = server.program  # type: ignore[attr-defined]
    faults = [
        injection("slow", {"latency": {"latency": 1 * MILLISECOND, "jitter": 0}}, 0, 3600 * SECOND),
        injection("gone", {"timeout": {"timeout": 0}}, 3600 * SECOND, SECOND),
    ]
    plane = start({"toxiproxy": toxiproxy, "injections": faults})
    plane.say(populate(echo))
    ready = plane.hear()
    assert isinstance(ready, PlaneReady)
    assert ready.implementation == ("embedded proxy" if kind == "embedded" else ready.implementation)
    assert ready.pid == plane.process.pid
    address = ready.addresses["svc@127.0.0.1"]
    with dial(address) as client:
        client.settimeout(PATIENCE_S)
        assert ping(client) == b"x"
        origin = time.monotonic_ns()
        plane.say({"do": "arm", "origin": origin})
        applied: Event = plane.hear()
        assert isinstance(applied, ConnectionOpened)
        assert applied.toxics == ()
        applied = plane.hear()
        assert isinstance(applied, InjectionApplied)
        assert (applied.injection, applied.due) == ("slow", origin)
        assert applied.asked is not None
        assert origin <= applied.asked <= applied.at
        assert ping(client) == b"x"
        with dial(address) as second:
            assert ping(second) == b"x"
            opened = plane.hear()
            assert isinstance(opened, ConnectionOpened)
            assert opened.peer == host_port(second.getsockname())
            # Toxiproxy's log says it when a connection begins; ours when it is over, because then it knows what the toxic did.
            assert opened.toxics == (("slow",) if kind != "embedded" else ())
        events = plane.stop()
    assert plane.process.wait(PATIENCE_S) == 0
    lifted = [event for event in events if isinstance(event, InjectionLifted)]
    assert [(event.injection, event.due) for event in lifted] == [("slow", origin + 3600 * SECOND)]
    closed = [event for event in events if isinstance(event, ConnectionClosed)]
    assert [event.toxics for event in closed] == ([("slow",)] * 2 if kind == "embedded" else [])
    assert plane.complaint() == ""
    assert gone(address)


@pytest.mark.parametrize("end", ["eof", "kill", "term"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_proxy_does_not_outlive_its_driver(start: Any, echo: str, kind: str, end: str) -> None:
    toxiproxy = None
    if kind != "embedded":
        with running(kind) as server:
            toxiproxy = server.program  # type: ignore[attr-defined]
    plane = start({"toxiproxy": toxiproxy, "injections": []})
    plane.say(populate(echo))
    address = plane.hear().addresses["svc@127.0.0.1"]
    if end == "eof":
        plane.process.stdin.close()
    else:
        plane.process.send_signal(signal.SIGKILL if end == "kill" else signal.SIGTERM)
    code = plane.process.wait(PATIENCE_S)
    assert code == {"eof": PARENT_GONE, "kill": -signal.SIGKILL, "term": -signal.SIGTERM}[end]
    assert gone(address)


def test_a_running_proxy_server_is_used_by_url_and_left_alone(start: Any, echo: str) -> None:
    with running("embedded") as server:
        plane = start({"toxiproxy": "http://" + host_port(server.address()), "injections": []})
        plane.say(populate(echo))
        ready = plane.hear()
        assert ready.implementation == "embedded proxy, running before"
        assert plane.stop() == []
        assert plane.process.wait(PATIENCE_S) == 0
        assert gone(ready.addresses["svc@127.0.0.1"])
        dial(host_port(server.address())).close()


def test_a_proxy_that_dies_is_a_failure_of_the_harness(start: Any, echo: str) -> None:
    with running("embedded") as server:
        plane = start(
            {
                "toxiproxy": "http://" + host_port(server.address()),
                "injections": [injection("slow", {"latency": {"latency": 5 * MILLISECOND}}, 0, SECOND)],
            }
        )
        plane.say(populate(echo))
        assert isinstance(plane.hear(), PlaneReady)
    plane.say({"do": "arm", "origin": time.monotonic_ns()})
    (failure,) = plane.rest()
    assert isinstance(failure, HarnessFailed)
    assert "was asked to add toxic slow" in failure.message
    assert plane.process.wait(PATIENCE_S) == 4
    assert "was asked to add toxic slow" in plane.complaint()


def test_the_embedded_proxy_killed_under_its_driver_is_a_failure(start: Any, echo: str) -> None:
    plane = start({"toxiproxy": None, "injections": []})
    plane.say(populate(echo))
    plane.hear()
    children = Path(f"/proc/{plane.process.pid}/task/{plane.process.pid}/children")
    if not children.exists():
        pytest.skip("this kernel does not tell a process's children")
    (pid,) = map(int, children.read_text().split())
    os.kill(pid, signal.SIGKILL)
    (failure,) = plane.rest()
    assert isinstance(failure, HarnessFailed)
    assert failure.message == "the embedded proxy ended by itself with exit code -9"
    assert plane.process.wait(PATIENCE_S) == 4


@pytest.mark.parametrize(
    ("toxiproxy", "says"),
    [
        ("no-such-program", "there is no program 'no-such-program'"),
        ("/bin/false", "/bin/false ended with code 1 before it listened"),
        ("ftp://127.0.0.1", "is no address of a Toxiproxy"),
        ("http://127.0.0.1:9", "no Toxiproxy listens at 127.0.0.1:9"),
    ],
)
def test_what_cannot_be_driven_is_said(start: Any, toxiproxy: str, says: str) -> None:
    plane = start({"toxiproxy": toxiproxy, "injections": []})
    (failure,) = plane.rest()
    assert says in failure.message
    assert plane.process.wait(PATIENCE_S) == 4


def test_the_embedded_proxy_alone(start: Any) -> None:
    plane = start({"seed": 1}, "chaoskit.network.embedded")
    ready = plane.hear()
    assert isinstance(ready, PlaneReady)
    address = ready.addresses["api"]
    plane.process.stdin.close()
    assert plane.process.wait(PATIENCE_S) == PARENT_GONE
    assert gone(address)
    refused = start({"host": "0.0.0.0"}, "chaoskit.network.embedded")
    assert refused.process.wait(PATIENCE_S) == 4
    assert "loopback" in refused.complaint()
