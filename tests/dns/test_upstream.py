"""Names outside the zones, from an upstream made with dnspython that does as it is told, good and bad."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import dns.asyncquery
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from chaoskit.clock import WallClock
from chaoskit.dns.faults import FAULTS, DnsFault
from chaoskit.dns.listen import Listener
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.upstream import MAX_UNDER_WAY, Upstream
from chaoskit.dns.zone import Zones
from chaoskit.journal.events import QueryAnswered
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once

ZONE = {"apex": "ours.test", "records": [{"name": "ours.test", "rtype": "A", "ttl": 5, "data": "127.0.0.1"}]}
SOA = "ns.theirs.test. hostmaster.theirs.test. 1 2 3 4 5"

Manner = Callable[[dns.message.Message, str], list[bytes]]
"""What an upstream sends to a question that came over ``udp`` or ``tcp``."""


def answered(query: dns.message.Message, rtype: str = "A", data: str = "192.0.2.1") -> dns.message.Message:
    reply = dns.message.make_response(query, recursion_available=True)
    reply.answer.append(dns.rrset.from_text(query.question[0].name, 30, "IN", rtype, data))
    return reply


def honest(query: dns.message.Message, transport: str) -> list[bytes]:
    return [answered(query).to_wire()]


class FakeUpstream:
    """On loopback; remembers what it was asked."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.asked: list[tuple[str, dns.message.Message, Any]] = []

    async def __aenter__(self) -> FakeUpstream:
        loop = asyncio.get_running_loop()
        fake = self

        class Udp(asyncio.DatagramProtocol):
            def connection_made(self, transport: Any) -> None:
                self.transport = transport

            def datagram_received(self, data: bytes, address: Any) -> None:
                for wire in fake.reply("udp", data, address):
                    self.transport.sendto(wire, address)

        async def serve_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            for wire in self.reply("tcp", await reader.readexactly(size), None):
                writer.write(struct.pack("!H", len(wire)) + wire)
            writer.close()

        self._tcp = await asyncio.start_server(serve_tcp, "127.0.0.1", 0)
        self.address = self._tcp.sockets[0].getsockname()
        self._udp, _ = await loop.create_datagram_endpoint(Udp, local_addr=self.address)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._udp.close()
        self._tcp.close()

    def reply(self, transport: str, data: bytes, peer: Any) -> list[bytes]:
        query = dns.message.from_wire(data)
        self.asked.append((transport, query, peer))
        return self.manner(query, transport)


class World:
    """A server that passes on to a fake upstream."""

    def __init__(self, fake: FakeUpstream, server: Server, address: str, log: list[QueryAnswered]) -> None:
        self.fake, self.server, self.log = fake, server, log
        self._where = {"where": "127.0.0.1", "port": int(address.rpartition(":")[2]), "timeout": 30.0}

    async def udp(self, name: str, rtype: str = "A", *, flags: int = dns.flags.RD, **more: Any) -> dns.message.Message:
        return await dns.asyncquery.udp(dns.message.make_query(name, rtype, flags=flags, **more), **self._where)  # type: ignore[arg-type]

    async def tcp(self, name: str, rtype: str = "A") -> dns.message.Message:
        return await dns.asyncquery.tcp(dns.message.make_query(name, rtype), **self._where)  # type: ignore[arg-type]


def run(
    test: Callable[[World], Awaitable[None]], manner: Manner, *faults: tuple[str, DnsFault], tries_s: Any = (30.0,)
) -> None:
    """``tries_s``: how long each datagram is waited for; long, unless a test is about silence."""

    async def main() -> None:
        injections = tuple(
            Injection(f"i{n}", DnsTarget(name), Once(0, 1 << 62), fault) for n, (name, fault) in enumerate(faults)
        )
        responder = Responder(Zones.from_plan([ZONE]), Timeline(injections, origin=0), 1)
        log: list[QueryAnswered] = []
        async with FakeUpstream(manner) as fake:
            server = Server(responder, WallClock(), log.append, upstream=Upstream(fake.address[:2], tries_s))
            world = World(fake, server, await server.listen(Listener("serve", "127.0.0.1", 0)), log)
            try:
                await test(world)
                assert not server.failed.done(), server.failed
            finally:
                await server.close()

    asyncio.run(main())


