"""``chaoskit exec --after``: 0 s of the timeline is when the command is ready."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from chaoskit.clients.program import wait
from chaoskit.journal.events import CommandFinished, CommandStarted
from tests.cli.commands import NAME, Place, make_place
from tests.cli.test_whole_run import namespaces_work

SERVER = f"""
import http.server, socket

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass

print(socket.getaddrinfo("{NAME}", 443)[0][4][0], flush=True)  # before it serves: no fault is on
server = http.server.HTTPServer(("127.0.0.1", 8080), Handler)
server.handle_request()
while True:
    try:
        socket.getaddrinfo("{NAME}", 443)
    except OSError as error:
        print(error.errno)
        break
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    if reason := namespaces_work():
        pytest.skip(reason)
    return make_place(tmp_path)


@pytest.mark.slow
def test_no_fault_is_on_before_the_command_is_ready(place: Place) -> None:
    after = ("--no-aws", "--after", "http://localhost:8080/health")
    (place.work / "x.yaml").write_text(
        f"title: t\nzones: {{amazonaws.com: {{records: {{{NAME}: {{A: 127.0.0.7}}}}}}}}\n"
    )
    command = (*after, "--experiment", "x.yaml", "--blank", NAME, "--", sys.executable, "-c", SERVER)
    done = place.run(*command)
    assert done.stdout.split() == [b"127.0.0.7", b"-5"], done.stderr
    run = place.journal()
    assert run.of(CommandStarted)[0][1].at < run.origin < run.of(CommandFinished)[0][1].at
    done = place.run(*after, "--", "sh", "-c", "exit 5")
    assert done.returncode == 125
    words = b"the command ended with code 5 before it was ready (--after), so no fault was tried."
    assert words in done.stderr
    assert place.run(*after, "--", "/etc/passwd").returncode == 126


def test_a_program_that_is_not_there_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("chaoskit.clients.program.wait.why_not_ready", lambda place: f"{place} refuses")
    monkeypatch.setattr("chaoskit.clients.program.wait.die_with_us", lambda: None)
    monkeypatch.setattr(sys, "argv", ["wait", "localhost:1", "-1"])
    with pytest.raises(SystemExit) as ended:
        wait.main()
    assert ended.value.code == 1
    assert capsys.readouterr().out == "localhost:1 refuses"
