"""Connections: what ends them, what must not, and what the log says of an asker who has gone."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any

import dns.message
import pytest

from chaoskit.dns import tcp
from chaoskit.dns.faults import FAULTS
from chaoskit.dns.message import Hangup
from chaoskit.errors import PlaneError
from chaoskit.units import MILLISECOND, SECOND
from tests.dns.test_server import Always, World, a, serve

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HOUR = FAULTS.get("delay")(by=3600 * SECOND)


async def connect(world: World) -> Streams:
    return await asyncio.open_connection(world.where["where"], world.where["port"])


def ask(writer: asyncio.StreamWriter, *queries: dns.message.Message) -> None:
    for query in queries:
        wire = query.to_wire()
        writer.write(struct.pack("!H", len(wire)) + wire)


async def answer(reader: asyncio.StreamReader) -> dns.message.Message:
    size = struct.unpack("!H", await reader.readexactly(2))[0]
    return dns.message.from_wire(await reader.readexactly(size))


async def end(*streams: Streams) -> None:
    for _, writer in streams:
        writer.close()
        await writer.wait_closed()


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_a_connection_is_reused() -> None:
    async def test(world: World) -> None:
        reader, writer = await connect(world)
        for _ in range(3):
            ask(writer, a())
            assert (await answer(reader)).answer
        assert len({event.peer for event in world.log}) == 1
        await end((reader, writer))

    serve(test)


def test_idle_connections_are_closed_but_never_one_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "IDLE_S", 0.05)

    async def test(world: World) -> None:
        waiting, idle, dribbling = [await connect(world) for _ in range(3)]
        ask(waiting[1], a("slow.api.test"))
        dribbling[1].write(b"\x00")  # the beginning of a message is no message
        assert await idle[0].read() == b""
        assert await dribbling[0].read() == b""
        assert (await answer(waiting[0])).answer, "its answer took ten times as long"
        assert await waiting[0].read() == b"", "idle since"
        await end(waiting, idle, dribbling)

    serve(test, ("slow.api.test", FAULTS.get("delay")(by=500 * MILLISECOND)))


@pytest.mark.parametrize("half_closed", [False, True])
def test_who_never_reads_its_answers_is_not_kept(monkeypatch: pytest.MonkeyPatch, half_closed: bool) -> None:
    monkeypatch.setattr(tcp, "IDLE_S", 0.05)

    async def test(world: World) -> None:
        with socket.create_connection((world.where["where"], world.where["port"])) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            connections = world.server.connections
            await until(lambda: len(connections) == 1)
            (connection,) = connections.members
            wire = a("many.api.test").to_wire()
            while not connection.is_clogged:
                with contextlib.suppress(BlockingIOError):
                    deaf.send((struct.pack("!H", len(wire)) + wire) * 100)
                await asyncio.sleep(0)
            if half_closed:
                connection.close()  # as when all is answered and nothing more can be asked
            await until(lambda: not len(connections))

    serve(test)


def test_who_has_closed_its_sending_side_still_gets_its_answers() -> None:
    async def test(world: World) -> None:
        reader, writer = await connect(world)
        ask(writer, a("slow.api.test"), a())
        writer.write_eof()
        assert (await answer(reader)).question[0].name == a().question[0].name
        assert (await answer(reader)).answer
        assert await reader.read() == b"", "then the connection ends"
        await end((reader, writer))

    serve(test, ("slow.api.test", FAULTS.get("delay")(by=100 * MILLISECOND)))


def test_an_answer_to_an_asker_who_has_gone_is_logged_as_none() -> None:
    async def test(world: World) -> None:
        _, writer = await connect(world)
        ask(writer, a("slow.api.test"))
        await until(lambda: world.server.late)
        linger = struct.pack("ii", 1, 0)  # ends with RST; a FIN could mean that it still reads
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
        await until(lambda: world.log)
        assert (world.log[0].reply, world.log[0].rcode, world.log[0].answers) == ("drop", "", 0)

    serve(test, ("slow.api.test", FAULTS.get("delay")(by=100 * MILLISECOND)))


def test_hanging_up_ends_what_was_pipelined_behind() -> None:
    async def test(world: World) -> None:
        reader, writer = await connect(world)
        ask(writer, a("odd.api.test"), a(), a("odd.api.test"))
        assert (await answer(reader)).answer, "what was answered before is delivered"
        assert await reader.read() == b""
        assert [event.reply for event in world.log] == ["answer", "hangup"], "the third question was never read"
        await end((reader, writer))

    serve(test, ("api.test", Always(Hangup())))  # type: ignore[arg-type]


def test_hanging_up_without_a_connection_is_a_drop() -> None:
    async def test(world: World) -> None:
        with pytest.raises(dns.exception.Timeout):
            await world.udp(a(), timeout=0.2)
        assert world.log[0].reply == "drop"

    serve(test, ("api.test", Always(Hangup())))  # type: ignore[arg-type]


def test_a_late_hang_up() -> None:
    async def test(world: World) -> None:
        reader, writer = await connect(world)
        ask(writer, a())
        with pytest.raises(ConnectionResetError):
            await reader.read()
        assert world.log[0].answered_at - world.log[0].at >= 100 * MILLISECOND
        writer.close()

    serve(test, ("api.test", Always(Hangup(reset=True, delay_ns=100 * MILLISECOND))))  # type: ignore[arg-type]


def test_nothing_is_written_into_a_message_that_drips() -> None:
    drip = FAULTS.get("hangup")(how="drip", every=2 * MILLISECOND)

    async def test(world: World) -> None:
        reader, writer = await connect(world)
        ask(writer, a("slow.api.test"), a("drip.api.test"), a())  # slow, so that its answer falls due amid the drip
        sent = await reader.read()
        size = int.from_bytes(sent[:2], "big")
        assert len(sent) <= size + 2, "one message, or a part of it, and nothing besides"
        assert {event.name: event.reply for event in world.log} == {"slow.api.test": "drop", "drip.api.test": "hangup"}
        writer.close()

    serve(test, ("drip.api.test", drip), ("slow.api.test", FAULTS.get("delay")(by=60 * MILLISECOND)))


def test_the_longest_idle_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 2)

    async def test(world: World) -> None:
        first, second = await connect(world), await connect(world)
        for reader, writer in (second, first):
            ask(writer, a())
            await answer(reader)
        third = await connect(world)
        assert await second[0].read() == b"", "idle for longer than the first"
        for reader, writer in (first, third):
            ask(writer, a())
            assert (await answer(reader)).answer
        await end(first, second, third)

    serve(test)


def test_no_room_is_a_failure_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 1)

    async def test(world: World) -> None:
        first = await connect(world)
        ask(first[1], a())
        await until(lambda: world.server.late)
        second = await connect(world)
        with pytest.raises(PlaneError, match="more than 1 TCP connections"):
            await world.server.failed
        world.server.failed = asyncio.get_running_loop().create_future()
        first[1].transport.abort()
        await end(second)

    serve(test, ("api.test", HOUR))


def test_a_server_that_stands_ends_the_newest_and_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 1)

    async def test(world: World) -> None:
        monkeypatch.setattr(world.server.connections, "stands", True)
        first = await connect(world)
        ask(first[1], a())
        await until(lambda: world.server.late)
        second = await connect(world)
        assert await second[0].read() == b""
        assert world.server.crowded_out == 1
        assert not world.server.failed.done()
        first[1].transport.abort()
        await end(second)

    serve(test, ("api.test", HOUR))


def test_who_does_not_read_is_not_read() -> None:
    """A flood of questions whose answers nobody takes must not fill our memory."""

    async def test(world: World) -> None:
        reader, writer = await connect(world)
        ask(writer, a())
        await answer(reader)
        (connection,) = world.server.connections.members
        for end_of, size in ((connection.stream, socket.SO_SNDBUF), (writer, socket.SO_RCVBUF)):
            end_of.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, size, 4096)
        assert isinstance(writer.transport, asyncio.ReadTransport)
        writer.transport.pause_reading()
        wire = a("many.api.test").to_wire()
        writer.write((struct.pack("!H", len(wire)) + wire) * 20000)  # 40 MB of answers
        await until(lambda: not connection.stream.is_reading())
        taken = len(world.log)
        assert taken < 20000, "the rest waits in the asker's own memory"
        writer.transport.resume_reading()
        await until(lambda: len(world.log) > taken)
        writer.transport.abort()

    serve(test)


def test_a_server_that_closes_logs_what_it_never_sent() -> None:
    worlds = []

    async def test(world: World) -> None:
        worlds.append(world)
        reader, writer = await connect(world)
        ask(writer, a())
        await until(lambda: world.server.late)
        await world.server.close()
        assert await reader.read() == b""
        writer.close()

    serve(test, ("api.test", HOUR))
    assert [(event.reply, event.faults) for event in worlds[0].log] == [("drop", ("i0",))]


def test_refused_questions_are_logged() -> None:
    async def test(world: World) -> None:
        reader, writer = await connect(world)
        writer.write(
            b"\x00\x00" + b"\x00\x0c" + b"\x00\x07" + bytes(10)
        )  # an empty message, then a header without question
        assert (await answer(reader)).rcode() == dns.rcode.FORMERR
        await world.udp(a(use_edns=1))
        assert [(event.name, event.rtype, event.rcode) for event in world.log] == [
            ("", "", "FORMERR"),
            ("api.test", "A", "BADVERS"),
        ]
        await end((reader, writer))

    serve(test)
