"""Holes: what may be asked for, and the relays that carry bytes through them (here without a sandbox between the two)."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from chaoskit.errors import InputError, SandboxError
from chaoskit.sandbox.port_forwards import PortForward, PortForwards, parse_port_forward

INSIDE = "127.0.0.2"  # stands for the sandbox: on Linux all of 127/8 is loopback
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have one loopback address only")


@pytest.mark.parametrize(
    ("written", "hole"),
    [
        ("127.0.0.1:5432", PortForward("127.0.0.1", 5432, ("127.0.0.1",), named=False)),
        ("127.9.8.7:1", PortForward("127.9.8.7", 1, ("127.9.8.7",), named=False)),
        ("[::1]:5432", PortForward("::1", 5432, ("::1",), named=False)),
        ("localhost:65535", PortForward("localhost", 65535, ("127.0.0.1", "::1"), named=False)),
    ],
)
def test_an_address_of_loopback_is_the_same_inside(written: str, hole: PortForward) -> None:
    assert parse_port_forward(written, 7) == hole


def test_a_name_of_this_machine_gets_an_address_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kw: [(2, 1, 6, "", ("127.0.0.1", 0))])
    assert parse_port_forward("db.test:5432", 7) == PortForward("db.test", 5432, ("127.0.2.7",), named=True)


def test_a_name_of_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(2, 1, 6, "", ("127.0.0.1", 0)), (2, 1, 6, "", ("192.0.2.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kw: found)
    with pytest.raises(InputError, match=r"dynamodb.* is 192\.0\.2\.1, which is not this machine"):
        parse_port_forward("dynamodb.us-east-1.amazonaws.com:443", 1)


@pytest.mark.parametrize(
    "written", ["5432", "localhost", "localhost:0", "localhost:65536", "::1:5432", "a b:1", "127.0.0.1:5432/tcp", ""]
)
def test_what_is_no_address_is_said(written: str) -> None:
    with pytest.raises(InputError, match="write HOST:PORT"):
        parse_port_forward(written, 1)


@pytest.mark.parametrize("written", ["10.1.2.3:5432", "[fe80::1]:5432"])
def test_an_address_that_the_sandbox_cannot_have_is_said(written: str) -> None:
    with pytest.raises(InputError, match=r"write 127\.0\.0\.1:5432"):
        parse_port_forward(written, 1)


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that comes, and how much it was, once the other side has said that it is done."""
    data = await reader.read()
    writer.write(data + b" %d" % len(data))
    writer.close()


@linux
def test_bytes_go_both_ways_and_half_closing_works(tmp_path: Path) -> None:
    async def look() -> bytes:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        holes = PortForwards()
        async with server:
            await holes.open([PortForward("127.0.0.1", port, (INSIDE,), named=False)], list, tmp_path, ipv6=False)
            reader, writer = await asyncio.open_connection(INSIDE, port)
            writer.write(b"x" * 300_000)
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            await holes.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(INSIDE, port)
        return answer

    assert asyncio.run(asyncio.wait_for(look(), 30)) == b"x" * 300_000 + b" 300000"


async def read_all(port: int) -> bytes:
    reader, _writer = await asyncio.open_connection(INSIDE, port)
    return await reader.read()


@linux
def test_a_dependency_that_is_down_is_seen_to_be(tmp_path: Path) -> None:
    async def look() -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers
            port = unused.getsockname()[1]
            holes = PortForwards()
            await holes.open([PortForward("127.0.0.1", port, (INSIDE,), named=False)], list, tmp_path, ipv6=False)
            with pytest.raises(ConnectionResetError):  # while reading, or, on a busy machine, before connecting is done
                await read_all(port)
            await holes.close()

    asyncio.run(asyncio.wait_for(look(), 30))


@linux
def test_a_port_that_is_taken_inside_is_said(tmp_path: Path) -> None:
    async def look() -> None:
        with socket.socket() as taken:
            taken.bind((INSIDE, 0))
            taken.listen()
            port = taken.getsockname()[1]
            holes = PortForwards()
            with pytest.raises(SandboxError, match=rf"--allow 127\.0\.0\.1:{port}: inside the sandbox: .*in use"):
                await holes.open([PortForward("127.0.0.1", port, (INSIDE,), named=False)], list, tmp_path, ipv6=False)
            await holes.close()

    asyncio.run(asyncio.wait_for(look(), 30))


@linux
def test_an_ipv6_hole_needs_ipv6_inside(tmp_path: Path) -> None:
    hole = PortForward("::1", 5432, ("::1",), named=False)
    with pytest.raises(SandboxError, match="there is no IPv6 in this sandbox"):
        asyncio.run(PortForwards().open([hole], list, tmp_path, ipv6=False))


def test_a_relay_that_dies_is_told(tmp_path: Path) -> None:
    async def look() -> str:
        holes = PortForwards()
        await holes.open([PortForward("127.0.0.1", 9, (INSIDE,), named=False)], list, tmp_path, ipv6=False)
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        holes.watch(told.set_result)
        holes.relays[0].kill()
        said = await told
        await holes.close()
        return said

    assert asyncio.run(asyncio.wait_for(look(), 30)) == "a relay of --allow ended with code -9"
