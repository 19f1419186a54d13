"""Probes of services of one's own, each as a process against a server of its protocol."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any

import pytest

from chaoskit.clients.http import Http
from chaoskit.errors import SettingRefused
from chaoskit.journal.events import AttemptFinished, AttemptStarted, CallFinished, ClientReady, Event
from chaoskit.units import MILLISECOND, SECOND
from tests.clients.children import ClientProcess

SHOP = Path(__file__).resolve().parents[2] / "experiments" / "app" / "shop"


class Web(ThreadingHTTPServer):
    """Answers ``/CODE`` with that status, never ``/never``, and ``/pair`` once two such requests have come.

    It remembers connections and the calls that came.
    """

    daemon_threads = True

    def __init__(self) -> None:
        self.connections: set[object] = set()
        self.calls: list[str | None] = []
        self.waiting = itertools.count(1)
        self.paired = Signal()
        super().__init__(("127.0.0.1", 0), _Handler)
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server: Any = self.server
        server.connections.add(self.client_address)
        server.calls.append(self.headers["Chaoskit-Call"])
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"nothing"
        if self.path == "/never":
            return
        if self.path == "/pair":
            if next(server.waiting) == 2:
                server.paired.set()
            server.paired.wait(60)
            self.path = "/200"
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.shutdown()
    server.server_close()


def play(use: str, calls: int = 3, **plan: Any) -> list[Event]:
    """What a probe tells until so many of its calls have ended."""
    with ClientProcess(
        use, {"client": "probe", "every_ns": 50 * MILLISECOND, "timeout_ns": 20 * SECOND, **plan}
    ) as client:
        ready = client.next()
        assert isinstance(ready, ClientReady)
        assert ready.use == use
        origin = time.monotonic_ns()
        client.send({"do": "start", "origin": origin, "ends": origin + 3600 * SECOND})
        events: list[Event] = []
        while sum(isinstance(event, CallFinished) for event in events) < calls:
            events.append(client.next())
        client.send({"do": "stop"})
        assert client.exit_code() == 0
    return events


def results(events: list[Event]) -> set[str]:
    return {event.result for event in events if isinstance(event, CallFinished)}


def error_of(events: list[Event]) -> tuple[str, str]:
    link = next(event for event in events if isinstance(event, CallFinished)).errors[0]
    return link.type, link.message


def test_warm_connections_are_kept_and_requests_say_their_call(web: Web) -> None:
    events = play("http", url=f"{web.url}/200")
    assert results(events) == {"ok"}
    assert len(web.connections) == 1
    assert web.calls[:3] == [event.invocation for event in events if isinstance(event, AttemptStarted)][:3]
    assert {event.status for event in events if isinstance(event, AttemptFinished)} == {200}


def test_cold_connections_are_not(web: Web) -> None:
    events = play("http", url=f"{web.url}/200", connection="cold", method="POST", body="hello", holds="ell")
    assert results(events) == {"ok"}
    assert len(web.connections) >= 3


@pytest.mark.parametrize(
    ("path", "settings", "error", "message"),
    [
        ("/503", {}, "UnexpectedAnswerError", "status 503, where 200 to 399 is expected"),
        ("/200", {"statuses": [201, 202]}, "UnexpectedAnswerError", "status 200, where 201 or 202 is expected"),
        ("/200", {"holds": "gold"}, "UnexpectedAnswerError", "status 200, but the body does not hold 'gold'"),
        ("/200", {"latency_ns": 1}, "TooSlow", "answered after"),
        (
            "/never",
            {"timeout_ns": 100 * MILLISECOND},
            "TimeoutError",
            "not done within 100 ms; it was waiting for the answer",
        ),
    ],
)
def test_what_is_no_success(web: Web, path: str, settings: dict[str, Any], error: str, message: str) -> None:
    events = play("http", 1, url=f"{web.url}{path}", **settings)
    assert results(events) == {"failed"}
    kind, text = error_of(events)
    assert kind == error
    assert text.startswith(message)


def test_an_expected_status_is_a_success_whatever_it_is(web: Web) -> None:
    assert results(play("http", 1, url=f"{web.url}/404", statuses=[404])) == {"ok"}


def test_a_refusal_is_told_with_its_number() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    events = play("http", 1, url=f"http://127.0.0.1:{port}/")
    (finished,) = [event for event in events if isinstance(event, CallFinished)]
    assert (finished.errors[0].type, finished.errors[0].errno is None) == ("ConnectionRefusedError", False)


def test_concurrent_calls_do_not_wait_for_one_another(web: Web) -> None:
    events = play("http", 2, url=f"{web.url}/pair", concurrency=4)
    assert results(events) == {"ok"}, "a second call began while the first one hung, so both were answered"


@pytest.mark.parametrize("url", ["http://user@host/", "http://", "http://host:0/", "http://h:99999/", "http://h/a b"])
def test_a_url_that_cannot_be_asked_is_refused(url: str) -> None:
    with pytest.raises(SettingRefused):
        Http(client="probe", url=url)


@contextlib.contextmanager
def shop(program: str) -> Iterator[int]:
    """A program of the shop's, listening."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    process = subprocess.Popen([sys.executable, SHOP / program], env={**os.environ, "PORT": str(port)})
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("connection", ["warm", "cold"])
def test_redis_and_tcp_probes_ask_a_redis(connection: str) -> None:
    with shop("redis_like.py") as port:
        assert results(play("redis", url=f"redis://127.0.0.1:{port}/0", connection=connection)) == {"ok"}
        assert results(play("redis", 1, url=f"redis://127.0.0.1:{port}/0", command=["NO", "SUCH"])) == {"failed"}
        tcp: dict[str, Any] = {"address": f"127.0.0.1:{port}", "send": "PING\r\n", "connection": connection}
        assert results(play("tcp", holds="PONG", **tcp)) == {"ok"}
        assert results(play("tcp", 1, address=f"127.0.0.1:{port}", connection=connection)) == {"ok"}


