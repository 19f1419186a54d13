"""What each fault looks like on the wire, to dnspython, which shares no code with ours. A real server on loopback answers."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any

import dns.asyncquery
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from chaoskit.clock import WallClock
from chaoskit.dns.faults import FAULTS
from chaoskit.dns.faults.address import PRESETS
from chaoskit.dns.listen import Listener
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.udp import UdpPath
from chaoskit.dns.zone import Zones
from chaoskit.journal.events import QueryAnswered
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once
from chaoskit.units import MILLISECOND, SECOND

ADDRESSES = [f"127.0.0.{n}" for n in range(1, 9)]
EARLIER = "127.9.9.9"
Message = dns.message.Message

udp_path: ContextVar[UdpPath] = ContextVar("udp_path", default="batched")


@pytest.fixture(scope="module", params=["batched", "plain"], autouse=True)
def both_paths(request: pytest.FixtureRequest) -> Iterator[None]:
    """All tests here run through both UDP loops."""
    token = udp_path.set(request.param)
    yield
    udp_path.reset(token)


def zones(*addresses: str) -> Zones:
    records = [{"name": "api.test", "rtype": "A", "ttl": 5, "data": address} for address in addresses]
    records += [
        {"name": "api.test", "rtype": "AAAA", "ttl": 5, "data": "::1"},
        {"name": "other.api.test", "rtype": "A", "ttl": 9, "data": "127.0.0.77"},
        {"name": "alias.api.test", "rtype": "CNAME", "ttl": 9, "data": "api.test."},
    ]
    return Zones.from_plan([{"apex": "api.test", "records": records}])


class World:
    """A server with faults always on at every name, and its log."""

    def __init__(self, server: Server, address: str, log: list[QueryAnswered]) -> None:
        self.server = server
        self.log = log
        host, _, port = address.rpartition(":")
        self.place: dict[str, Any] = {"where": host, "port": int(port)}

    async def udp(self, query: Message | None = None, **more: Any) -> Message:
        return await dns.asyncquery.udp(query or a(), **({"timeout": 5.0} | self.place | more))

    async def tcp(self, query: Message | None = None) -> Message:
        return await dns.asyncquery.tcp(query or a(), timeout=5.0, **self.place)


def serve(test: Callable[[World], Awaitable[None]], kind: str, **parameters: Any) -> list[QueryAnswered]:
    log: list[QueryAnswered] = []

    async def main() -> None:
        injection = Injection("i", DnsTarget(under="test"), Once(0, 1 << 62), FAULTS.get(kind)(**parameters))
        responder = Responder(zones(EARLIER), Timeline((injection,), origin=0), 1).with_zones(zones(*ADDRESSES))
        server = Server(responder, WallClock(), log.append, udp_path.get())
        world = World(server, await server.listen(Listener("cold", "127.0.0.1", 0)), log)
        try:
            await test(world)
            if server.failed.done():
                server.failed.result()
        finally:
            await server.close()

    asyncio.run(main())
    return log


def a(name: str = "api.test", rtype: str = "A", **more: Any) -> Message:
    return dns.message.make_query(name, rtype, **more)


def data(answer: Message, rtype: str | None = None) -> list[str]:
    return [
        str(item) for rrset in answer.answer for item in rrset if rtype in (None, dns.rdatatype.to_text(rrset.rdtype))
    ]


def over_udp(kind: str, query: Message | None = None, **parameters: Any) -> Message:
    found: list[Message] = []

    async def test(world: World) -> None:
        found.append(await world.udp(query))

    (event,) = serve(test, kind, **parameters)
    assert (event.faults, event.reply) == (("i",), "answer")
    return found[0]


@pytest.mark.parametrize("kind", ["servfail", "refused", "nxdomain"])
def test_errors(kind: str) -> None:
    answer = over_udp(kind)
    assert (dns.rcode.to_text(answer.rcode()), answer.answer) == (kind.upper(), [])
    assert bool(answer.flags & dns.flags.AA) is (kind == "nxdomain")


@pytest.mark.parametrize("kind", ["empty", "nxdomain"])
def test_the_negative_ttl(kind: str) -> None:
    answer = over_udp(kind, negative_ttl=7 * SECOND)
    (soa,) = answer.authority
    assert (soa.ttl, soa[0].minimum, answer.answer) == (7, 7, [])
    assert over_udp(kind).authority[0].ttl == 900
    assert over_udp(kind, soa=False).authority == []


def test_an_rcode_with_an_extended_error() -> None:
    answer = over_udp("rcode", a(use_edns=0), code="servfail", ede=22, text="no reachable authority")
    (error,) = answer.options
    assert isinstance(error, dns.edns.EDEOption)
    assert (answer.rcode(), int(error.code), error.text) == (dns.rcode.SERVFAIL, 22, "no reachable authority")
    assert over_udp("rcode", a(use_edns=0), code="BADCOOKIE").rcode() == dns.rcode.BADCOOKIE
    assert over_udp("rcode", code="BADCOOKIE", ede=22).rcode() == dns.rcode.SERVFAIL, "no EDNS, four bits"
    assert over_udp("rcode", code="NOTIMP").rcode() == dns.rcode.NOTIMP


def test_drop_is_silence() -> None:
    async def test(world: World) -> None:
        with pytest.raises(dns.exception.Timeout):
            await world.udp(timeout=0.2)

    assert [event.reply for event in serve(test, "drop")] == ["drop"]


@pytest.mark.parametrize(
    "drawn",
    [
        {},
        {"distribution": "uniform", "spread": 20 * MILLISECOND},
        {"distribution": "normal", "spread": MILLISECOND},
        {"distribution": "pareto", "at_most": 200 * MILLISECOND},
    ],
)
def test_delay_is_an_answer_that_comes_late(drawn: dict[str, Any]) -> None:
    async def test(world: World) -> None:
        assert data(await world.udp()) == ADDRESSES

    (event,) = serve(test, "delay", by=50 * MILLISECOND, **drawn)
    assert event.answered_at - event.at >= 25 * MILLISECOND


def test_truncate_leads_to_tcp() -> None:
    async def test(world: World) -> None:
        answer = await world.udp(ignore_trailing=False)
        assert answer.flags & dns.flags.TC
        assert data(answer) == ADDRESSES[:2]
        whole, by_tcp = await dns.asyncquery.udp_with_fallback(a(), timeout=5.0, **world.place)
        assert (by_tcp, data(whole)) == (True, ADDRESSES)

    assert [event.transport for event in serve(test, "truncate", keep=2)] == ["udp", "udp", "tcp"]


def test_chosen_addresses() -> None:
    assert data(over_udp("address", to="127.0.0.99")) == ["127.0.0.99"]
    assert data(over_udp("address", a(rtype="AAAA"), to=("127.0.0.99", "::99", "::98"))) == ["::99", "::98"]
    chained = over_udp("address", a("alias.api.test"), to="127.0.0.99")
    assert data(chained) == ["api.test.", "127.0.0.99"]
    assert chained.answer[-1].name == dns.name.from_text("api.test"), "at the end of the chain"
    drawn = {data(over_udp("address", a(f"x{n}.api.test"), preset="random"))[0] for n in range(8)}
    assert len(drawn) > 1
    assert all(address.startswith(("192.0.2.", "198.51.100.", "203.0.113.")) for address in drawn)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
@pytest.mark.parametrize(("preset", "error"), [("refused", ConnectionRefusedError), ("unreachable", OSError)])
def test_what_a_connection_to_a_preset_meets(preset: str, error: type[OSError], family: int) -> None:
    """On the machine itself, whatever its routes: nothing leaves it."""
    import errno

    rtype = "A" if family == socket.AF_INET else "AAAA"
    (address,) = data(over_udp("address", a(rtype=rtype), preset=preset))
    assert address in PRESETS[preset]
    try:
        connection = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        pytest.skip("no IPv6 here")
    connection.settimeout(5)
    with connection, pytest.raises(error) as caught:
        connection.connect((address, 443))
    assert caught.value.errno == (errno.ECONNREFUSED if preset == "refused" else errno.ENETUNREACH)


def test_the_half_empty_record() -> None:
    half = data(over_udp("subset", share=0.5))
    assert len(half) == 4
    assert [address for address in ADDRESSES if address in half] == half, "in their order"
    assert data(over_udp("subset", share=0.5)) == half, "the same for everybody"
    assert data(over_udp("subset", a("alias.api.test"), share=0.5))[1:] == half
    assert data(over_udp("subset", share=0.5, seed=3)) != half
    assert len(data(over_udp("subset", keep=1))) == 1


def test_redrawn_for_each_query() -> None:
    async def test(world: World) -> None:
        assert len({tuple(data(await world.udp())) for _ in range(10)}) > 1

    serve(test, "subset", keep=4, redraw=True)


def test_rotation_follows_each_asker_s_question() -> None:
    async def test(world: World) -> None:
        for turn in (1, 2, 3):
            assert data(await world.udp()) == ADDRESSES[turn:] + ADDRESSES[:turn]
            await world.udp(a(rtype="AAAA"))  # another question does not turn it

    serve(test, "rotate")


def test_shuffled() -> None:
    async def test(world: World) -> None:
        orders = [data(await world.udp()) for _ in range(4)]
        assert len({tuple(order) for order in orders}) > 1
        assert all(sorted(order) == ADDRESSES for order in orders)

    serve(test, "rotate", how="shuffle")


@pytest.mark.parametrize(
    ("parameters", "ttls"),
    [({"to": 0}, [0, 0]), ({"at_most": 7 * SECOND}, [7, 5]), ({"at_least": 8 * SECOND}, [9, 8])],
)
def test_ttl(parameters: dict[str, int], ttls: list[int]) -> None:
    answer = over_udp("ttl", a("alias.api.test"), **parameters)
    assert [rrset.ttl for rrset in answer.answer] == ttls, "of the alias (9), of its target (5)"


def test_stale_is_what_was_there_before() -> None:
    assert data(over_udp("stale")) == [EARLIER]

    async def test(world: World) -> None:
        assert data(await world.udp()) == ADDRESSES

    assert [event.faults for event in serve(test, "stale", versions=2)] == [()], "there is no version before that"


def test_cname() -> None:
    redirect = over_udp("cname", to="other.api.test")
    assert data(redirect) == ["other.api.test.", "127.0.0.77"]
    outside = over_udp("cname", to="elsewhere.example")
    assert (data(outside), outside.rcode()) == (["elsewhere.example."], dns.rcode.NOERROR)
    dangling = over_udp("cname", how="dangling")
    assert (data(dangling), dangling.rcode()) == (["nowhere.invalid."], dns.rcode.NXDOMAIN)
    loop = over_udp("cname", how="loop", to="loop.api.test")
    assert data(loop) == ["loop.api.test.", "api.test."]
    assert isinstance(loop, dns.message.QueryMessage)
    with pytest.raises(dns.message.ChainTooLong):
        loop.resolve_chaining()
    assert data(over_udp("cname", a(rtype="CNAME"), how="loop")) == ["nowhere.invalid."]


def test_lame() -> None:
    empty = over_udp("lame")
    assert (empty.rcode(), empty.answer, empty.authority) == (dns.rcode.NOERROR, [], [])
    assert not empty.flags & (dns.flags.AA | dns.flags.RA)
    (referral,) = over_udp("lame", how="referral").authority
    assert (referral.name, referral.rdtype) == (dns.name.root, dns.rdatatype.NS)
    deaf = over_udp("lame", how="no_aa")
    assert (data(deaf), bool(deaf.flags & dns.flags.AA)) == (ADDRESSES, False)


@pytest.mark.parametrize(
    ("kind", "parameters"), [("wrong_id", {}), ("wrong_question", {}), ("garbage", {"place": "question"})]
)
def test_what_a_resolver_must_not_take(kind: str, parameters: dict[str, Any]) -> None:
    async def test(world: World) -> None:
        with pytest.raises((dns.query.BadResponse, dns.exception.DNSException)):
            await world.udp()
        with pytest.raises(dns.exception.Timeout):
            await world.udp(timeout=0.2, ignore_unexpected=True, ignore_errors=True)

    assert {event.reply for event in serve(test, kind, **parameters)} == {"raw"}


def by_hand(kind: str, query: Message, datagrams: int, /, **parameters: Any) -> list[bytes]:
    """The datagrams that come back."""
    found: list[bytes] = []

    async def test(world: World) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.setblocking(False)
            await loop.sock_connect(udp, tuple(world.place.values()))
            await loop.sock_sendall(udp, query.to_wire())
            for _ in range(datagrams):
                found.append(await asyncio.wait_for(loop.sock_recv(udp, 65535), 5))

    serve(test, kind, **parameters)
    return found


@pytest.mark.parametrize("place", ["header", "question", "answer", "length", "anywhere"])
def test_garbage_is_where_it_was_wanted(place: str) -> None:
    query = a()
    question_end = len(query.to_wire())
    ((honest,), (spoilt,)) = (
        by_hand("lame", query, 1, how="no_aa"),
        by_hand("garbage", query, 1, place=place, count=2),
    )
    honest = honest[:2] + bytes([honest[2] | 4]) + honest[3:]  # as it is with AA
    assert spoilt[:2] == honest[:2], "the ID is right"
    assert spoilt != honest
    if place == "length":
        assert honest.startswith(spoilt)
        return
    changed = [at for at, (one, other) in enumerate(zip(honest, spoilt, strict=True)) if one != other]
    limits = {
        "header": (2, 12),
        "question": (12, question_end),
        "answer": (question_end, len(honest)),
        "anywhere": (2, len(honest)),
    }
    assert len(changed) == 2
    assert all(limits[place][0] <= at < limits[place][1] for at in changed)


def test_no_edns() -> None:
    answer = over_udp("no_edns", a(use_edns=0))
    assert (answer.rcode(), answer.edns) == (dns.rcode.FORMERR, -1)
    stripped = over_udp("no_edns", a(use_edns=0), how="strip")
    assert (data(stripped), stripped.edns) == (ADDRESSES, -1)

    async def test(world: World) -> None:
        assert data(await world.udp()) == ADDRESSES

    assert [event.faults for event in serve(test, "no_edns")] == [()], "who does not use EDNS is not touched"


@pytest.mark.parametrize("size", [None, 1232, 4096])
def test_oversize(size: int | None) -> None:
    query = a() if size is None else a(use_edns=0, payload=size)
    (whole,) = by_hand("oversize", query, 1, by=100)
    assert len(whole) > (size or 512) + 100
    answer = dns.message.from_wire(whole)
    assert data(answer) == ADDRESSES
    assert not answer.flags & dns.flags.TC


def test_duplicates() -> None:
    copies = by_hand("duplicate", a(), 3, copies=3)
    assert copies[0] == copies[1] == copies[2]
    honest, forged = map(dns.message.from_wire, by_hand("duplicate", a(), 2, other="127.0.0.99"))
    assert (data(honest), data(forged)) == (ADDRESSES, ["127.0.0.99"])
    forged, honest = map(dns.message.from_wire, by_hand("duplicate", a(), 2, other="127.0.0.99", other_first=True))
    assert (data(honest), data(forged)) == (ADDRESSES, ["127.0.0.99"])


def test_duplicates_over_tcp() -> None:
    async def test(world: World) -> None:
        reader, writer = await asyncio.open_connection(*world.place.values())
        wire = a().to_wire()
        writer.write(struct.pack("!H", len(wire)) + wire)
        for _ in range(2):
            size = struct.unpack("!H", await reader.readexactly(2))[0]
            assert data(dns.message.from_wire(await reader.readexactly(size))) == ADDRESSES
        writer.close()
        await writer.wait_closed()

    assert len(serve(test, "duplicate")) == 1, "one query, one line in the log"


async def heard(world: World) -> tuple[bytes, int, type[Exception] | None]:
    """What comes over TCP until its end, in how many pieces, and what the end was."""
    reader, writer = await asyncio.open_connection(*world.place.values())
    wire = a().to_wire()
    writer.write(struct.pack("!H", len(wire)) + wire)
    found, pieces = b"", 0
    try:
        while piece := await asyncio.wait_for(reader.read(65535), 10):
            found += piece
            pieces += 1
        return found, pieces, None
    except ConnectionError as error:
        return found, pieces, type(error)
    finally:
        writer.close()


@pytest.mark.parametrize("how", ["close", "reset", "half", "drip"])
def test_hanging_up(how: str) -> None:
    async def test(world: World) -> None:
        assert data(await world.udp()) == ADDRESSES, "over UDP nothing changes"
        found, pieces, end = await heard(world)
        assert end is (ConnectionResetError if how == "reset" else None)
        if how in ("close", "reset"):
            assert found == b""
            return
        said = struct.unpack("!H", found[:2])[0]
        if how == "half":
            assert len(found) == (said + 2) // 2
        else:
            assert data(dns.message.from_wire(found[2:])) == ADDRESSES
            assert pieces > 1

    log = serve(test, "hangup", how=how, every=MILLISECOND)
    assert [(event.reply, event.faults) for event in log] == [("answer", ()), ("hangup", ("i",))]


def test_spoofed_records() -> None:
    everything: dict[str, Any] = {
        "a": ("127.0.0.98", "127.0.0.99"), "aaaa": "::99", "mx": "10 mail.example.", "txt": '"v=spf1 -all"',
        "srv": "0 5 443 api.example.", "cname": "other.example.", "ttl": 33 * SECOND,
    }  # fmt: skip
    for rtype in ("A", "AAAA", "MX", "TXT", "SRV", "CNAME"):
        answer = over_udp("spoof", a(rtype=rtype), **everything)
        written = everything[rtype.lower()]
        assert data(answer) == ([written] if isinstance(written, str) else list(written))
        assert answer.answer[0].ttl == 33
    assert data(over_udp("spoof", a(rtype="CAA"), **everything)) == ["other.example."], "an alias answers every type"

    async def test(world: World) -> None:
        assert data(await world.udp(a(rtype="AAAA"))) == ["::1"]

    assert [event.faults for event in serve(test, "spoof", a="127.0.0.1")] == [()], "a type without data is left alone"
