"""The server on loopback, asked by dnspython: an implementation that shares no code with ours."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any

import dns.asyncquery
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.clock import WallClock
from chaoskit.dns.codec import NotAnswerable, Refusal, read_request
from chaoskit.dns.faults import FAULTS, DnsFault
from chaoskit.dns.listen import Listener
from chaoskit.dns.message import Hangup, Query, Raw, Reply
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.udp import UdpPath
from chaoskit.dns.zone import Zones
from chaoskit.errors import HarnessError
from chaoskit.journal.events import QueryAnswered
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once
from chaoskit.units import MILLISECOND
from tests.effort import examples

ZONE = {
    "apex": "api.test",
    "records": [
        {"name": "api.test", "rtype": "A", "ttl": 5, "data": "127.0.0.1"},
        {"name": "slow.api.test", "rtype": "A", "ttl": 5, "data": "127.0.0.2"},
        {"name": "odd.api.test", "rtype": "A", "ttl": 5, "data": "127.0.0.3"},
        {"name": "odd.api.test", "rtype": "TYPE65400", "ttl": 5, "data": "\\# 3 010203"},
        *({"name": "many.api.test", "rtype": "A", "ttl": 5, "data": f"127.0.1.{n}"} for n in range(1, 120)),
    ],
}


udp_path: ContextVar[UdpPath] = ContextVar("udp_path", default="batched")


@pytest.fixture(scope="module", params=["batched", "plain"], autouse=True)
def both_paths(request: pytest.FixtureRequest) -> Iterator[None]:
    """All tests here run through both UDP loops."""
    token = udp_path.set(request.param)
    yield
    udp_path.reset(token)


class World:
    """A server with its log, and where it listens."""

    def __init__(self, server: Server, address: str) -> None:
        self.server = server
        host, _, port = address.rpartition(":")
        self.where: dict[str, Any] = {"where": host.strip("[]"), "port": int(port), "timeout": 5.0}
        self.log: list[QueryAnswered] = []

    async def udp(self, query: dns.message.Message, **more: Any) -> dns.message.Message:
        return await dns.asyncquery.udp(query, **(self.where | more))

    async def tcp(self, query: dns.message.Message) -> dns.message.Message:
        return await dns.asyncquery.tcp(query, **self.where)


def serve(test: Callable[[World], Awaitable[None]], *faults: tuple[str, DnsFault], host: str = "127.0.0.1") -> None:
    """Run ``test`` against a server with these faults (name, fault) always on."""

    async def main() -> None:
        injections = tuple(
            Injection(f"i{n}", DnsTarget(name), Once(0, 1 << 62), fault) for n, (name, fault) in enumerate(faults)
        )
        responder = Responder(Zones.from_plan([ZONE]), Timeline(injections, origin=0), 1)
        log: list[QueryAnswered] = []
        server = Server(responder, WallClock(), log.append, udp_path.get())
        world = World(server, await server.listen(Listener("cold", host, 0)))
        world.log = log
        try:
            await test(world)
            assert not server.failed.done(), server.failed
        finally:
            await server.close()

    asyncio.run(main())


def a(name: str = "api.test", rtype: str = "A", **more: Any) -> dns.message.Message:
    return dns.message.make_query(name, rtype, **more)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_udp_and_tcp_on_one_port(host: str) -> None:
    if host == "::1" and not has_ipv6():
        pytest.skip("::1 cannot be bound here")

    async def test(world: World) -> None:
        for ask in (world.udp, world.tcp):
            answer = await ask(a())
            assert [str(item) for rrset in answer.answer for item in rrset] == ["127.0.0.1"]
            assert answer.flags & dns.flags.AA
        assert [event.transport for event in world.log] == ["udp", "tcp"]
        assert all(event.asker == "cold" and event.peer.startswith(("127.0.0.1:", "[::1]:")) for event in world.log)
        assert all(event.answered_at >= event.at for event in world.log)

    serve(test, host=host)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_the_case_of_the_question_is_kept() -> None:
    async def test(world: World) -> None:
        answer = await world.udp(a("aPi.TeSt"))
        assert str(answer.question[0].name) == "aPi.TeSt."
        assert world.log[0].name == "api.test"

    serve(test)


def test_too_large_for_udp_is_truncated_and_whole_over_tcp() -> None:
    async def test(world: World) -> None:
        answer = await world.udp(a("many.api.test"))
        assert answer.flags & dns.flags.TC
        assert len(answer.to_wire()) <= 512
        whole = await world.tcp(a("many.api.test"))
        assert not whole.flags & dns.flags.TC
        assert sum(len(rrset) for rrset in whole.answer) == 119
        wide = await world.udp(a("many.api.test", use_edns=0, payload=4096))
        assert wide.flags & dns.flags.TC, "119 addresses are more than 1,232 bytes, our own limit"

    serve(test)


def test_edns_is_answered_with_edns_or_badvers() -> None:
    async def test(world: World) -> None:
        answer = await world.udp(a(use_edns=0, payload=1400, want_dnssec=True))
        assert (answer.edns, answer.payload, bool(answer.ednsflags & dns.flags.DO)) == (0, 1232, True)
        assert (await world.udp(a())).edns == -1
        assert (await world.udp(a(use_edns=1))).rcode() == dns.rcode.BADVERS

    serve(test)


def test_unknown_types_travel_as_rfc_3597_says() -> None:
    async def test(world: World) -> None:
        answer = await world.udp(a("odd.api.test", "TYPE65400"))
        assert "\\# 3 010203" in str(answer.answer[0])

    serve(test)


def test_negative_answers() -> None:
    async def test(world: World) -> None:
        nodata, nxdomain, refused = [
            await world.udp(a(*what)) for what in (("api.test", "MX"), ("no.api.test",), ("x.org",))
        ]
        assert (nodata.rcode(), len(nodata.answer), nodata.authority[0].ttl) == (dns.rcode.NOERROR, 0, 900)
        assert (nxdomain.rcode(), nxdomain.authority[0].ttl) == (dns.rcode.NXDOMAIN, 900)
        assert (refused.rcode(), len(refused.authority)) == (dns.rcode.REFUSED, 0)

    serve(test)


def test_the_blank_as_a_resolver_sees_it() -> None:
    async def test(world: World) -> None:
        blank = await world.udp(a())
        assert (blank.rcode(), len(blank.answer), blank.authority[0].ttl) == (dns.rcode.NOERROR, 0, 900)
        assert world.log[0].faults == ("i0",)
        assert (await world.udp(a("odd.api.test"))).answer, "other names are untouched"

    serve(test, ("api.test", FAULTS.get("empty")()))


def test_a_drop_is_silence_and_is_logged() -> None:
    async def test(world: World) -> None:
        with pytest.raises(dns.exception.Timeout):
            await world.udp(a(), timeout=0.2)
        assert (world.log[0].reply, world.log[0].faults) == ("drop", ("i0",))

    serve(test, ("api.test", FAULTS.get("drop")()))


def test_a_delayed_answer_blocks_nobody() -> None:
    async def test(world: World) -> None:
        slow = asyncio.create_task(world.udp(a("slow.api.test")))
        while not world.server.late:  # the slow question has arrived
            await asyncio.sleep(0)
        await world.udp(a())
        assert not slow.done(), "the quick answer came while the slow one waited"
        await slow
        quick, late = world.log
        assert (quick.name, late.name) == ("api.test", "slow.api.test")
        assert late.answered_at - late.at >= 200 * MILLISECOND

    serve(test, ("slow.api.test", FAULTS.get("delay")(by=200 * MILLISECOND)))


def test_tcp_pipelines_out_of_order() -> None:
    async def test(world: World) -> None:
        reader, writer = await asyncio.open_connection(world.where["where"], world.where["port"])
        first, second = a("slow.api.test"), a()
        wires = [query.to_wire() for query in (first, second)]
        writer.write(b"".join(struct.pack("!H", len(wire)) + wire for wire in wires))
        ids = []
        for _ in range(2):
            size = struct.unpack("!H", await reader.readexactly(2))[0]
            ids.append(dns.message.from_wire(await reader.readexactly(size)).id)
        assert ids == [second.id, first.id], "the second was ready first (RFC 7766 §6.2.1.1)"
        writer.close()
        await writer.wait_closed()

    serve(test, ("slow.api.test", FAULTS.get("delay")(by=50 * MILLISECOND)))


def test_a_message_in_pieces_over_tcp() -> None:
    async def test(world: World) -> None:
        reader, writer = await asyncio.open_connection(world.where["where"], world.where["port"])
        wire = a().to_wire()
        for byte in struct.pack("!H", len(wire)) + wire:
            writer.write(bytes([byte]))
            await writer.drain()
        size = struct.unpack("!H", await reader.readexactly(2))[0]
        assert dns.message.from_wire(await reader.readexactly(size)).answer
        writer.close()
        await writer.wait_closed()

    serve(test)


class Always:
    """A fault that says one thing."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def apply(self, query: Query, reply: Reply, at: int, rng: Any) -> Reply:
        return self.reply


