"""The fronts of services of one's own: HTTP with evidence and faults, plain bytes, and TLS in front of both."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from chaoskit.aws.certificates import Authority
from chaoskit.aws.inject import Faults
from chaoskit.aws.own_fronts import OwnFronts
from chaoskit.aws.plan import injections_from_json
from chaoskit.journal.events import Event, RequestAnswered, RequestArrived
from chaoskit.units import SECOND

PATIENCE_S = 30
NAME = "api.example.internal"


class Bench:
    """Fronts by a plan, what they tell, and clients that trust them."""

    def __init__(self, folder: Path, *plan: dict[str, Any], faults: tuple[dict[str, Any], ...] = ()) -> None:
        authority = Authority()
        self.trust = ssl.create_default_context(cafile=str(authority.publish(folder)))
        self.events: list[Event] = []
        self.failures: list[str] = []
        self.faults = Faults(injections_from_json(faults), 1)
        usual = {
            "names": [NAME],
            "tls": False,
            "http": True,
            "idle_timeout_ns": None,
            "max_requests": None,
            "region": "eu-west-1",
        }
        whole = [usual | own for own in plan]
        self.fronts = OwnFronts(
            whole, authority, self.faults, self.events.append, self.failures.append, itertools.count(1)
        )

    def place(self, name: str = "api") -> tuple[str, int]:
        host, _, port = self.fronts.addresses[f"own {name}"].rpartition(":")
        return host, int(port)

    def get(self, path: str = "/", name: str = "api", **headers: str) -> tuple[int, str]:
        with closing(http.client.HTTPConnection(*self.place(name), timeout=PATIENCE_S)) as client:
            client.request("GET", path, headers={key.replace("_", "-"): value for key, value in headers.items()})
            response = client.getresponse()
            return response.status, response.read().decode()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def backend() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{self.path} {self.headers['Host']}".encode()
            self.send_response(207)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_request_is_passed_on_and_told_with_its_call(tmp_path: Path, backend: str) -> None:
    bench = Bench(tmp_path, {"name": "api", "backend": backend})
    assert bench.get("/items?x=1", Host=NAME, Chaoskit_Call="visitor-1") == (207, f"/items?x=1 {NAME}")
    (arrived,), (answered,) = bench.of(RequestArrived), bench.of(RequestAnswered)
    assert (arrived.service, arrived.operation, arrived.invocation, arrived.attempt) == (
        "api",
        "GET /items",
        "visitor-1",
        1,
    )
    assert (answered.request, answered.status, answered.faults) == (arrived.request, 207, ())
    bench.fronts.stop()
    assert bench.failures == []


def test_a_backend_that_is_gone_is_502_and_no_harness_failure(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"name": "api", "backend": f"127.0.0.1:{unused_port()}"})
    assert bench.get()[0] == 502
    assert [event.status for event in bench.of(RequestAnswered)] == [502]
    bench.fronts.stop()
    assert bench.failures == []


def test_the_built_in_backends(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"name": "api", "backend": "static"}, {"name": "echo", "backend": "echo"})
    assert bench.get() == (200, "ok\n")
    assert bench.get("/a?b=%2F", "echo") == (200, "GET /a?b=%2F\n")
    assert [event.request for event in bench.of(RequestArrived)] == [1, 2], "one count for all fronts"
    bench.fronts.stop()


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ({"unavailable": {"retry_after": 3 * SECOND}}, 503, "ServiceUnavailable"),
        ({"error": {"code": "Boom"}}, 500, "Boom"),
        ({"throttle": {}}, 429, "TooManyRequests"),
    ],
)
def test_faults_meet_requests_by_method_and_path(tmp_path: Path, fault: dict[str, Any], status: int, text: str) -> None:
    when = {"once": {"start": 0, "length": 3600 * SECOND}}
    injection = {
        "id": "f",
        "where": {"service": "api", "operation": "GET /items*"},
        "when": when,
        "fault": fault,
        "chance": 1.0,
    }
    bench = Bench(tmp_path, {"name": "api", "backend": "static"}, faults=(injection,))
    bench.faults.arm(time.monotonic_ns() - SECOND)
    assert bench.get("/health") == (200, "ok\n")
    got, body = bench.get("/items/7")
    assert (got, body.partition(":")[0]) == (status, text)
    assert bench.of(RequestAnswered)[-1].faults == ("f",)
    bench.fronts.stop()


def test_a_last_request_closes_its_connection(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"name": "api", "backend": "static", "max_requests": 1})
    client = http.client.HTTPConnection(*bench.place(), timeout=PATIENCE_S)
    client.request("GET", "/")
    assert client.getresponse().getheader("Connection") == "close"
    client.close()
    bench.fronts.stop()


@pytest.mark.parametrize("speaks_http", [True, False])
def test_tls_shows_the_service_s_name_and_ends_at_the_front(tmp_path: Path, backend: str, *, speaks_http: bool) -> None:
    bench = Bench(tmp_path, {"name": "api", "backend": backend, "tls": True, "http": speaks_http})
    plain = socket.create_connection(bench.place(), timeout=PATIENCE_S)
    with bench.trust.wrap_socket(plain, server_hostname=NAME) as secure:
        secure.sendall(f"GET /x HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: secure.recv(4096), b""))
    assert answer.split(b"\r\n")[0].split()[1] == b"207"
    assert len(bench.of(RequestArrived)) == speaks_http, "bytes that are passed on are not read"
    bench.fronts.stop()


def test_bytes_are_echoed_or_passed_on_and_half_closes_too(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        bench = Bench(
            tmp_path,
            {"name": "echo", "backend": "echo", "http": False},
            {"name": "raw", "backend": f"127.0.0.1:{port}", "http": False},
        )
        with socket.create_connection(bench.place("echo"), timeout=PATIENCE_S) as client:
            client.sendall(b"abc")
            client.shutdown(socket.SHUT_WR)
            assert b"".join(iter(lambda: client.recv(4096), b"")) == b"abc"
        with socket.create_connection(bench.place("raw"), timeout=PATIENCE_S) as client:
            theirs, _ = server.accept()
            client.shutdown(socket.SHUT_WR)
            assert theirs.recv(10) == b""
            theirs.sendall(b"late")
            theirs.close()
            assert b"".join(iter(lambda: client.recv(4096), b"")) == b"late"
    bench.fronts.stop()


def test_a_backend_of_bytes_that_is_gone_breaks_the_connection(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"name": "raw", "backend": f"127.0.0.1:{unused_port()}", "http": False})
    with (
        socket.create_connection(bench.place("raw"), timeout=PATIENCE_S) as client,
        contextlib.suppress(ConnectionResetError),
    ):
        assert client.recv(10) == b""
    bench.fronts.stop()