@pytest.mark.parametrize("connection", ["warm", "cold"])
def test_a_postgres_probe_asks_a_database(connection: str) -> None:
    with shop("postgres_like.py") as port:
        events = play("postgres", url=f"postgresql://user:secret@127.0.0.1:{port}/shop", connection=connection)
    assert results(events) == {"ok"}


def test_a_database_that_is_gone_is_a_failed_call() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    events = play("postgres", 1, url=f"postgresql://user@127.0.0.1:{port}/shop")
    assert results(events) == {"failed"}
    assert error_of(events)[0] == "OperationalError"


C_ARES = pytest.mark.skipif(
    importlib.util.find_spec("aiodns") is None or importlib.util.find_spec("aiohttp") is None,
    reason="needs aiohttp and aiodns: pip install 'chaoskit[aiohttp]'",
)


@C_ARES
@pytest.mark.parametrize(("connection", "connections"), [("warm", 1), ("cold", 3)])
def test_aiohttp_says_its_call_and_keeps_connections(web: Web, connection: str, connections: int) -> None:
    events = play("aiohttp", url=f"{web.url}/200", connection=connection)
    assert results(events) == {"ok"}
    assert web.calls[:3] == [event.invocation for event in events if isinstance(event, AttemptStarted)][:3]
    assert {event.status for event in events if isinstance(event, AttemptFinished)} == {200}
    assert len(web.connections) >= connections
    assert (len(web.connections) == 1) is (connection == "warm")


@C_ARES
def test_aiohttp_judges_answers_and_tells_its_libraries(web: Web) -> None:
    assert error_of(play("aiohttp", 1, url=f"{web.url}/503")) == (
        "UnexpectedAnswerError",
        "status 503, where 200 to 399 is expected",
    )
    events = play("aiohttp", 2, url=f"{web.url}/302", method="POST", body="hello", holds="ell")
    assert results(events) == {"ok"}, "a redirect is an answer, and is not followed"


@C_ARES
def test_aiohttp_gives_up_and_tells_who_refuses(web: Web) -> None:
    events = play("aiohttp", 1, url=f"{web.url}/never", timeout_ns=100 * MILLISECOND)
    assert error_of(events) == ("TimeoutError", "not done within 100 ms; it was waiting for aiohttp")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert error_of(play("aiohttp", 1, url=f"http://127.0.0.1:{port}/"))[0] == "ClientConnectorError"