@pytest.mark.parametrize(("reset", "raised"), [(False, EOFError), (True, ConnectionResetError)])
def test_hanging_up_over_tcp(reset: bool, raised: type[Exception]) -> None:
    async def test(world: World) -> None:
        with pytest.raises(raised):
            await world.tcp(a())
        assert world.log[0].reply == "hangup"

    serve(test, ("api.test", Always(Hangup(reset=reset))))  # type: ignore[arg-type]


def test_raw_bytes_go_out_as_they_are() -> None:
    async def test(world: World) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.setblocking(False)
            await asyncio.get_running_loop().sock_connect(udp, (world.where["where"], world.where["port"]))
            await asyncio.get_running_loop().sock_sendall(udp, a().to_wire())
            assert await asyncio.get_running_loop().sock_recv(udp, 100) == b"\x00nonsense"

    serve(test, ("api.test", Always(Raw(b"\x00nonsense"))))  # type: ignore[arg-type]


def test_it_listens_on_loopback_only_and_says_what_is_taken() -> None:
    async def test(world: World) -> None:
        with pytest.raises(HarnessError, match="is not loopback"):
            await world.server.listen(Listener("x", "0.0.0.0", 0))
        with pytest.raises(HarnessError, match="Address already in use; end what listens"):
            await world.server.listen(Listener("x", "127.0.0.1", world.where["port"]))

    serve(test)


