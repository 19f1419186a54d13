"""The embedded proxy's HTTP API: Toxiproxy's paths, bodies, status codes and error texts."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from chaoskit import __version__
from chaoskit.host_port import host_port
from chaoskit.network.embedded.addresses import Reach
from chaoskit.network.embedded.http import Request, Response, serve
from tests.network.lab import Lab, laboratory


def error(text: str, status: int) -> tuple[int, dict[str, Any]]:
    return status, {"error": text, "status": status}


def test_a_proxy_from_birth_to_death() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            upstream = await lab.service(lambda r, w: asyncio.sleep(0))
            wanted = {"name": "ab", "listen": "127.0.0.1:0", "upstream": upstream}
            status, made = await lab.call("POST", "proxies", wanted)
            assert status == 201
            assert made == {**wanted, "listen": made["listen"], "enabled": True, "toxics": []}
            assert not made["listen"].endswith(":0")
            assert await lab.call("POST", "proxies", wanted) == error("proxy already exists", 409)
            assert (await lab.call("GET", "proxies"))[1] == {"ab": made}
            assert await lab.call("GET", "proxies/ab") == (200, made)
            assert await lab.call("DELETE", "proxies/ab") == (204, b"")
            assert await lab.call("GET", "proxies/ab") == error("proxy not found", 404)
            assert await lab.call("DELETE", "proxies/ab") == error("proxy not found", 404)

    asyncio.run(run())


def test_a_proxy_switched_off_refuses_and_drops() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            reader, _ = await lab.connect(proxy)
            await lab.opened()
            status, answer = await lab.call("POST", "proxies/p", {"enabled": False})
            assert (status, answer["enabled"]) == (200, False)
            assert await reader.read(-1) == b""
            assert (await lab.closed())[0].toxics == ("down",)
            with pytest.raises(ConnectionRefusedError):
                await lab.connect(proxy)
            listen = proxy.listen
            assert (await lab.call("PATCH", "proxies/p", {"enabled": True}))[1]["listen"] == listen
            reader, writer = await lab.connect(proxy)
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"

    asyncio.run(run())


def test_a_proxy_can_be_sent_elsewhere() -> None:
    async def answer_b(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"b")

    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.call("POST", "proxies/p", {"upstream": await lab.service(answer_b)})
            reader, _ = await lab.connect(proxy)
            assert await reader.read(-1) == b"b"

    asyncio.run(run())


def test_toxics_from_birth_to_death() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            await lab.proxy()
            status, made = await lab.call("POST", "proxies/p/toxics", {"type": "latency", "attributes": {"latency": 9}})
            assert (status, made) == (
                200,
                {
                    "name": "latency_downstream",
                    "type": "latency",
                    "stream": "downstream",
                    "toxicity": 1.0,
                    "attributes": {"latency": 9, "jitter": 0},
                },
            )
            assert await lab.call("GET", "proxies/p/toxics") == (200, [made])
            assert (await lab.call("GET", "proxies/p"))[1]["toxics"] == [made]
            assert await lab.call("GET", "proxies/p/toxics/latency_downstream") == (200, made)
            again = {"type": "latency", "attributes": {}}
            assert await lab.call("POST", "proxies/p/toxics", again) == error("toxic already exists", 409)
            changed = await lab.call("POST", "proxies/p/toxics/latency_downstream", {"toxicity": 0.25})
            assert changed == (200, {**made, "toxicity": 0.25})
            assert await lab.call("DELETE", "proxies/p/toxics/latency_downstream") == (204, b"")
            assert await lab.call("DELETE", "proxies/p/toxics/latency_downstream") == error("toxic not found", 404)
            assert await lab.call("GET", "proxies/p/toxics") == (200, [])

    asyncio.run(run())


def test_reset_takes_off_all_toxics_and_switches_on_all_proxies() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            await lab.proxy(name="a")
            await lab.proxy(name="b")
            await lab.toxic("latency", proxy="a", latency=5)
            await lab.call("POST", "proxies/b", {"enabled": False})
            assert await lab.call("POST", "reset") == (204, b"")
            found = (await lab.call("GET", "proxies"))[1]
            assert [(proxy["enabled"], proxy["toxics"]) for proxy in found.values()] == [(True, []), (True, [])]

    asyncio.run(run())


def test_populating_again_changes_nothing() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            upstream = await lab.service(lambda r, w: r.read(-1))  # type: ignore[arg-type,return-value]
            wanted = [{"name": name, "listen": "127.0.0.1:0", "upstream": upstream} for name in "ab"]
            status, first = await lab.call("POST", "populate", wanted)
            assert (status, [proxy["name"] for proxy in first["proxies"]]) == (201, ["a", "b"])
            reader, _ = await lab.connect(lab.api.proxies["a"])
            await lab.opened()
            assert await lab.call("POST", "populate", wanted) == (201, first)
            assert await lab.call("POST", "populate", first["proxies"]) == (201, first)
            (connection,) = lab.api.proxies["a"].connections
            assert connection.open
            await lab.call("POST", "populate", [{**wanted[0], "upstream": "127.0.0.1:1"}])
            assert await reader.read(-1) == b""

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("GET", "nowhere", None, 404, "not found"),
        ("GET", "proxies/p/other", None, 404, "not found"),
        ("DELETE", "reset", None, 405, "method not allowed"),
        ("GET", "proxies/none/toxics", None, 404, "proxy not found"),
        ("GET", "proxies/p/toxics/none", None, 404, "toxic not found"),
        ("POST", "proxies/p/toxics/none", {}, 404, "toxic not found"),
        ("POST", "proxies", b"{", 400, "bad request body"),
        ("POST", "proxies", [], 400, "an object is wanted"),
        ("POST", "proxies", {"upstream": "127.0.0.1:1"}, 400, "missing required field: name"),
        ("POST", "proxies", {"name": "q"}, 400, "missing required field: upstream"),
        ("POST", "proxies", {"name": "q", "upstream": "example.org:80"}, 400, "loopback addresses only"),
        ("POST", "proxies", {"name": "q", "upstream": "127.0.0.1:1", "listen": "0.0.0.0:0"}, 400, "loopback"),
        ("POST", "proxies", {"name": "q", "upstream": "127.0.0.1:1", "listen": "127.0.0.1"}, 400, "not host:port"),
        ("POST", "populate", {}, 400, "a list of proxies"),
        ("POST", "proxies/p/toxics", {"type": "rain"}, 400, "invalid toxic type"),
        ("POST", "proxies/p/toxics", {"type": "latency", "stream": "sideways"}, 400, "stream was invalid"),
        ("POST", "proxies/p/toxics", {"type": "latency", "toxicity": 2}, 400, "toxicity must be a number from 0 to 1"),
        ("POST", "proxies/p/toxics", {"type": "latency", "attributes": {"lag": 1}}, 400, "unknown attribute 'lag'"),
        ("POST", "proxies/p/toxics", {"type": "latency", "attributes": 5}, 400, "attributes must be an object"),
    ],
)
def test_what_is_wrong_is_said(method: str, path: str, body: Any, status: int, says: str) -> None:
    async def run() -> None:
        async with laboratory() as lab:
            await lab.proxy()
            given, answer = await lab.call(method, path, body)
            assert given == status
            assert answer["status"] == status
            assert says in answer["error"]

    asyncio.run(run())


def test_an_address_in_use_is_an_error_and_leaves_no_proxy() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            wanted = {"name": "q", "listen": proxy.listen, "upstream": proxy.upstream}
            status, answer = await lab.call("POST", "proxies", wanted)
            assert status == 500
            assert f"listen tcp {proxy.listen}" in answer["error"]
            assert list(lab.api.proxies) == ["p"]

    asyncio.run(run())


def test_browsers_are_turned_away() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            answer = await lab.call("GET", "version", **{"user-agent": "Mozilla/5.0 (X11)"})
            assert answer == (403, b"User agent not allowed\n")
            assert await lab.call("GET", "version") == (200, {"version": f"chaoskit {__version__}"})

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "parsed"),
    [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:0", ("::1", 0)), ("localhost:1", ("127.0.0.1", 1))],
)
def test_addresses(text: str, parsed: tuple[str, int]) -> None:
    assert Reach().listen(text) == parsed
    assert Reach().upstream(host_port(parsed)) == parsed


async def talk(lab: Lab, *requests: bytes) -> bytes:
    """What the HTTP server says to raw bytes, until it closes."""
    server = await serve(lab.api.handle, "127.0.0.1", 0)
    lab.servers.append(server)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    lab.writers.append(writer)
    writer.writelines(requests)
    writer.write_eof()
    return await reader.read(-1)


def test_http_keeps_connections_and_unquotes_names() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            await lab.proxy(name="dynamodb@::1")
            body = json.dumps({"enabled": False}).encode()
            said = await talk(
                lab,
                b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n",
                b"PATCH /proxies/dynamodb%40%3a%3a1 HTTP/1.1\r\nHost: x\r\n",
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body),
                b"POST /reset HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n",
            )
            assert said.count(b"HTTP/1.1 200 OK\r\n") == 2
            assert b'"enabled": false' in said
            last = said[said.rindex(b"HTTP/1.1 ") :]
            assert last.startswith(b"HTTP/1.1 204 No Content\r\n")
            assert last.endswith(b"Connection: close\r\n\r\n")

    asyncio.run(run())


def test_a_handler_that_breaks_is_a_failure_of_ours() -> None:
    async def breaks(request: Request) -> Response:
        raise OSError("boom")

    async def run() -> None:
        async with laboratory() as lab:
            lab.api.handle = breaks  # type: ignore[method-assign]
            said = await talk(lab, b"GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert said.startswith(b"HTTP/1.1 500 ")
            assert "boom" in lab.failures.pop()

    asyncio.run(run())
