"""The TLS front: keep-alive, and that no connection can hold up another."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chaoskit.aws.certificates import Authority
from chaoskit.aws.evidence import NTH
from chaoskit.aws.front import Front

PATIENCE_S = 30
THREADS = 24


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Says its place on the connection, and the length of what it was sent."""
    if environ["PATH_INFO"] == "/break":
        raise RuntimeError("a bug of ours")
    length = len(environ["wsgi.input"].read())
    body = f"{environ[NTH]} {environ['REMOTE_PORT']} {length} {environ['wsgi.url_scheme']}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Bench:
    """A front, and clients that trust it."""

    def __init__(self, folder: Path) -> None:
        authority = Authority()
        self.context = ssl.create_default_context(cafile=str(authority.publish(folder)))
        self.failures: list[str] = []
        self.front = Front(application, authority.server_context(["127.0.0.1"]), self.failures.append)
        self.host, _, port = self.front.address.rpartition(":")
        self.port = int(port)

    def client(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.host, self.port, timeout=PATIENCE_S, context=self.context)

    def raw(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=PATIENCE_S)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.front.stop()


def ask(client: http.client.HTTPConnection, body: bytes = b"", path: str = "/") -> str:
    client.request("POST", path, body)
    return client.getresponse().read().decode()


def client_hello(context: ssl.SSLContext) -> bytes:
    """The first flight of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1").do_handshake()
    return outgoing.read()


def test_a_connection_is_kept_alive_and_its_requests_counted(bench: Bench) -> None:
    client = bench.client()
    answers = [ask(client, b"x" * size) for size in (0, 10, 100_000)]
    port = client.sock.getsockname()[1]
    assert answers == [f"1 {port} 0 https", f"2 {port} 10 https", f"3 {port} 100000 https"]
    client.close()
    assert bench.failures == []


def test_many_idle_connections_are_kept(bench: Bench) -> None:
    """cheroot as it comes would close all but ten."""
    clients = [bench.client() for _ in range(3 * THREADS)]
    for nth in (1, 2):
        for client in clients:
            assert ask(client).startswith(f"{nth} ")
    for client in clients:
        client.close()


def test_silent_and_half_spoken_connections_hold_up_nobody(bench: Bench) -> None:
    """More of each than there are workers: accepted, never heard of again, or stuck within the handshake."""
    hello = client_hello(bench.context)
    stuck = [bench.raw() for _ in range(THREADS + 5)]
    for number in range(2 * (THREADS + 5)):
        half = bench.raw()
        half.sendall(hello[: 50 if number % 2 else len(hello)])
        stuck.append(half)
    client = bench.client()
    assert ask(client).startswith("1 ")
    assert ask(client).startswith("2 ")
    client.close()
    for one in stuck:
        one.close()
    assert bench.failures == []


def test_a_handshake_that_comes_byte_by_byte_still_succeeds(bench: Bench) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = bench.context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with bench.raw() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    sock.sendall(bytes([byte]))
                incoming.write(sock.recv(1 << 16))
        tls.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        sock.sendall(outgoing.read())
        data = b""
        while b"https" not in data:
            incoming.write(sock.recv(1 << 16))
            try:
                data += tls.read()
            except ssl.SSLWantReadError:
                continue
    assert data.startswith(b"HTTP/1.1 200 OK")


def test_peers_without_trust_or_tls_are_no_failure(bench: Bench) -> None:
    stranger = http.client.HTTPSConnection(
        bench.host, bench.port, timeout=PATIENCE_S, context=ssl.create_default_context()
    )
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(stranger)
    with bench.raw() as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while plain.recv(1 << 16):
            pass
    client = bench.client()
    assert ask(client).startswith("1 ")
    client.close()
    assert bench.failures == []


def test_requests_at_once_are_served_at_once(bench: Bench) -> None:
    answers: list[str] = []

    def call() -> None:
        client = bench.client()
        answers.append(ask(client, b"x" * 1000))
        client.close()

    threads = [threading.Thread(target=call) for _ in range(2 * THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(answers) == 2 * THREADS
    assert all(" 1000 " in answer for answer in answers)


def test_a_bug_of_ours_is_told(bench: Bench) -> None:
    client = bench.client()
    client.request("GET", "/break")
    assert client.getresponse().status == 500
    client.close()
    (failure,) = bench.failures
    assert "a bug of ours" in failure


def test_stopping_closes_idle_connections(bench: Bench) -> None:
    client = bench.client()
    ask(client)
    sock = client.sock
    bench.front.stop()
    sock.settimeout(PATIENCE_S)
    assert sock.recv(1) == b""
    client.close()
    with pytest.raises(ConnectionRefusedError):
        bench.raw()
