"""Whatever a client of the control API sends, the embedded proxy lives on, and says nothing of the harness."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chaoskit.journal.codec import decode
from chaoskit.journal.events import ConnectionOpened, ControlRequestRefused, HarnessFailed, PlaneReady
from tests.effort import examples
from tests.network.lab import laboratory

PATIENCE_S = 30

ROUTES = [
    ("POST", "proxies"),
    ("POST", "populate"),
    ("PATCH", "proxies/p"),
    ("POST", "proxies/p/toxics"),
    ("POST", "proxies/p/toxics/t"),
]
BOMBS = {
    "100,000 brackets": b"[" * 100_000,
    "100,000 braces": b'{"a":' * 100_000,
    "a number of 5,000 digits": b'{"name":' + b"9" * 5_000 + b"}",
    "an attribute of 4,000 digits": b'{"type":"latency","attributes":{"latency":' + b"9" * 4_000 + b"}}",
    "names that are objects": b'{"name":{},"type":{},"listen":[],"upstream":{},"stream":{},"enabled":{},"attributes":[]}',
    "a list of such": b'[{"name":{},"upstream":[]}]',
    "a lone surrogate": b'{"name":"\\ud800","upstream":"127.0.0.1:9","type":"latency"}',
    "a lone surrogate in populate": b'[{"name":"\\udfff","upstream":"127.0.0.1:9"}]',
    "no UTF-8": b'{"name":"\xff","upstream":"127.0.0.1:9","type":"latency"}',
    "a NUL": b'{"name":"\\u0000","upstream":"127.0.0.1:9","listen":"127.0.0.1\\u0000:0"}',
    "no number": b'{"type":"latency","toxicity":NaN}',
    "infinity": b'{"type":"latency","toxicity":1e999}',
    "the longest latency": b'{"type":"latency","attributes":{"latency":9223372036854775807,"jitter":9223372036854775807}}',
    "nothing": b"",
    "null": b"null",
    "nulls": b"[null]",
}


class Process:
    """The embedded proxy as a process."""

    def __init__(self, open_files: int | None = None) -> None:
        argv = [sys.executable, "-m", "chaoskit.network.embedded"]
        if open_files is not None:
            argv = ["/bin/sh", "-c", f'ulimit -n {open_files}; exec "$@"', "sh", *argv]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._say({"host": "127.0.0.1", "port": 0})
        assert self._process.stdout is not None
        ready = decode(self._process.stdout.readline())
        assert isinstance(ready, PlaneReady)
        host, _, port = ready.addresses["api"].rpartition(":")
        self.address = host, int(port)

    def _say(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        self._process.stdin.flush()

    def exchange(self, raw: bytes) -> bytes:
        """What comes back for raw bytes, to the end."""
        with socket.create_connection(self.address, timeout=PATIENCE_S) as client:
            client.sendall(raw)
            client.shutdown(socket.SHUT_WR)
            said = b""
            while data := client.recv(1 << 16):
                said += data
            return said

    def call(self, method: str, path: str, body: bytes) -> int:
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)
        try:
            connection.request(method, f"/{path}", body)
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def lives(self) -> bool:
        return self.call("GET", "version", b"") == 200

    def end(self) -> tuple[int, list[Any]]:
        """Stop it; its exit code and last events."""
        self._say({"do": "stop"})
        assert self._process.stdout is not None
        events = [decode(line) for line in self._process.stdout]
        _, complaints = self._process.communicate(timeout=PATIENCE_S)
        assert complaints == b""
        return self._process.returncode, events


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    """One process for the module; it must end well, and never have had a failure of its own."""
    process = Process()
    yield process
    code, events = process.end()
    assert code == 0
    assert [event for event in events if isinstance(event, HarnessFailed)] == []


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("bomb", BOMBS)
def test_bodies_that_killed_it(process: Process, method: str, path: str, bomb: str) -> None:
    process.call("POST", "proxies", b'{"name":"p","upstream":"127.0.0.1:9"}')
    process.call("POST", "proxies/p/toxics", b'{"name":"t","type":"latency"}')
    assert process.call(method, path, BOMBS[bomb]) in (200, 201, 400, 404, 409)
    assert process.lives()
    connection = http.client.HTTPConnection(*process.address, timeout=PATIENCE_S)
    connection.request("GET", "/proxies")
    for name in json.loads(connection.getresponse().read()):
        process.call("DELETE", "proxies/" + "".join(f"%{byte:02x}" for byte in name.encode()), b"")
    connection.close()


PIECES = [
    *(b"GET ", b"POST ", b"/", b"/proxies", b"%", b" HTTP/1.1", b"\r\n", b":", b"\x00", b"\xff", b"{}", b"5"),
    *(b"Host: x", b"Content-Length: ", b"Transfer-Encoding: chunked"),
]


@settings(max_examples=examples(1000), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(raw=st.binary(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join))
@example(raw=b"[" * 100_000)
@example(raw=b"POST /reset HTTP/1.1\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n")
def test_any_bytes_leave_it_alive(process: Process, raw: bytes) -> None:
    process.exchange(raw)
    assert process.lives()


def test_a_refused_request_is_the_clients_event() -> None:
    process = Process()
    for _ in range(150):
        process.exchange(b"nonsense\r\n\r\n")
    code, events = process.end()
    assert code == 0
    assert {type(event) for event in events} == {ControlRequestRefused}
    assert [event.count for event in events] == [*range(1, 101), 128], "a flood of them is counted, not written out"


def test_spent_descriptors_leave_the_api_reachable() -> None:
    """Under ``ulimit -n 300`` there is room for 22 connections of two descriptors each beside the 256 that are kept."""
    process = Process(open_files=300)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as service, ExitStack() as clients:
        upstream = f"127.0.0.1:{service.getsockname()[1]}"
        body = json.dumps({"name": "p", "upstream": upstream, "listen": "127.0.0.1:0"}).encode()
        connection = http.client.HTTPConnection(*process.address, timeout=PATIENCE_S)
        connection.request("POST", "/proxies", body)
        host, _, port = json.loads(connection.getresponse().read())["listen"].rpartition(":")
        connection.close()
        dialled = [
            clients.enter_context(socket.create_connection((host, int(port)), timeout=PATIENCE_S)) for _ in range(40)
        ]
        for client in dialled[22:]:
            assert client.recv(1) == b"", "one too many is closed"
        assert process.lives()
    code, events = process.end()
    assert code == 0
    (failure,) = [event for event in events if isinstance(event, HarnessFailed)]
    assert failure.message.startswith(
        "more than 22 connections at a time: the rest is closed by the embedded proxy itself"
    )
    assert sum(isinstance(event, ConnectionOpened) for event in events) == 22


TEXTS = st.text(max_size=8) | st.sampled_from(
    ["p", "t", "127.0.0.1:0", "127.0.0.1:9", "latency", "slicer", "upstream", ""]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["name", "listen", "upstream", "enabled", "type", "stream", "toxicity", "attributes", "Name"]
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["latency", "jitter", "rate", "average_size", "size_variation", "bytes", "timeout"]), VALUES
)
TOXICS = st.fixed_dictionaries(
    {"type": st.sampled_from(["latency", "bandwidth", "slicer", "timeout", "limit_data", "noop"])},
    optional={"attributes": ATTRIBUTES},
)
BODIES = OBJECTS | st.lists(OBJECTS, max_size=3) | TOXICS | VALUES


@settings(max_examples=examples(1000), deadline=None)
@given(requests=st.lists(st.tuples(st.sampled_from(ROUTES), BODIES), max_size=6))
def test_any_json_is_answered(requests: list[tuple[tuple[str, str], Any]]) -> None:
    """The laboratory fails the test when anything of ours breaks."""

    async def run() -> None:
        async with laboratory() as lab:
            await lab.proxy()
            await lab.toxic("latency", latency=0)
            for (method, path), body in requests:
                status, answer = await lab.call(method, path, body)
                assert status in (200, 201, 400, 404, 409) or "listen tcp" in answer["error"]

    asyncio.run(run())
