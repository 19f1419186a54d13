"""A fault on the target of an alias is met by whoever asks for the alias."""

from __future__ import annotations

from typing import Any

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns.alias import aliases, joined, split
from chaoskit.dns.faults import FAULTS
from chaoskit.dns.message import Answer, Drop, Hangup, Query, Record
from chaoskit.dns.responder import Responder
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zones
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once
from tests.dns.test_fast import PATHS, Desk, GeneralUdp

ZONE = {
    "apex": "shop.test",
    "records": [
        {"name": "www.shop.test", "rtype": "CNAME", "ttl": 5, "data": "cdn.shop.test."},
        {"name": "cdn.shop.test", "rtype": "CNAME", "ttl": 6, "data": "EDGE.shop.test."},
        {"name": "edge.shop.test", "rtype": "A", "ttl": 7, "data": "192.0.2.1"},
        {"name": "edge.shop.test", "rtype": "A", "ttl": 7, "data": "192.0.2.2"},
        {"name": "plain.shop.test", "rtype": "A", "ttl": 7, "data": "192.0.2.3"},
        {"name": "out.shop.test", "rtype": "CNAME", "ttl": 5, "data": "elsewhere.test."},
    ],
}


def question(name: str = "www.shop.test", rtype: str = "A", client: str = "127.0.0.1", asker: str = "cold") -> Query:
    return Query(name, rtype, "udp", asker, client, 1232, 1)


def responder(kind: str, where: DnsTarget, spared: frozenset[str] = frozenset(), **parameters: Any) -> Responder:
    injection: Any = Injection("i", where, Once(0, 1 << 62), FAULTS.get(kind)(**parameters))
    return Responder(Zones.from_plan([ZONE]), Timeline((injection,), origin=0), 7, spared=spared)


def answer(kind: str, where: DnsTarget, query: Query, **parameters: Any) -> tuple[Answer, tuple[str, ...]]:
    reply, met = responder(kind, where, **parameters).respond(query, 1)
    assert isinstance(reply, Answer)
    return reply, met


def data(reply: Answer) -> list[str]:
    return [f"{record.name} {record.rtype} {record.data}" for record in reply.records]


WAY = ["www.shop.test CNAME cdn.shop.test.", "cdn.shop.test CNAME EDGE.shop.test."]


@pytest.mark.parametrize(
    ("kind", "parameters", "rcode", "records"),
    [
        ("empty", {}, "NOERROR", WAY),
        ("nxdomain", {}, "NXDOMAIN", WAY),
        ("servfail", {}, "SERVFAIL", []),
        ("refused", {}, "REFUSED", []),
        ("address", {"to": "192.0.2.9"}, "NOERROR", [*WAY, "edge.shop.test A 192.0.2.9"]),
        ("subset", {"keep": 1}, "NOERROR", None),
        ("cname", {"how": "dangling"}, "NXDOMAIN", [*WAY, "edge.shop.test CNAME nowhere.invalid."]),
        ("cname", {"to": "plain.shop.test"}, "NOERROR", [*WAY, "edge.shop.test CNAME plain.shop.test.", "plain.shop.test A 192.0.2.3"]),
        ("truncate", {}, "NOERROR", []),
        ("lame", {}, "NOERROR", WAY),
    ],
)  # fmt: skip
def test_the_fault_of_the_target(kind: str, parameters: dict[str, Any], rcode: str, records: list[str] | None) -> None:
    reply, met = answer(kind, DnsTarget("edge.shop.test"), question(), **parameters)
    assert (reply.rcode, met) == (rcode, ("i",))
    if records is not None:
        assert data(reply) == records
    else:
        assert data(reply)[:2] == WAY
        assert len(data(reply)) == 3


def test_a_target_in_the_middle_of_the_chain() -> None:
    reply, _ = answer("empty", DnsTarget("cdn.shop.test"), question())
    assert data(reply) == WAY[:1]
    assert [record.rtype for record in reply.authority] == ["SOA"], (
        "so that the emptiness may be cached (RFC 2308 §2.2)"
    )


def test_the_first_name_that_fits_is_the_one_that_breaks() -> None:
    reply, _ = answer("empty", DnsTarget(under="shop.test"), question())
    assert data(reply) == []


def test_silence_and_delay_are_of_the_whole_answer() -> None:
    assert responder("drop", DnsTarget("edge.shop.test")).respond(question(), 1) == (Drop(), ("i",))
    reply, _ = answer("delay", DnsTarget("edge.shop.test"), question(), by=5)
    assert reply.delay_ns == 5
    assert len(reply.records) == 4


def test_the_question_s_own_name_alone() -> None:
    where = DnsTarget("edge.shop.test", follow_cnames=False)
    assert answer("empty", where, question())[1] == ()
    assert answer("empty", where, question("edge.shop.test"))[1] == ("i",)


def test_who_asks_for_the_alias_itself_is_not_led_on() -> None:
    assert answer("empty", DnsTarget("edge.shop.test"), question(rtype="CNAME"))[1] == ()


def test_a_target_outside_the_zones_is_met_too() -> None:
    reply, met = answer("servfail", DnsTarget("elsewhere.test"), question("out.shop.test"))
    assert (reply.rcode, met) == ("SERVFAIL", ("i",))


def test_names_that_are_spared() -> None:
    where = DnsTarget(under=".", except_=("www.shop.test", "pla*"))
    assert answer("empty", where, question())[1] == (), "neither for itself nor for what it leads to"
    assert answer("empty", where, question("plain.shop.test"))[1] == ()
    assert answer("empty", where, question("edge.shop.test"))[1] == ("i",)
    assert where == DnsTarget(except_=("WWW.shop.test.", "PLA*"))


def test_the_canary_is_spared_through_its_own_chain() -> None:
    spared = responder("empty", DnsTarget(under="."), frozenset({"www.shop.test"}))
    assert spared.respond(question(), 1)[1] == ()
    assert spared.respond(question("edge.shop.test"), 1)[1] == ("i",)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["empty", "nxdomain", "servfail", "subset"])
def test_the_fast_paths_send_the_same(path: Any, kind: str) -> None:
    import asyncio

    async def main() -> None:
        parameters: dict[str, Any] = {"keep": 1} if kind == "subset" else {}
        names = ["www.shop.test", "cdn.shop.test", "edge.shop.test", "plain.shop.test"]
        questions = [dns.message.make_query(name, "A", id=n).to_wire() for n, name in enumerate(names)] * 3
        asked = []
        for kind_of_path in (path, GeneralUdp):
            desk = Desk(kind_of_path, responder(kind, DnsTarget("edge.shop.test"), **parameters), "127.0.0.1")
            asked.append((sorted(desk.ask(questions)), sorted(str((event.name, event.faults)) for event in desk.log)))
            desk.close()
        assert asked[0] == asked[1]

    asyncio.run(main())


RECORDS = st.lists(
    st.sampled_from([Record("a", "CNAME", 1, "b."), Record("b", "CNAME", 1, "c."), Record("c", "A", 1, "192.0.2.1")])
)


@given(RECORDS)
def test_taken_apart_and_joined_it_is_the_same(records: list[Record]) -> None:
    whole = Answer(records=tuple(records))
    for name in aliases(question("a"), whole):
        way, rest = split(whole, name)
        assert joined(way, rest) == whole
        begun = joined(way, Hangup(begun=rest))
        assert isinstance(begun, Hangup)
        assert begun.begun == whole
