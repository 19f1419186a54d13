"""The embedded proxy over loopback: what goes through, and what toxics do to it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaoskit.host_port import host_port
from chaoskit.network.embedded.connection import BUFFERED_MAX, Side
from chaoskit.network.embedded.link import HELD_MAX
from chaoskit.network.embedded.proxy import ToxicInstance
from chaoskit.network.toxics import Moment, Send, Toxic
from chaoskit.units import MILLISECOND
from tests.effort import examples
from tests.network.lab import Reader, Writer, echo, laboratory, until

chunks = st.lists(st.binary(min_size=1, max_size=200_000), max_size=6)


@settings(
    max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(
    up=chunks,
    down=chunks,
    delays=st.lists(st.tuples(st.sampled_from(["upstream", "downstream"]), st.integers(0, 3)), max_size=3),
)
def test_bytes_arrive_whole_and_in_order(up: list[bytes], down: list[bytes], delays: list[tuple[str, int]]) -> None:
    """Through no toxic, one, or several in a row, in both directions at once, and both ends are passed on."""

    async def run() -> None:
        got: list[bytes] = []

        async def service(reader: Reader, writer: Writer) -> None:
            writer.writelines(down)
            writer.write_eof()
            got.append(await reader.read(-1))

        async with laboratory() as lab:
            proxy = await lab.proxy(service)
            for number, (stream, latency) in enumerate(delays):
                await lab.toxic("latency", f"slow{number}", stream=stream, latency=latency, jitter=latency)
            reader, writer = await lab.connect(proxy)
            writer.writelines(up)
            writer.write_eof()
            assert await reader.read(-1) == b"".join(down)
            writer.close()
            (closed,) = await lab.closed()
            await until(lambda: bool(got))
            assert got == [b"".join(up)]
            assert (closed.bytes_up, closed.bytes_down) == (sum(map(len, up)), sum(map(len, down)))

    asyncio.run(run())


def test_a_half_closed_client_still_gets_its_answer() -> None:
    async def answer_at_the_end(reader: Reader, writer: Writer) -> None:
        question = await reader.read(-1)
        writer.write(question[::-1])
        await writer.drain()

    async def run() -> None:
        async with laboratory() as lab:
            reader, writer = await lab.connect(await lab.proxy(answer_at_the_end))
            writer.write(b"abc")
            writer.write_eof()
            assert await reader.read(-1) == b"cba"

    asyncio.run(run())


def test_connections_are_journalled() -> None:
    async def run() -> None:
        peers = []

        async def service(reader: Reader, writer: Writer) -> None:
            peers.append(host_port(writer.get_extra_info("peername")))
            await reader.read(-1)

        async with laboratory() as lab:
            proxy = await lab.proxy(service)
            before = time.monotonic_ns()
            _, writer = await lab.connect(proxy)
            (opened,) = await lab.opened()
            await until(lambda: bool(peers))
            assert before <= opened.at <= time.monotonic_ns()
            assert opened.peer == host_port(writer.get_extra_info("sockname"))
            assert [opened.upstream_peer] == peers
            writer.close()
            (closed,) = await lab.closed()
            assert (closed.connection, closed.proxy, closed.toxics) == (opened.connection, "p", ())
            assert proxy.connections == set()

    asyncio.run(run())


@pytest.mark.parametrize("stream", ["downstream", "upstream"])
def test_latency_delays_at_least_as_long_as_asked(stream: str) -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("latency", "slow", stream=stream, latency=60)
            reader, writer = await lab.connect(proxy)
            for _ in range(2):
                start = time.monotonic_ns()
                writer.write(b"x")
                assert await reader.readexactly(1) == b"x"
                assert time.monotonic_ns() - start >= 60 * MILLISECOND
            writer.close()
            assert (await lab.closed())[0].toxics == ("slow",)

    asyncio.run(run())


HIDDEN: dict[str, tuple[list[tuple[str, str, dict[str, Any]]], tuple[str, ...], tuple[str, ...]]] = {
    "late, then swallowed": (
        [("latency", "downstream", {"latency": 30}), ("timeout", "downstream", {"timeout": 0})], ("timeout",), ("latency",),
    ),
    "late on the way there, and the answer swallowed": (
        [("latency", "upstream", {"latency": 30}), ("timeout", "downstream", {"timeout": 0})], ("timeout",), ("latency",),
    ),
    "swallowed before a reset could come": (
        [("timeout", "upstream", {"timeout": 0}), ("reset_peer", "upstream", {"timeout": 0})], ("timeout",), (),
    ),
    "late both ways": (
        [("latency", "upstream", {"latency": 20}), ("limit_data", "downstream", {"bytes": 1})], ("latency", "limit_data"), (),
    ),
    "reset at once": (
        [("reset_peer", "upstream", {"timeout": 0}), ("latency", "downstream", {"latency": 20})], ("reset_peer",), (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HIDDEN)
def test_only_toxics_whose_doing_a_peer_saw_are_met(case: str) -> None:
    toxics, met, unseen = HIDDEN[case]

    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            for kind, stream, attributes in toxics:
                await lab.toxic(kind, kind, stream=stream, **attributes)
            reader, writer = await lab.connect(proxy)
            writer.write(b"xy")
            if "swallowed" in case:
                await until(
                    lambda: any(connection.up.drops or connection.down.drops for connection in proxy.connections)
                )
                await lab.call("DELETE", "proxies/p/toxics/timeout")
            with contextlib.suppress(ConnectionResetError):
                await reader.read(-1)
            closed = (await lab.closed())[0]
            assert (tuple(sorted(closed.toxics)), closed.unseen) == (met, unseen)

    asyncio.run(run())


def test_a_rate_that_the_line_never_fills_has_met_nothing() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("bandwidth", "wide", rate=1_000_000)
            reader, writer = await lab.connect(proxy)
            writer.write(b"x" * 999)
            await reader.readexactly(999)
            writer.close()
            closed = (await lab.closed())[0]
            assert closed.toxics == ()

    asyncio.run(run())


def test_a_toxic_that_delays_nothing_has_touched_nothing() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("latency", "none", latency=0)
            await lab.toxic("reset_peer", "idle", stream="upstream", timeout=0, toxicity=0)
            await lab.toxic("latency", "other", stream="upstream", latency=10_000, toxicity=0.0)
            reader, writer = await lab.connect(proxy)
            writer.write(b"x")
            await reader.readexactly(1)
            writer.close()
            assert (await lab.closed())[0].toxics == ()

    asyncio.run(run())


def test_a_toxic_meets_open_connections_and_lets_go_when_lifted() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            reader, writer = await lab.connect(proxy)
            writer.write(b"a")
            assert await reader.readexactly(1) == b"a"
            await lab.toxic("latency", "hour", latency=3_600_000)
            writer.write(b"b")
            (connection,) = proxy.connections
            await until(lambda: connection.down.held == 1)
            assert (await lab.call("DELETE", "proxies/p/toxics/hour"))[0] == 204
            assert await reader.readexactly(1) == b"b"
            writer.write(b"c")
            assert await reader.readexactly(1) == b"c"
            writer.close()
            assert (await lab.closed())[0].toxics == ("hour",)

    asyncio.run(run())


def test_an_update_frees_what_is_held_and_uses_new_parameters() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("latency", "slow", latency=3_600_000, jitter=1)
            reader, writer = await lab.connect(proxy)
            writer.write(b"a")
            await until(lambda: any(connection.down.held for connection in proxy.connections))
            status, changed = await lab.call("PATCH", "proxies/p/toxics/slow", {"attributes": {"latency": 30}})
            assert (status, changed["attributes"], changed["toxicity"]) == (200, {"latency": 30, "jitter": 1}, 1.0)
            assert await reader.readexactly(1) == b"a"
            start = time.monotonic_ns()
            writer.write(b"b")
            assert await reader.readexactly(1) == b"b"
            assert time.monotonic_ns() - start >= 29 * MILLISECOND

    asyncio.run(run())


def test_timeout_holds_and_then_closes() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("timeout", "dead", timeout=50)
            start = time.monotonic_ns()
            reader, writer = await lab.connect(proxy)
            writer.write(b"x")  # at once: the toxic closes an idle connection too
            assert await reader.read(-1) == b""
            assert time.monotonic_ns() - start >= 50 * MILLISECOND
            (closed,) = await lab.closed()
            assert (closed.toxics, closed.bytes_up, closed.bytes_down) == (("dead",), 1, 0)

    asyncio.run(run())


def test_timeout_zero_drops_until_lifted_and_then_closes() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("timeout", "dead", timeout=0)
            reader, writer = await lab.connect(proxy)
            writer.write(b"x")
            await until(lambda: any(connection.down.drops for connection in proxy.connections))
            assert not reader.at_eof()
            await lab.call("DELETE", "proxies/p/toxics/dead")
            assert await reader.read(-1) == b""
            assert (await lab.closed())[0].bytes_down == 0

    asyncio.run(run())


@pytest.mark.parametrize("already_open", [True, False])
def test_reset_peer_resets_both_sides(already_open: bool) -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            if not already_open:
                await lab.toxic("reset_peer", "rst", timeout=0)
            reader, writer = await lab.connect(proxy)
            await lab.opened()
            if already_open:
                await lab.toxic("reset_peer", "rst", timeout=0)
            writer.write(b"x")
            with pytest.raises(ConnectionResetError):
                await reader.read(-1)
            await until(lambda: bool(lab.service_errors))
            assert isinstance(lab.service_errors[0], ConnectionResetError)
            assert (await lab.closed())[0].toxics == ("rst",)

    asyncio.run(run())


@pytest.mark.parametrize("stream", ["downstream", "upstream"])
@pytest.mark.parametrize("how", ["lifted", "changed"])
def test_a_pending_reset_comes_when_its_toxic_ends_or_changes(
    stream: Literal["downstream", "upstream"], how: str
) -> None:
    """Its bytes are gone: a connection that lived on would have a hole."""

    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("reset_peer", "rst", stream=stream, timeout=3_600_000)
            reader, writer = await lab.connect(proxy)
            writer.write(b"x")
            await until(lambda: any(connection.link(stream).drops for connection in proxy.connections))
            if how == "lifted":
                await lab.call("DELETE", "proxies/p/toxics/rst")
            else:
                await lab.call("POST", "proxies/p/toxics/rst", {"attributes": {"timeout": 3_000_000}})
            with pytest.raises(ConnectionResetError):
                await reader.read(-1)
            assert (await lab.closed())[0].toxics == ("rst",)

    asyncio.run(run())


def test_an_idle_connection_outlives_a_reset_nothing_started() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("reset_peer", "rst", timeout=1000)
            reader, writer = await lab.connect(proxy)
            await lab.opened()
            await lab.call("DELETE", "proxies/p/toxics/rst")
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"

    asyncio.run(run())


def test_a_reset_by_the_service_is_passed_on_as_one() -> None:
    async def slam(reader: Reader, writer: Writer) -> None:
        await reader.readexactly(1)
        linger_0 = struct.pack("ii", 1, 0)
        writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_0)
        writer.transport.abort()

    async def run() -> None:
        async with laboratory() as lab:
            reader, writer = await lab.connect(await lab.proxy(slam))
            writer.write(b"x")
            with pytest.raises(ConnectionResetError):
                await reader.read(-1)
            assert (await lab.closed())[0].toxics == ()

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["reset_peer", "timeout"])
def test_toxicity_zero_never_bites(kind: str) -> None:
    """Toxiproxy's issue 444: its ``reset_peer`` sets SO_LINGER, and ``timeout`` closes when lifted, whatever the toxicity."""

    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic(kind, toxicity=0, timeout=0)
            clients = [await lab.connect(proxy) for _ in range(20)]
            for reader, writer in clients:
                writer.write(b"x")
                assert await reader.readexactly(1) == b"x"
            await lab.call("DELETE", "proxies/p/toxics/t")
            for reader, writer in clients:
                writer.write(b"y")
                writer.write_eof()
                assert await reader.read(-1) == b"y"
            assert {closed.toxics for closed in await lab.closed(20)} == {()}

    asyncio.run(run())


