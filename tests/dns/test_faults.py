"""Every fault: pure, repeatable, encodable, and silent where it does not apply."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns.codec import Refusal, encode_question, read_request, write_answer
from chaoskit.dns.faults import FAULTS, DnsFault
from chaoskit.dns.message import Answer, Drop, Hangup, Query, Raw, Record, Reply
from chaoskit.dns.responder import Responder
from chaoskit.dns.where import Where
from chaoskit.dns.zone import Zones
from chaoskit.timeline.injection import Injection, Once, Timeline
from chaoskit.units import SECOND

EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "empty": [{}, {"soa": False}],
    "nxdomain": [{}, {"soa": False}],
    "servfail": [{}],
    "drop": [{}],
    "delay": [{"by": 1}, {"by": 3 * SECOND}],
}
ALL = [FAULTS.get(kind)(**parameters) for kind, several in EXAMPLES.items() for parameters in several]

SOA = Record("api.test", "SOA", 60, "ns.api.test. host.api.test. 1 2 3 4 60")
ADDRESSES = [Record("api.test", "A", 5, f"127.0.0.{n}") for n in range(1, 40)]

answers = st.builds(
    Answer,
    rcode=st.sampled_from(["NOERROR", "NXDOMAIN", "REFUSED"]),
    records=st.lists(st.sampled_from(ADDRESSES), max_size=40).map(tuple),
    authority=st.sampled_from([(), (SOA,)]),
    aa=st.booleans(),
    soa=st.sampled_from([None, SOA]),
    delay_ns=st.integers(0, 5 * SECOND),
)
replies: st.SearchStrategy[Reply] = st.one_of(
    answers,
    st.builds(Raw, st.binary(max_size=50)),
    st.just(Drop()),
    st.builds(Hangup, st.booleans()),
)
queries = st.builds(
    Query,
    name=st.just("api.test"),
    rtype=st.sampled_from(["A", "AAAA", "TXT", "TYPE65400"]),
    transport=st.sampled_from(["udp", "tcp"]),
    asker=st.sampled_from(["cold", "warm"]),
    client=st.just("127.0.0.1"),
    edns_size=st.sampled_from([None, 512, 1232, 4096]),
    ordinal=st.integers(1, 1000),
)


def test_every_fault_file_is_tested_here() -> None:
    assert set(FAULTS.kinds) == set(EXAMPLES), "add the new fault to EXAMPLES"


@given(st.sampled_from(ALL), queries, replies, st.integers(0, 10**18), st.integers())
def test_same_inputs_same_reply_and_always_sendable(
    fault: DnsFault, query: Query, reply: Reply, at: int, seed: int
) -> None:
    first = fault.apply(query, reply, at, random.Random(seed))
    assert first == fault.apply(query, reply, at, random.Random(seed))
    if isinstance(first, Answer):
        request = read_request(encode_question(query.name, "A", 7), query.transport, "cold", "127.0.0.1", 1)
        assert not isinstance(request, Refusal)
        assert len(write_answer(request, first)) <= request.size
    if not isinstance(first, Drop):
        assert first.delay_ns >= 0


ZONE = {"apex": "api.test", "records": [{"name": "api.test", "rtype": "A", "ttl": 5, "data": "127.0.0.1"}]}


def responder(fault: DnsFault, where: Where, chance: float = 1.0, seed: int = 1) -> Responder:
    injection = Injection("i", where, Once(10, 100), fault, chance)
    return Responder(Zones.from_plan([ZONE]), Timeline((injection,), origin=1000), seed)


def question(**changed: Any) -> Query:
    given: dict[str, Any] = {
        "name": "api.test", "rtype": "A", "transport": "udp", "asker": "cold", "client": "127.0.0.1", "edns_size": None,
        "ordinal": 1,
    }  # fmt: skip
    return Query(**(given | changed))


@pytest.mark.parametrize("fault", ALL, ids=repr)
@pytest.mark.parametrize(
    ("where", "query"),
    [
        (Where("other.test"), question()),
        (Where("api.test", types=("AAAA",)), question()),
        (Where("api.test", transports=("tcp",)), question()),
        (Where("api.test", askers=("warm",)), question()),
    ],
)
def test_no_match_no_change(fault: DnsFault, where: Where, query: Query) -> None:
    honest = Responder(Zones.from_plan([ZONE]), Timeline(), 1).respond(query, 1050)
    assert responder(fault, where).respond(query, 1050) == honest
    assert honest[1] == ()


@pytest.mark.parametrize("fault", ALL, ids=repr)
def test_on_exactly_in_its_window(fault: DnsFault) -> None:
    under_test = responder(fault, Where("API.test."))
    met = [at for at in range(1000, 1200) if under_test.respond(question(), at)[1] == ("i",)]
    assert met == list(range(1010, 1110)), "half open, and not a nanosecond beside it"


@pytest.mark.parametrize("fault", ALL, ids=repr)
def test_nothing_happens_before_the_timeline_is_armed(fault: DnsFault) -> None:
    injection = Injection("i", Where("api.test"), Once(0, 10**18), fault)
    unarmed = Responder(Zones.from_plan([ZONE]), Timeline((injection,)), 1)
    assert unarmed.respond(question(), 10**17)[1] == ()


@given(st.floats(0.05, 0.95), st.integers(0, 2**63))
def test_chance_falls_alike_in_a_replay_and_near_its_rate(chance: float, seed: int) -> None:
    under_test = responder(FAULTS.get("drop")(), Where("api.test"), chance, seed)
    first = [under_test.respond(question(ordinal=n), 1050)[1] for n in range(400)]
    assert first == [under_test.respond(question(ordinal=n), 1050)[1] for n in range(400)]
    # 6 standard deviations of a binomial: a fair dice misses it once in 500 million runs.
    assert abs(sum(map(bool, first)) - 400 * chance) <= 6 * (400 * chance * (1 - chance)) ** 0.5


def test_an_answer_that_was_empty_anyway_is_not_called_faulted() -> None:
    empty = responder(FAULTS.get("empty")(), Where("api.test"))
    assert empty.respond(question(rtype="AAAA"), 1050)[1] == (), "it was NODATA without us"
    assert empty.respond(question(), 1050)[1] == ("i",)


def test_empty_is_nodata_with_or_without_soa() -> None:
    honest = Answer(records=(ADDRESSES[0],), soa=SOA)
    rng = random.Random(0)
    assert FAULTS.get("empty")().apply(question(), honest, 0, rng) == Answer(authority=(SOA,), soa=SOA)
    assert FAULTS.get("empty")(soa=False).apply(question(), honest, 0, rng) == Answer(soa=SOA)


def test_faults_compose_in_the_order_written() -> None:
    both = (
        Injection("late", Where("api.test"), Once(0, 100), FAULTS.get("delay")(by=5)),
        Injection("gone", Where("api.test"), Once(0, 100), FAULTS.get("nxdomain")()),
    )
    reply, met = Responder(Zones.from_plan([ZONE]), Timeline(both, origin=0), 1).respond(question(), 50)
    assert isinstance(reply, Answer)
    assert (reply.rcode, reply.delay_ns, met) == ("NXDOMAIN", 5, ("late", "gone"))


def test_a_broken_fault_is_not_hidden() -> None:
    class Broken:
        def apply(self, *_: Any) -> Reply:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        responder(Broken(), Where("api.test")).respond(question(), 1050)  # type: ignore[arg-type]
