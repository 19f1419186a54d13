"""Proxy servers for the adapter's tests: the two real ones, and some that misbehave."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from chaoskit.network.server import Embedded, Program, ProxyServer

ABSENT = "toxiproxy"
"""The kind that stands for Toxiproxy where there is none: its tests are skipped."""


def _toxiproxies() -> dict[str, str]:
    """The Toxiproxy programs to test, by their names: those of CHAOSKIT_TOXIPROXY, or ``toxiproxy-server`` on PATH."""
    written = os.environ.get("CHAOSKIT_TOXIPROXY") or shutil.which("toxiproxy-server") or ""
    return {f"toxiproxy-{_version(program)}": program for program in written.split(os.pathsep) if program}


def _version(program: str) -> str:
    said = subprocess.run([program, "-version"], capture_output=True, text=True, check=True, timeout=30).stdout
    return said.split()[-1]


TOXIPROXIES = _toxiproxies()
KINDS = ["embedded", *(TOXIPROXIES or [ABSENT])]
"""The proxies to test."""


def program(kind: str = ABSENT) -> str:
    """A Toxiproxy to test, the first unless its ``kind`` is named; skips the test where there is none."""
    if not TOXIPROXIES:
        pytest.skip("no Toxiproxy here: put toxiproxy-server on PATH, or its path (or several) into CHAOSKIT_TOXIPROXY")
    return TOXIPROXIES[kind] if kind in TOXIPROXIES else next(iter(TOXIPROXIES.values()))


@contextmanager
def running(kind: str) -> Iterator[ProxyServer]:
    """A proxy of ``KINDS``, started and ended."""
    ends: list[str] = []
    server: ProxyServer
    server = Embedded(0, lambda line: None, ends.append) if kind == "embedded" else Program(program(kind), ends.append)
    try:
        yield server
    finally:
        server.stop()
    assert ends == []


@contextmanager
def answering(answer: Callable[[str, str], tuple[int, bytes]]) -> Iterator[tuple[str, int]]:
    """An HTTP server that says to each (method, path) what ``answer`` says. Its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answer(self.command, self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - http.server's names

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[0], server.server_address[1]  # type: ignore[misc]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def dripping(drop: bytes) -> Iterator[tuple[str, int]]:
    """A server that sends the head of an answer and then ``drop`` again and again, so that no single read ever times out."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while not done.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=drip, args=(connection,), daemon=True).start()

        def drip(connection: socket.socket) -> None:
            with connection:
                try:
                    connection.sendall(b"HTTP/1.1 200 OK\r\n")
                    while not done.wait(0.02):
                        connection.sendall(drop)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            done.set()
            socket.create_connection(listener.getsockname()).close()  # wakes accept
            thread.join()
