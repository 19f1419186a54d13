"""Connections that ask nothing, or never end, do not keep the operator out."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from chaoskit.dns.control.http import CONCURRENT
from tests.dns.control.lab import Lab, lab

HALF = b"POST /halt HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


@contextlib.contextmanager
def opened(found: Lab, count: int, said: bytes = b"") -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((found.host, found.port), timeout=60))
            connection.sendall(said)
            connections.append(connection)
        yield connections


def test_idle_connections_do_not_keep_halt_out() -> None:
    with lab() as found, opened(found, 4 * CONCURRENT) as idle:
        assert found.ask("POST", "/halt", {}).status == 200
        assert idle[0].recv(1) == b"", "the oldest has made room"


def test_requests_that_never_end_do_not_keep_halt_out() -> None:
    with lab() as found, opened(found, 2 * CONCURRENT, HALF):
        assert found.ask("POST", "/halt", {}).status == 200


def test_heads_that_never_end_do_not_keep_halt_out() -> None:
    with lab() as found, opened(found, 2 * CONCURRENT, HALF[:20]):
        assert found.ask("POST", "/halt", {}).status == 200


def test_watchers_outlive_idle_connections() -> None:
    with lab() as found:
        watcher = found.connection()
        watcher.request("GET", "/events")
        answer = watcher.getresponse()
        assert answer.readline() == b": watching\n"
        with opened(found, 2 * CONCURRENT):
            assert found.ask("GET", "/health").status == 200
        found.ask("POST", "/injections", {"fault": "empty", "where": "api.example.com"})
        assert answer.readline() == b"\n"
        assert answer.readline() == b"event: injection_begun\n"
        watcher.close()


def test_what_is_no_request_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with lab() as found, opened(found, 3, b"\x16\x03\x01 no request\r\n\r\n") as connections:
        for connection in connections:
            while connection.recv(4096):
                pass
    assert caplog.records == []