def test_toxicity_bites_a_share_that_the_seed_decides() -> None:
    async def bitten(seed: int) -> set[str]:
        async with laboratory(seed) as lab:
            proxy = await lab.proxy()
            await lab.toxic("latency", "slow", toxicity=0.5, latency=1)
            for _ in range(40):
                reader, writer = await lab.connect(proxy)
                writer.write(b"x")
                await reader.readexactly(1)
                writer.close()
            return {closed.connection for closed in await lab.closed(40) if closed.toxics}

    first, again, other = (asyncio.run(bitten(seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert 8 <= len(first) <= 32  # for 40 fair coins all but one in 10^5 seeds; these seeds are fixed


def test_a_receiver_that_does_not_read_makes_the_sender_wait() -> None:
    size = 24 << 20

    async def run() -> None:
        may_read = asyncio.Event()
        got = bytearray()

        async def service(reader: Reader, writer: Writer) -> None:
            await may_read.wait()  # the reader itself stops reading after 128 KiB
            got.extend(await reader.read(-1))

        async with laboratory() as lab:
            proxy = await lab.proxy(service)
            _, writer = await lab.connect(proxy)
            await lab.opened()
            writer.write(bytes(size))
            writer.write_eof()
            (connection,) = proxy.connections
            await until(lambda: connection.client.waits > 0)
            transport = connection.service.transport
            assert transport is not None
            assert transport.get_write_buffer_size() <= BUFFERED_MAX + (1 << 20)
            may_read.set()
            await until(lambda: len(got) == size)

    asyncio.run(run())


def test_what_toxics_hold_is_bounded() -> None:
    size = HELD_MAX * 3

    async def run() -> None:
        async def service(reader: Reader, writer: Writer) -> None:
            writer.write(bytes(size))
            await writer.drain()
            writer.write_eof()
            await reader.read(-1)

        async with laboratory() as lab:
            proxy = await lab.proxy(service)
            await lab.toxic("latency", "hour", latency=3_600_000)
            reader, writer = await lab.connect(proxy)
            await lab.opened()
            (connection,) = proxy.connections
            await until(lambda: connection.service.waits > 0)
            for _ in range(1000):  # the service has much more to say, and would by now
                await asyncio.sleep(0)
            assert HELD_MAX < connection.down.held <= HELD_MAX + (1 << 20)
            await lab.call("POST", "reset")
            writer.write_eof()
            assert len(await reader.read(-1)) == size

    asyncio.run(run())


def test_an_end_is_passed_on_once_though_the_sender_is_held_up() -> None:
    """asyncio reports the end again when a transport resumes reading."""

    async def run() -> None:
        may_answer = asyncio.Event()

        async def service(reader: Reader, writer: Writer) -> None:
            assert await reader.read(-1) == b"x"
            await may_answer.wait()
            writer.write(b"thanks")
            await writer.drain()

        async with laboratory() as lab:
            proxy = await lab.proxy(service)
            reader, writer = await lab.connect(proxy)
            writer.write(b"x")
            writer.write_eof()
            await lab.opened()
            (connection,) = proxy.connections
            await until(lambda: connection.up.ended)
            connection.client.wait(True)  # as a service that reads slowly would have it
            connection.client.wait(False)
            for _ in range(100):
                await asyncio.sleep(0)
            may_answer.set()
            assert await reader.read(-1) == b"thanks"

    asyncio.run(run())


def test_a_service_that_is_not_there_is_a_failure_of_the_harness() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            lab.servers[0].close()
            await lab.servers[0].wait_closed()
            reader, _ = await lab.connect(proxy)
            assert await reader.read(-1) == b""
            await until(lambda: bool(lab.failures))
            assert f"proxy p cannot reach its service at {proxy.upstream}" in lab.failures.pop()
            assert lab.events == []

    asyncio.run(run())


def test_many_connections_at_once() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("latency", "slow", latency=20, jitter=10)

            async def one(number: int) -> None:
                reader, writer = await lab.connect(proxy)
                writer.write(b"%d" % number)
                writer.write_eof()
                assert await reader.read(-1) == b"%d" % number
                writer.close()

            await asyncio.gather(*map(one, range(200)))
            assert {closed.toxics for closed in await lab.closed(200)} == {("slow",)}

    asyncio.run(run())


def test_a_proxy_listens_on_ipv6_too() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            try:
                proxy = await lab.proxy(listen="[::1]:0")
            except AssertionError as error:
                pytest.skip(f"no IPv6 loopback here: {error}")
            reader, writer = await lab.connect(proxy)
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            assert (await lab.opened())[0].peer.startswith("[::1]:")

    asyncio.run(run())


def test_bytes_that_come_before_the_service_is_dialled_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python 3.11.2 begins to read although ``connection_made`` paused it; a ClientHello was lost that way."""
    made = Side.connection_made

    def eager(side: Side, transport: asyncio.BaseTransport) -> None:
        made(side, transport)
        if side is side.connection.client:
            side.data_received(b"early, ")

    monkeypatch.setattr(Side, "connection_made", eager)

    async def run() -> None:
        async with laboratory() as lab:
            reader, writer = await lab.connect(await lab.proxy(echo))
            writer.write(b"late")
            writer.write_eof()
            assert await reader.read(-1) == b"early, late"
            writer.close()
            (closed,) = await lab.closed()
            assert closed.bytes_up == len(b"early, late")

    asyncio.run(run())


@dataclass(frozen=True, slots=True)
class Broken(Toxic):
    """A toxic with a bug."""

    UNITS: ClassVar[dict[str, int]] = {}

    def chunk(self, data: bytes, moment: Moment, rng: random.Random) -> tuple[Send, ...]:
        raise RuntimeError("boom")


@pytest.mark.parametrize("later", [False, True], ids=["at once", "by a timer"])
def test_a_bug_of_ours_costs_its_connection_alone(later: bool) -> None:
    async def run() -> None:
        async with laboratory() as lab:
            broken, well = await lab.proxy(), await lab.proxy(name="well")
            if later:
                await lab.toxic("latency", name="first", latency=1, stream="upstream")
            broken.add(ToxicInstance("t", "broken", "upstream", 1.0, Broken()))
            reader, writer = await lab.connect(broken)
            writer.write(b"x")
            assert await reader.read(-1) == b""
            reader, writer = await lab.connect(well)
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            assert "boom" in lab.failures.pop()

    asyncio.run(run())