def addresses(message: dns.message.Message) -> list[str]:
    return [str(item) for rrset in message.answer for item in rrset]


def test_an_honest_answer_comes_through_over_udp_and_tcp() -> None:
    async def test(world: World) -> None:
        for ask in (world.udp, world.tcp):
            message = await ask("www.theirs.test")
            assert addresses(message) == ["192.0.2.1"]
            assert message.answer[0].ttl == 30
            assert message.flags & dns.flags.RA
            assert not message.flags & dns.flags.AA
        assert {event.upstream for event in world.log} == {"answered"}

    run(test, honest)


def test_own_and_unresolvable_names_are_never_asked_upstream() -> None:
    async def test(world: World) -> None:
        assert addresses(await world.udp("ours.test")) == ["127.0.0.1"]
        assert (await world.udp("no.ours.test")).rcode() == dns.rcode.NXDOMAIN
        assert (await world.udp("www.theirs.test", flags=0)).rcode() == dns.rcode.REFUSED
        assert (await world.tcp("theirs.test", "AXFR")).rcode() == dns.rcode.REFUSED
        assert world.fake.asked == []
        assert {event.upstream for event in world.log} == {""}

    run(test, honest)


def test_each_question_has_its_own_port_id_and_spelling() -> None:
    async def test(world: World) -> None:
        for _ in range(12):
            await world.udp("a-rather-long-name-with-many-letters.theirs.test", want_dnssec=True)
        ports = {peer[1] for _, _, peer in world.fake.asked}
        ids = {query.id for _, query, _ in world.fake.asked}
        spellings = {str(query.question[0].name) for _, query, _ in world.fake.asked}
        assert min(len(ports), len(ids), len(spellings)) > 6, "each of many is chosen at random"
        assert all(query.ednsflags & dns.flags.DO for _, query, _ in world.fake.asked)

    run(test, honest)


def test_a_truncated_answer_is_asked_again_over_tcp() -> None:
    def manner(query: dns.message.Message, transport: str) -> list[bytes]:
        reply = dns.message.make_response(query) if transport == "udp" else answered(query)
        reply.flags |= dns.flags.TC if transport == "udp" else 0
        return [reply.to_wire()]

    async def test(world: World) -> None:
        assert addresses(await world.udp("www.theirs.test")) == ["192.0.2.1"]
        assert [transport for transport, _, _ in world.fake.asked] == ["udp", "tcp"]

    run(test, manner)


def test_forged_answers_are_passed_over() -> None:
    def manner(query: dns.message.Message, transport: str) -> list[bytes]:
        other = dns.message.make_query("www.elsewhere.test", "A")
        other.id = query.id
        wrong_id = bytearray(answered(query, data="6.6.6.6").to_wire())
        wrong_id[0] ^= 1
        return [bytes(wrong_id), answered(other, data="6.6.6.6").to_wire(), b"nonsense", answered(query).to_wire()]

    async def test(world: World) -> None:
        assert addresses(await world.udp("www.theirs.test")) == ["192.0.2.1"]

    run(test, manner)


def test_an_answer_from_another_address_never_arrives() -> None:
    async def test(world: World) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.2", 0))

            def forge_first(query: dns.message.Message, transport: str) -> list[bytes]:
                stranger.sendto(answered(query, data="6.6.6.6").to_wire(), world.fake.asked[-1][2])
                return [answered(query).to_wire()]

            world.fake.manner = forge_first
            assert addresses(await world.udp("www.theirs.test")) == ["192.0.2.1"]

    run(test, honest)


