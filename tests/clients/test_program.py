"""The process that looks after an app: its start, its readiness, its health, its end."""

from __future__ import annotations

import socket
import sys
import time
from pathlib import Path
from typing import Any

from chaoskit.journal.events import AppEnded, AppReady, AppStarted, ClientReady, Event, HealthChecked
from chaoskit.units import SECOND
from tests.clients.children import ClientProcess

WEB = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die": os._exit(3)
        self.send_response(204 if os.environ["GREETING"] == "hello" else 500); self.end_headers()
    def log_message(self, *_): pass
print("listening", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def plan(tmp_path: Path, code: str, *words: str, **settings: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "client": "web",
        "argv": [sys.executable, "-c", code, *words],
        "cwd": str(tmp_path),
        "env": {"GREETING": "hello"},
    }
    usual |= {"ready": None, "ready_within_ns": 60 * SECOND, "health": None, "logs": str(tmp_path / "logs")}
    return usual | settings


def until(client: ClientProcess, kind: type[Event]) -> list[Event]:
    events: list[Event] = []
    while not events or not isinstance(events[-1], kind):
        events.append(client.next())
    return events


def test_an_app_is_ready_when_it_answers_and_its_health_is_asked(tmp_path: Path) -> None:
    port = unused_port()
    url = f"http://localhost:{port}/health"
    with ClientProcess("program", plan(tmp_path, WEB, str(port), ready=url, health=url)) as client:
        kinds = [type(event) for event in until(client, ClientReady)]
        assert kinds == [AppStarted, AppReady, ClientReady]
        client.send({"do": "start", "origin": time.monotonic_ns(), "ends": time.monotonic_ns() + 3600 * SECOND})
        (check,) = until(client, HealthChecked)
        assert isinstance(check, HealthChecked)
        assert (check.client, check.status) == ("web", 204)
        client.send({"do": "stop"})
        assert not any(isinstance(event, AppEnded) for event in client.rest()), "it was told to end"
        assert client.exit_code() == 0
    assert (tmp_path / "logs" / "web.stdout.log").read_text() == "listening\n"
    assert socket.socket().connect_ex(("127.0.0.1", port)) != 0, "it is gone"


def test_an_app_that_ends_too_early_breaks_the_run_in_its_words(tmp_path: Path) -> None:
    code = "import sys; sys.exit('no database')"
    with ClientProcess("program", plan(tmp_path, code, ready=f"localhost:{unused_port()}")) as client:
        failure = client.failure()
        assert client.exit_code() == 4
    assert "ended with exit code 1 before it was ready" in failure
    assert "it printed: no database" in failure


def test_an_app_that_is_never_ready_is_told_with_the_reason(tmp_path: Path) -> None:
    code = "import signal; signal.pause()"
    place = f"localhost:{unused_port()}"
    with ClientProcess("program", plan(tmp_path, code, ready=place, ready_within_ns=1)) as client:
        assert f"not ready at {place} within 1 ns ([Errno 111] Connection refused)" in client.failure()
        assert client.exit_code() == 4


def test_an_app_that_ends_during_the_run_is_a_finding(tmp_path: Path) -> None:
    port = unused_port()
    with ClientProcess("program", plan(tmp_path, WEB, str(port), ready=f"localhost:{port}")) as client:
        until(client, ClientReady)
        with socket.create_connection(("127.0.0.1", port)) as poison:
            poison.sendall(b"GET /die HTTP/1.0\r\n\r\n")
            end = until(client, AppEnded)[-1]
        assert isinstance(end, AppEnded)
        assert end.exit_code == 3
        client.send({"do": "stop"})
        assert client.exit_code() == 0


def test_an_app_that_is_started_anew_may_fail_to_come_up(tmp_path: Path) -> None:
    again = plan(tmp_path, "import sys; sys.exit(7)", ready=f"localhost:{unused_port()}", again=True)
    with ClientProcess("program", again) as client:
        events = until(client, AppEnded)
        assert [type(event) for event in events] == [AppStarted, ClientReady, AppEnded]
        client.send({"do": "stop"})
        assert client.exit_code() == 0


def test_an_app_that_cannot_be_started_breaks_the_run(tmp_path: Path) -> None:
    with ClientProcess("program", plan(tmp_path, "") | {"argv": ["/no/such/program"]}) as client:
        assert "cannot start /no/such/program: No such file" in client.failure()
        assert client.exit_code() == 4
