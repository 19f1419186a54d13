"""No client's connection, and no service's requests, hold up another's; what a client does wrong is no failure of ours."""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaoskit.aws import front as front_module
from chaoskit.aws.certificates import Authority
from chaoskit.aws.front import Front

PATIENCE_S = 30
HOSTS = {"sqs.test": "sqs", "dynamodb.test": "dynamodb"}
HEAD = b"POST /a%2Fb HTTP/1.1\r\nHost: dynamodb.test\r\nContent-Length: 3\r\n\r\n"


class Bench:
    """A front whose service ``sqs`` answers only when it is let go, and how many of its requests wait."""

    def __init__(self, folder: Path, most: int = 512) -> None:
        authority = Authority()
        self.context = ssl.create_default_context(cafile=str(authority.publish(folder)))
        self.failures: list[str] = []
        self.let_go = threading.Event()
        self.waiting = threading.Semaphore(0)
        tls = authority.server_context(["127.0.0.1"])
        self.front = Front(self._serve, tls, self.failures.append, hosts=HOSTS, most=most)
        self.host, _, port = self.front.address.rpartition(":")
        self.port = int(port)

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("HTTP_HOST") == "sqs.test":
            self.waiting.release()
            self.let_go.wait(PATIENCE_S)
        environ["wsgi.input"].read()
        body = environ["RAW_URI"].encode("latin-1")
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def tls(self) -> ssl.SSLSocket:
        raw = socket.create_connection((self.host, self.port), timeout=PATIENCE_S)
        return self.context.wrap_socket(raw, server_hostname="127.0.0.1")

    def ask(self, host: str = "dynamodb.test", path: str = "/") -> bytes:
        client = http.client.HTTPSConnection(self.host, self.port, timeout=PATIENCE_S, context=self.context)
        client.request("GET", path, headers={"Host": host})
        answer = client.getresponse().read()
        client.close()
        return answer

    def polls(self, number: int) -> list[threading.Thread]:
        """So many requests of the service that waits; returns when all of them are under way."""
        threads = [threading.Thread(target=self.ask, args=("sqs.test",)) for _ in range(number)]
        for thread in threads:
            thread.start()
        return threads

    def all_wait(self, number: int) -> bool:
        return all(self.waiting.acquire(timeout=PATIENCE_S) for _ in range(number))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    served = Bench(tmp_path)
    yield served
    served.let_go.set()
    served.front.stop()


def hang_up(connection: ssl.SSLSocket, how: str) -> None:
    if how == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if how == "orderly":
        connection.setblocking(False)
        with suppress(OSError):  # it waits for the front's own word
            connection.unwrap()
    connection.close()


def exchange(connection: ssl.SSLSocket) -> bytes:
    """One request and its whole answer, of which it returns the status line."""
    connection.sendall(HEAD + b"xyz")
    answer = b""
    while not answer.endswith(b"/a%2Fb"):
        answer += connection.recv(1 << 16)
    return answer.partition(b"\r\n")[0]


@pytest.mark.parametrize("how", ["close", "reset", "orderly"])
@pytest.mark.parametrize("sent", [0, 1, 10, len(HEAD) - 1, len(HEAD), len(HEAD) + 1])
def test_hanging_up_within_a_request_is_the_client_s_affair(bench: Bench, sent: int, how: str) -> None:
    connection = bench.tls()
    connection.sendall((HEAD + b"xyz")[:sent])
    hang_up(connection, how)
    assert bench.ask() == b"/"
    bench.front.stop()  # whatever it made of the hang-up is done then
    assert bench.failures == []


def test_half_sent_heads_hold_up_nobody(bench: Bench) -> None:
    stuck = [bench.tls() for _ in range(60)]
    for number, connection in enumerate(stuck):
        connection.sendall(HEAD[: 1 + number % (len(HEAD) - 1)])
    assert bench.ask() == b"/"
    for connection in stuck:
        connection.close()


def test_a_head_that_comes_byte_by_byte_is_a_request(bench: Bench) -> None:
    with bench.tls() as connection:
        for byte in HEAD + b"xyz":
            connection.sendall(bytes([byte]))
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 OK")


def test_long_polls_of_one_service_hold_up_no_other(bench: Bench) -> None:
    threads = bench.polls(60)
    assert bench.all_wait(60)
    assert bench.ask() == b"/"
    bench.let_go.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert bench.failures == []


def test_what_one_service_does_at_once_has_a_limit(tmp_path: Path) -> None:
    bench = Bench(tmp_path, most=2)
    threads = bench.polls(5)
    assert bench.all_wait(2)
    assert bench.ask() == b"/"
    assert not bench.waiting.acquire(blocking=False), "the third waits"
    bench.let_go.set()
    assert bench.all_wait(3)
    for thread in threads:
        thread.join(PATIENCE_S)
    bench.front.stop()


def test_of_too_many_unfinished_connections_the_oldest_goes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_module, "MOST_UNFINISHED", 3)
    used = bench.tls()
    assert exchange(used) == b"HTTP/1.1 200 OK"
    oldest, *others = [bench.tls() for _ in range(4)]
    assert oldest.recv(1) == b""
    for connection in (used, *others):  # those that have asked something are not among them
        assert exchange(connection) == b"HTTP/1.1 200 OK"
        connection.close()
    oldest.close()


def test_requests_that_come_together_are_all_answered(bench: Bench) -> None:
    with bench.tls() as connection:
        connection.sendall(
            (HEAD + b"xyz") * 3 + b"GET /last HTTP/1.1\r\nHost: dynamodb.test\r\nConnection: close\r\n\r\n"
        )
        answers = b""
        while data := connection.recv(1 << 16):
            answers += data
    assert answers.count(b"HTTP/1.1 200 OK") == 4
    assert answers.endswith(b"/last")


@pytest.mark.parametrize(
    "path", ["/b/x%3Fy", "/b/a%2Fb", "/b/a%20b", "/b//lead", "//b/k", "/b/%C3%A9", "/b/a+b?x=%2F&y", "/b/a;b", "/b/%"]
)
def test_paths_are_kept_as_they_are_sent(bench: Bench, path: str) -> None:
    assert bench.ask(path=path) == path.encode()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\n\n",
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -7\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x00\xff" * 40_000,
    ],
)
def test_a_bad_request_is_refused_and_no_failure(bench: Bench, head: bytes) -> None:
    with bench.tls() as connection:
        try:
            connection.sendall(head)
            connection.settimeout(PATIENCE_S)
            while connection.recv(1 << 16):
                pass
        except OSError:
            pass  # it is closed with bytes unread
    assert bench.ask() == b"/"
    bench.front.stop()
    assert bench.failures == []


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    served = Bench(tmp_path_factory.mktemp("fuzz"))
    yield served
    served.front.stop()
    assert served.failures == []


_PIECES = st.sampled_from(
    [
        b"GET ",
        b"/",
        b" HTTP/1.1",
        b"\r\n",
        b"\r\n\r\n",
        b"Host: ",
        b"Content-Length: ",
        b"Expect: 100-continue",
        b"7",
        b"chunked",
        b":",
    ]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(_PIECES, st.binary(max_size=20)), max_size=12).map(b"".join))
def test_no_bytes_stop_the_front(long_lived: Bench, data: bytes) -> None:
    with long_lived.tls() as connection, suppress(OSError):  # it was refused already
        connection.sendall(data)
    assert long_lived.ask() == b"/"