def test_an_upstream_that_loses_case_is_believed_over_tcp_only() -> None:
    def manner(query: dns.message.Message, transport: str) -> list[bytes]:
        wire = answered(query, data="192.0.2.7" if transport == "tcp" else "6.6.6.6").to_wire()
        return [wire[:12] + wire[12:].swapcase()]

    async def test(world: World) -> None:
        message = await world.udp("www.theirs.test")
        assert addresses(message) == ["192.0.2.7"]

    run(test, manner)


@pytest.mark.parametrize("kind", ["silence", "garbage"])
def test_a_bad_upstream_is_servfail_and_is_told(kind: str) -> None:
    def manner(query: dns.message.Message, transport: str) -> list[bytes]:
        if kind == "silence":
            return []
        reply = bytearray(dns.message.make_response(query).to_wire())
        reply[6:8] = b"\0\x09"  # nine answers that are not there
        return [bytes(reply)]

    async def test(world: World) -> None:
        message = await world.udp("www.theirs.test")
        assert message.rcode() == dns.rcode.SERVFAIL
        (event,) = world.log
        assert (event.upstream, event.rcode, event.faults) == (
            "timed out" if kind == "silence" else "malformed",
            "SERVFAIL",
            (),
        )

    run(test, manner, tries_s=(0.05, 0.05) if kind == "silence" else (30.0,))


def test_what_was_never_in_our_zones_is_not_stale() -> None:
    async def test(world: World) -> None:
        world.server.responder = world.server.responder.with_zones(Zones.from_plan([ZONE | {"records": []}]))
        assert addresses(await world.udp("www.theirs.test")) == ["192.0.2.1"]
        assert addresses(await world.udp("ours.test")) == ["127.0.0.1"], "as it was before the change"
        assert [event.faults for event in world.log] == [(), ("i1",)]

    stale = FAULTS.get("stale")
    run(test, honest, ("www.theirs.test", stale()), ("ours.test", stale()))


def test_an_upstream_that_is_not_there_is_servfail_and_is_told() -> None:
    async def test(world: World) -> None:
        await world.fake.__aexit__()
        assert (await world.udp("www.theirs.test")).rcode() == dns.rcode.SERVFAIL
        assert world.log[0].upstream == "unreachable"

    run(test, honest)


def test_faults_apply_to_the_upstream_s_answer() -> None:
    def manner(query: dns.message.Message, transport: str) -> list[bytes]:
        reply = dns.message.make_response(query)
        if query.question[0].name.to_text().lower().startswith("none."):
            reply.set_rcode(dns.rcode.NXDOMAIN)
            reply.authority.append(dns.rrset.from_text("theirs.test.", 30, "IN", "SOA", SOA))
            return [reply.to_wire()]
        return honest(query, transport)

    async def test(world: World) -> None:
        blank = await world.udp("www.theirs.test")
        assert (blank.rcode(), blank.answer) == (dns.rcode.NOERROR, [])
        assert (world.log[0].faults, world.log[0].upstream) == (("i0",), "answered")
        emptied = await world.udp("none.theirs.test")
        assert (emptied.rcode(), emptied.answer, emptied.authority[0].rdtype) == (
            dns.rcode.NOERROR,
            [],
            dns.rdatatype.SOA,
        )
        assert (await world.udp("else.theirs.test")).answer

    empty = FAULTS.get("empty")()
    run(test, manner, ("www.theirs.test", empty), ("none.theirs.test", empty))


def test_no_more_are_under_way_than_it_can_hold() -> None:
    async def test(world: World) -> None:
        silent = [asyncio.create_task(world.udp("www.theirs.test")) for _ in range(MAX_UNDER_WAY)]
        while len(world.fake.asked) < MAX_UNDER_WAY:
            await asyncio.sleep(0)
        assert (await world.udp("www.theirs.test")).rcode() == dns.rcode.SERVFAIL
        assert world.log[0].upstream == "too many under way"
        await world.server.close()
        assert [event.reply for event in world.log[1:]] == ["drop"] * MAX_UNDER_WAY, (
            "what waits at the end is logged too"
        )
        for task in silent:
            task.cancel()

    run(test, lambda query, transport: [])
