"""``recycle``: connections end when their time is over, and the calls on them do not."""

from __future__ import annotations

import asyncio

import pytest

from chaoskit.errors import PlaneError
from chaoskit.network.server import check_toxics
from chaoskit.network.toxics import Cut, recycle
from chaoskit.network.toxics.latency import Latency
from chaoskit.network.toxics.recycle import GRACE, Recycle
from chaoskit.units import MILLISECOND, SECOND
from tests.network.lab import Reader, Writer, laboratory


def test_a_connection_has_its_time_and_then_a_grace_for_a_call() -> None:
    toxic = Recycle(5 * SECOND)
    assert toxic.opened(7) == Cut(5 * SECOND + 7, spare_calls_until=5 * SECOND + 7 + GRACE)
    assert toxic.attributes() == {"every": 5000}
    assert Recycle.of_attributes({"every": 5000}) == toxic


def test_every_connection_that_is_open_is_cut_at_once_with_zero() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            readers = []
            for _ in range(3):
                reader, writer = await lab.connect(proxy)
                writer.write(b"x")
                assert await reader.readexactly(1) == b"x"
                readers.append(reader)
            await lab.toxic("recycle", every=0)
            for reader in readers:
                assert await reader.read(-1) == b""
            assert [closed.toxics for closed in await lab.closed(3)] == [("t",)] * 3

    asyncio.run(run())


@pytest.mark.parametrize("stream", ["downstream", "upstream"])
def test_new_connections_are_closed_when_their_time_is_over(stream: str) -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("recycle", every=20, stream=stream)
            reader, _ = await lab.connect(proxy)
            assert await reader.read(-1) == b""
            (closed,) = await lab.closed()
            (opened,) = await lab.opened()
            assert closed.toxics == ("t",)
            assert closed.at - opened.at >= 20 * MILLISECOND

    asyncio.run(run())


def test_a_call_is_answered_before_its_connection_is_closed() -> None:
    async def run() -> None:
        answer_now, asked = asyncio.Event(), asyncio.Event()

        async def slow(reader: Reader, writer: Writer) -> None:
            if not await reader.read(1):
                return
            asked.set()
            await answer_now.wait()
            writer.write(b"a" * 100_000)
            await reader.read(-1)

        async with laboratory() as lab:
            proxy = await lab.proxy(slow)
            calling, writer = await lab.connect(proxy)
            writer.write(b"x")
            await asked.wait()
            idle, _ = await lab.connect(proxy)
            await lab.opened(2)
            await lab.toxic("recycle", every=0)
            assert await idle.read(-1) == b"", "one that carries no call is closed"
            answer_now.set()
            assert await calling.read(-1) == b"a" * 100_000
            assert [closed.toxics for closed in await lab.closed(2)] == [("t",)] * 2

    asyncio.run(run())


def test_a_call_that_is_never_answered_is_spared_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recycle, "GRACE", 20 * MILLISECOND)

    async def silent(reader: Reader, writer: Writer) -> None:
        await reader.read(-1)

    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy(silent)
            reader, writer = await lab.connect(proxy)
            writer.write(b"x")
            await lab.opened()
            await lab.toxic("recycle", every=0)
            assert await reader.read(-1) == b""

    asyncio.run(run())


def test_lifted_in_time_it_closes_nothing() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            reader, writer = await lab.connect(proxy)
            await lab.opened()
            await lab.toxic("recycle", every=3_600_000)
            assert (await lab.call("DELETE", "proxies/p/toxics/t"))[0] == 204
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"

    asyncio.run(run())


def test_toxiproxy_cannot_do_it() -> None:
    check_toxics([Latency(0)], "Toxiproxy 2.12.0")
    with pytest.raises(PlaneError, match=r"recycle is the embedded proxy's own, and Toxiproxy 2\.12\.0 has no such"):
        check_toxics([Latency(0), Recycle(0)], "Toxiproxy 2.12.0")
