"""Services of one's own under ``attach``: a name, a certificate, the proxy, and three kinds of backend, in a run that is held."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaoskit.journal.events import HoldReleased
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from tests.docker.shop import Shop, chaoskit, no_engine
from tests.docker.test_overlay import image  # noqa: F401

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(400),
    pytest.mark.skipif(bool(no_engine()), reason=f"no containers here: {no_engine()}"),
]

WEB = """\
import http.server, socket, urllib.request
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            urllib.request.urlopen("https://pay.example.internal/", timeout=5)
            urllib.request.urlopen("http://stock.example.internal:8080/", timeout=5)
            with socket.create_connection(("db.example.internal", 5432), 5) as db:
                db.sendall(b"hello")
                assert db.recv(5)
            self.send_response(200)
        except OSError:
            self.send_response(503)
        self.end_headers()
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("", 8080), Web).serve_forever()
"""
STORE = """\
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(4096): self.request.sendall(data)
socketserver.ThreadingTCPServer(("", 5432), Echo).serve_forever()
"""
COMPOSE = """\
services:
  web: {image: "python:3.11-slim", init: true, volumes: ["./web.py:/x.py:ro"], command: [python3, -u, /x.py]}
  store: {image: "python:3.11-slim", init: true, volumes: ["./store.py:/x.py:ro"], command: [python3, -u, /x.py]}
"""
DAY = """\
title: the shop's own services
duration: 9s
services:
  pay: {host: pay.example.internal, port: 443, tls: true, backend: static}
  stock: {host: stock.example.internal, port: 8080, speaks: http, backend: "127.0.0.1:%d"}
  db: {host: db.example.internal, port: 5432, backend: store:5432}
timeline:
  - {id: blank, dns: empty, where: pay.example.internal, when: {from: 1s, for: 2s}, hold: true}
  - {id: broken, service: unavailable, where: stock, when: {from: 4s, for: 1s}}
  - {id: slow, network: {latency: {latency: 200ms}}, where: db, when: {from: 6s, for: 2s}}
expect:
  - success_rate: {client: web, phase: baseline, at_least: 1.0}
"""


class Stock(http.server.BaseHTTPRequestHandler):
    """A program of this machine."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in http.server
        """Say nothing."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    for name, text in {"web.py": WEB, "store.py": STORE, "compose.yaml": COMPOSE}.items():
        (tmp_path / name).write_text(text)
    number = uuid.uuid4()
    stack = Shop(tmp_path, f"own-{number.hex[:8]}", f"10.214.{number.int % 256}.0/24")
    try:
        stack.compose("up", "-d")
        yield stack
    finally:
        chaoskit("attach", "--project", stack.project, "--put-back")
        stack.compose("down", "--timeout", "1")


def test_attach_serves_them_and_waits_for_a_go(shop: Shop) -> None:
    before = {name: one["HostConfig"]["Dns"] for name, one in shop.containers().items()}
    words = [
        "attach",
        "--project",
        shop.project,
        "--subnet",
        shop.subnet,
        "--experiment",
        str(shop.folder / "day.yaml"),
    ]
    words += ["--probe", "web=http://web:8080/", "--out", str(shop.folder / "runs"), "--yes"]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stock) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (shop.folder / "day.yaml").write_text(DAY % server.server_address[1])
        pipe = subprocess.PIPE
        argv = [sys.executable, "-m", "chaoskit", *words]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        with subprocess.Popen(argv, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=environment) as playing:
            assert playing.stdout is not None
            lines = []
            for line in playing.stdout:
                lines.append(line)
                if "held before" in line:
                    done = chaoskit("go", "--runs", str(shop.folder / "runs"))
                    assert "next is blank" in done.stdout, done.stderr
        server.shutdown()
    assert playing.returncode == 0, "".join(lines)
    (journal,) = (shop.folder / "runs").glob("*/journal.jsonl")
    run = Run(read_journal(journal))
    assert [event.by.split()[:2] for _, event in run.of(HoldReleased)] == [["chaoskit", "go"]]
    assert all(run.met(injection) for injection in ("blank", "broken", "slow")), "DNS, the front and the proxy"
    assert {name: one["HostConfig"]["Dns"] for name, one in shop.containers().items()} == before
    assert shop.ours() == []