@settings(max_examples=examples(500))
@given(st.binary(max_size=80))
def test_garbage_is_silence_or_a_short_error(data: bytes) -> None:
    with contextlib.suppress(NotAnswerable):
        request = read_request(data, "udp", "cold", "127.0.0.1", 1)
        if isinstance(request, Refusal):
            assert len(request.data) <= max(len(data), 12), "never more than was sent: nothing to amplify"


@settings(max_examples=examples(500))
@given(st.binary(min_size=1, max_size=6), st.integers(0, 60))
def test_a_damaged_query_never_crashes(damage: bytes, place: int) -> None:
    wire = bytearray(a("many.api.test", use_edns=0).to_wire())
    wire[place : place + len(damage)] = damage
    with contextlib.suppress(NotAnswerable):
        request = read_request(bytes(wire), "udp", "cold", "127.0.0.1", 1)
        if not isinstance(request, Refusal):
            Responder(Zones.from_plan([ZONE]), Timeline(), 1).respond(request.query, 0)


def test_responses_are_never_answered() -> None:
    wire = bytearray(a().to_wire())
    wire[2] |= 0x80
    with pytest.raises(NotAnswerable):
        read_request(bytes(wire), "udp", "cold", "127.0.0.1", 1)


def test_other_operations_are_not_implemented() -> None:
    wire = bytearray(a().to_wire())
    wire[2] |= 0x28  # UPDATE
    refusal = read_request(bytes(wire), "udp", "cold", "127.0.0.1", 1)
    assert isinstance(refusal, Refusal)
    assert dns.message.from_wire(refusal.data).rcode() == dns.rcode.NOTIMP
