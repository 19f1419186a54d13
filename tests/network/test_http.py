"""The control API's HTTP: what it takes, what it refuses, and that nobody is kept out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chaoskit.network.embedded import http
from chaoskit.network.embedded.http import BODY_MAX, CONNECTIONS_MAX, HEAD_MAX, Refusal, Request, Response, serve
from tests.network.lab import PATIENCE_S, Reader, Writer

GET = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"


class Server:
    """The HTTP server, whose handler tells what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.refusals: list[Refusal] = []
        self.failures: list[str] = []
        self._address: tuple[str, int] = ("", 0)
        self._writers: list[Writer] = []

    async def handle(self, request: Request) -> Response:
        self.requests.append(request)
        if request.path == ("broken",):
            raise KeyError("broken")
        return Response(200, b"answer")

    async def connect(self) -> tuple[Reader, Writer]:
        reader, writer = await asyncio.open_connection(*self._address)
        self._writers.append(writer)
        return reader, writer

    async def say(self, raw: bytes, *, ends: bool = True) -> bytes:
        """What comes back for ``raw``, to the end."""
        reader, writer = await self.connect()
        writer.write(raw)
        if ends:
            writer.write_eof()
        return await reader.read(-1)

    async def answers(self) -> bool:
        """Whether a new client gets an answer."""
        reader, writer = await self.connect()
        writer.write(GET)
        return (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.failures.append(str(context)))
        listener = await serve(self.handle, "127.0.0.1", 0, self.refusals.append)
        self._address = listener.sockets[0].getsockname()
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield self
        finally:
            listener.close()
            for writer in self._writers:
                writer.transport.abort()


def status(said: bytes) -> int:
    return int(said.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"GET /version HTTP/1.0\r\n\r\n", ("version",)),
        (b"GET http://localhost:8474/version?x=1 HTTP/1.1\r\nHost: x\r\n\r\n", ("version",)),
        (b"HEAD /version HTTP/1.1\r\nHost: x\r\n\r\n", ("version",)),
        (b"GET /proxies/a%2Fb HTTP/1.1\r\nHost: x\r\n\r\n", ("proxies", "a/b")),
        (b"GET /proxies/%ff HTTP/1.1\r\nHost: x\r\n\r\n", ("proxies", "\ufffd")),
    ],
)
def test_what_is_a_request(raw: bytes, path: tuple[str, ...]) -> None:
    async def run() -> None:
        async with Server().running() as server:
            said = await server.say(raw)
            assert status(said) == 200
            assert re.search(rb"\r\nX-Toxiproxy-Request-Id: [0-9a-z]{20}\r\n", said)
            assert said.endswith(b"\r\n\r\n" + (b"" if raw.startswith(b"HEAD") else b"answer"))
            assert [request.path for request in server.requests] == [path]
            assert server.refusals == []

    asyncio.run(run())


@pytest.mark.parametrize(
    "framed",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
def test_bodies_with_a_length_and_in_chunks(framed: bytes) -> None:
    async def run() -> None:
        async with Server().running() as server:
            said = await server.say(b"POST /populate HTTP/1.1\r\nHost: x\r\n" + framed)
            assert b"200 OK" in said
            assert [request.body for request in server.requests] == [b"hello"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("raw", "refused"),
    [
        (b"GET /version\r\n\r\n", 400),
        (b"GET version HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /version HTTP/1.1\r\n\r\n", 400),  # RFC 9112 §3.2: a request without Host
        (b"GET /version HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400),
        (b"GET /version HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400),  # a TLS client
        (b"POST /reset HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf", 400),
        (b"GET /version HTTP/1.1\r\nHost: x\r\nX: " + b"x" * (2 * HEAD_MAX) + b"\r\n\r\n", 431),
        (
            b"POST /reset HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * (BODY_MAX // 0x10000 + 1),
            413,
        ),
    ],
)
def test_what_is_none_is_refused_and_told(raw: bytes, refused: int) -> None:
    async def run() -> None:
        async with Server().running() as server:
            said = await server.say(raw)
            assert status(said) == refused
            assert b"\r\nConnection: close\r\n" in said
            assert server.requests == []
            (refusal,) = server.refusals
            assert refusal.status == refused
            assert refusal.peer.startswith("127.0.0.1:")
            assert await server.answers()
            assert server.failures == []

    asyncio.run(run())


@pytest.mark.parametrize("begun", [b"GET /vers", b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_request_that_is_not_finished_in_time(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "REQUEST_WITHIN_S", 0.05)
    monkeypatch.setattr(http, "LINGER_S", 0.05)

    async def run() -> None:
        async with Server().running() as server:
            assert status(await server.say(begun, ends=False)) == 408
            assert [refusal.status for refusal in server.refusals] == [408]

    asyncio.run(run())


@pytest.mark.parametrize(
    "begun", [b"", b"GET /vers", b"POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_however_many_are_idle_a_new_client_is_answered(begun: bytes) -> None:
    async def run() -> None:
        async with Server().running() as server:
            idle = []
            for _ in range(2 * CONNECTIONS_MAX):
                reader, writer = await server.connect()
                writer.write(begun)
                idle.append(reader)
            assert await server.answers()
            assert await idle[0].read(-1) == b"", "the oldest has made room"
            assert await server.answers()
            assert server.requests == [server.requests[0]] * 2
            assert server.failures == []

    asyncio.run(run())


def test_who_has_just_asked_is_not_the_oldest() -> None:
    async def run() -> None:
        async with Server().running() as server:
            reader, writer = await server.connect()
            for _ in range(3 * CONNECTIONS_MAX):
                writer.write(GET)
                await reader.readuntil(b"answer")
                await server.connect()
            assert len(server.requests) == 3 * CONNECTIONS_MAX
            assert server.failures == []

    asyncio.run(run())


def test_a_handler_that_breaks_costs_its_own_request_alone() -> None:
    async def run() -> None:
        async with Server().running() as server:
            reader, writer = await server.connect()
            writer.write(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
            said = await reader.readuntil(b"answer")
            assert re.findall(rb"HTTP/1\.1 (\d+)", said) == [b"500", b"200"]
            (failure,) = server.failures
            assert "KeyError" in failure

    asyncio.run(run())
