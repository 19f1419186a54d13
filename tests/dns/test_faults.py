"""Every fault: pure, repeatable, encodable, and silent where it does not apply."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from typing import Any

import dns.message
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from chaoskit.dns.breakage import FaultFailed
from chaoskit.dns.codec import Refusal, Request, read_request, write_answer
from chaoskit.dns.faults import FAULTS, DnsFault
from chaoskit.dns.message import Answer, Drop, ExtendedError, Hangup, Query, Raw, Record, Reply
from chaoskit.dns.question_counter import QuestionCounter
from chaoskit.dns.responder import Responder
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zones
from chaoskit.timeline.codec import injection_from_json, injection_to_json
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once, Ramp
from chaoskit.units import MILLISECOND, SECOND

EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "empty": [{}, {"soa": False}, {"negative_ttl": 7 * SECOND}],
    "nxdomain": [{}, {"soa": False}, {"negative_ttl": 0}],
    "servfail": [{}],
    "refused": [{}],
    "rcode": [{"code": "notimp"}, {"code": "BADCOOKIE"}, {"code": "RCODE4095", "ede": 22, "text": "no reachable authority"}],
    "drop": [{}],
    "closed": [{}],
    "delay": [
        {"by": MILLISECOND},
        {"by": 3 * SECOND},
        {"by": SECOND, "distribution": "uniform", "spread": 2 * SECOND},
        {"by": SECOND, "distribution": "normal", "spread": 300 * MILLISECOND},
        {"by": SECOND, "distribution": "pareto", "shape": 1.2, "at_most": 20 * SECOND},
    ],
    "truncate": [{}, {"keep": 2}, {"tcp": True}],
    "address": [
        {"to": "127.0.0.99"},
        {"to": ("127.0.0.98", "::1", "127.0.0.99")},
        *({"preset": preset} for preset in ("refused", "unreachable", "black_hole", "random")),
    ],
    "subset": [{"keep": 1}, {"share": 0.5}, {"keep": 2, "redraw": True}, {"share": 0.1, "seed": 5}],
    "rotate": [{}, {"how": "shuffle"}],
    "ttl": [{"to": 0}, {"at_most": SECOND}, {"at_least": 60 * SECOND}, {"at_least": 6 * SECOND, "at_most": 7 * SECOND}],
    "stale": [{}, {"versions": 2}],
    "cname": [
        {"to": "other.api.test"},
        {"to": "elsewhere.example."},
        {"how": "dangling"},
        {"how": "dangling", "to": "gone.api.test"},
        {"how": "loop", "to": "loop.api.test"},
        {"how": "loop", "to": "api.test"},
    ],
    "lame": [{}, {"how": "referral"}, {"how": "no_aa"}],
    "wrong_id": [{}],
    "wrong_question": [{}, {"name": "other.api.test"}],
    "garbage": [
        *({"place": place} for place in ("header", "question", "answer", "length", "anywhere")),
        {"place": "anywhere", "count": 100_000},
    ],
    "no_edns": [{}, {"how": "strip"}],
    "oversize": [{}, {"by": 2000}],
    "duplicate": [{}, {"copies": 16}, {"copies": 3, "other": "127.0.0.99"}, {"other": ("::1", "127.0.0.9"), "other_first": True}],
    "hangup": [{}, {"how": "reset"}, {"how": "half"}, {"how": "drip", "every": MILLISECOND}],
    "spoof": [
        {"a": "127.0.0.99"},
        {"a": ("127.0.0.98", "127.0.0.99"), "aaaa": "::1", "ttl": 0},
        {"cname": "other.example."},
        {"a": "127.0.0.1", "mx": "10 mail.example.", "txt": '"v=spf1 -all"', "srv": "0 0 443 api.example."},
    ],
}  # fmt: skip
ALL = [FAULTS.get(kind)(**parameters) for kind, several in EXAMPLES.items() for parameters in several]
for _kind in set(FAULTS.kinds) - set(
    EXAMPLES
):  # one that nobody lists above is tried with the example that it carries itself
    _, _written = FAULTS.read(yaml.safe_load(FAULTS.get(_kind).EXAMPLE or _kind), "DNS fault")
    ALL.append(TypeAdapter(FAULTS.get(_kind)).validate_python(_written))


def kind_of(fault: object) -> str:
    return type(fault).__module__.rpartition(".")[2]


SOA = Record("api.test", "SOA", 60, "ns.api.test. host.api.test. 1 2 3 4 60")
ADDRESSES = [Record("api.test", "A", 5, f"127.0.0.{n}") for n in range(1, 40)]
OTHERS = [
    Record("api.test", "AAAA", 5, "::1"),
    Record("api.test", "CNAME", 5, "other.api.test."),
    Record("other.api.test", "A", 9, "127.0.0.77"),
    Record("api.test", "TXT", 5, "127.0.0.1"),
]

answers = st.builds(
    Answer,
    rcode=st.sampled_from(["NOERROR", "NXDOMAIN", "REFUSED"]),
    records=st.lists(st.sampled_from(ADDRESSES + OTHERS), max_size=40).map(tuple),
    authority=st.sampled_from([(), (SOA,)]),
    aa=st.booleans(),
    soa=st.sampled_from([None, SOA]),
    delay_ns=st.integers(0, 5 * SECOND),
    error=st.sampled_from([None, ExtendedError(3, "stale")]),
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
    rtype=st.sampled_from(["A", "AAAA", "TXT", "CNAME", "TYPE65400"]),
    transport=st.sampled_from(["udp", "tcp"]),
    asker=st.sampled_from(["cold", "warm"]),
    client=st.just("127.0.0.1"),
    edns_size=st.sampled_from([None, 512, 1232, 4096, 65535]),
    ordinal=st.integers(1, 1000),
    nth=st.integers(1, 100),
)


def request_of(query: Query) -> Request:
    """The request whose query this is."""
    with_edns = {"use_edns": False} if query.edns_size is None else {"use_edns": 0, "payload": query.edns_size}
    wire = dns.message.make_query(query.name, query.rtype, **with_edns).to_wire()
    request = read_request(wire, query.transport, query.asker, query.client, query.ordinal)
    assert not isinstance(request, Refusal)
    return request


def test_every_fault_file_is_tested_here() -> None:
    assert set(FAULTS.kinds) == set(EXAMPLES), "add the new fault to EXAMPLES"


@given(st.lists(st.sampled_from(ALL), min_size=1, max_size=4), queries, replies, st.integers(0, 10**18), st.integers())
def test_same_inputs_same_reply_and_always_sendable(
    faults: list[DnsFault], query: Query, reply: Reply, at: int, seed: int
) -> None:
    """Alone or one after the other, in whatever order."""
    first, second = reply, reply
    for number, fault in enumerate(faults):
        first = fault.apply(query, first, at, random.Random(seed + number))
        second = fault.apply(query, second, at, random.Random(seed + number))
    assert first == second
    if isinstance(first, Drop):
        return
    assert first.delay_ns >= 0
    request = request_of(query)
    sent = [first, *first.also] if isinstance(first, Answer) else [first.begun] if isinstance(first, Hangup) else []
    for answer in sent:
        if answer is not None:
            size = 65535 if answer.bend.whole or query.transport == "tcp" else request.size
            assert 0 < len(write_answer(request, answer)) <= size


@given(st.sampled_from(ALL), answers, queries, st.integers())
def test_what_another_fault_did_before_is_not_undone(fault: DnsFault, answer: Answer, query: Query, seed: int) -> None:
    def look(name: str | None = None, versions: int = 0) -> Answer | None:
        return Answer(records=(Record("api.test", "A", 5, "192.0.2.77"),))

    before = replace(answer, delay_ns=7, also=(answer,), ra=True, look=look)
    reply = fault.apply(query, before, 0, random.Random(seed))
    if isinstance(reply, Answer):
        assert reply.also[:1] == (answer,)
        assert reply.delay_ns >= 7
        assert reply.look is look


@given(st.sampled_from(ALL), st.sampled_from([Drop(), Raw(b"x"), Hangup(reset=True)]), queries)
def test_what_is_no_answer_any_more_is_left_alone(fault: DnsFault, reply: Reply, query: Query) -> None:
    if kind_of(fault) not in ("drop", "delay"):
        assert fault.apply(query, reply, 0, random.Random(0)) == reply


@pytest.mark.parametrize("fault", ALL, ids=repr)
def test_a_fault_survives_the_way_to_another_process(fault: DnsFault) -> None:
    injection = Injection(
        "i", DnsTarget(under="api.test", first=3, networks=("::1",)), Once(1, 2), fault, 0.5, hidden=True
    )
    assert injection_from_json(json.loads(json.dumps(injection_to_json(injection))), DnsTarget, FAULTS) == injection


def zone(*addresses: str) -> Zones:
    records = [{"name": "api.test", "rtype": "A", "ttl": 5, "data": address} for address in addresses]
    other = {"name": "other.api.test", "rtype": "A", "ttl": 9, "data": "127.0.0.77"}
    return Zones.from_plan([{"apex": "api.test", "records": [*records, other]}])


ZONES = zone(*(f"127.0.0.{n}" for n in range(1, 9)))
HISTORY = (zone("127.1.1.1"), zone("127.1.1.2"))


def responder(*faults: DnsFault, where: DnsTarget | None = None, chance: float = 1.0, seed: int = 1) -> Responder:
    injections = tuple(
        Injection(f"i{n}", where or DnsTarget("API.test."), Once(10, 100), f, chance) for n, f in enumerate(faults)
    )
    return Responder(ZONES, Timeline(injections, origin=1000), seed, HISTORY)


def question(**changed: Any) -> Query:
    given: dict[str, Any] = {
        "name": "api.test", "rtype": "A", "transport": "udp", "asker": "cold", "client": "127.0.0.1", "edns_size": 1232,
        "ordinal": 1,
    }  # fmt: skip
    return Query(**(given | changed))


def met_by(fault: object) -> Query:
    """A question that the fault changes."""
    return question(transport="tcp" if kind_of(fault) == "hangup" else "udp")


HONEST = Responder(ZONES, Timeline(), 1)


@pytest.mark.parametrize("fault", ALL, ids=repr)
@pytest.mark.parametrize(
    "where",
    [
        DnsTarget("other.test"),
        DnsTarget(under="www.api.test"),
        DnsTarget(glob="*.api.test"),
        DnsTarget(regex=r"www\..*"),
        DnsTarget("api.test", types=("AAAA",)),
        DnsTarget("api.test", clients=("warm",)),
        DnsTarget("api.test", networks=("10.0.0.0/8",)),
        DnsTarget("api.test", every=2),
    ],
)
def test_no_match_no_change(fault: DnsFault, where: DnsTarget) -> None:
    query = met_by(fault)
    assert responder(fault, where=where).respond(query, 1050) == HONEST.respond(query, 1050)
    assert HONEST.respond(query, 1050)[1] == ()


@pytest.mark.parametrize("fault", ALL, ids=repr)
def test_on_exactly_in_its_window(fault: DnsFault) -> None:
    under_test, query = responder(fault), met_by(fault)
    met = [at for at in range(1000, 1200) if under_test.respond(query, at)[1] == ("i0",)]
    assert met == list(range(1010, 1110)), "half open, and not a nanosecond beside it"


@pytest.mark.parametrize("fault", ALL, ids=repr)
def test_nothing_happens_before_the_timeline_is_armed(fault: DnsFault) -> None:
    injection = Injection("i", DnsTarget("api.test"), Once(0, 10**18), fault)
    unarmed = Responder(ZONES, Timeline((injection,)), 1)
    assert unarmed.respond(met_by(fault), 10**17)[1] == ()


@given(st.floats(0.05, 0.95), st.integers(0, 2**63))
def test_chance_falls_alike_in_a_replay_and_near_its_rate(chance: float, seed: int) -> None:
    under_test = responder(FAULTS.get("drop")(), chance=chance, seed=seed)
    first = [under_test.respond(question(ordinal=n), 1050)[1] for n in range(400)]
    assert first == [under_test.respond(question(ordinal=n), 1050)[1] for n in range(400)]
    # 6 standard deviations of a binomial: a fair dice misses it once in 500 million runs.
    assert abs(sum(map(bool, first)) - 400 * chance) <= 6 * (400 * chance * (1 - chance)) ** 0.5


def test_a_ramp_makes_the_chance_grow() -> None:
    injection = Injection("i", DnsTarget("api.test"), Ramp(0, 4000, over=4000), FAULTS.get("drop")())
    under_test = Responder(ZONES, Timeline((injection,), origin=0), 1)
    met = [bool(under_test.respond(question(ordinal=at), at)[1]) for at in range(4000)]
    quarters = [sum(met[start : start + 1000]) for start in range(0, 4000, 1000)]
    assert all(abs(count - expected) < 100 for count, expected in zip(quarters, (125, 375, 625, 875), strict=True))
    assert not met[0]


@given(
    st.lists(st.tuples(st.sampled_from(["cold", "warm"]), st.sampled_from(["A", "AAAA"])), max_size=40),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_counting_follows_each_asker_s_own_questions(asked: list[tuple[str, str]], first: int, every: int) -> None:
    """However the askers interleave, each one's n-th question of a kind fares alike."""
    where = DnsTarget("api.test", first=first * every, every=every)
    under_test, tally = responder(FAULTS.get("drop")(), where=where), QuestionCounter()
    fared: dict[tuple[str, str], list[bool]] = {}
    for number, (asker, rtype) in enumerate(asked, 1):
        query = question(asker=asker, rtype=rtype, ordinal=number)
        assert under_test.respond(query, 1005, tally=tally)[1] == (), "a question before the window does not count"
        fared.setdefault((asker, rtype), []).append(bool(under_test.respond(query, 1050, tally=tally)[1]))
    for several in fared.values():
        assert several == [n % every == 0 and n <= first * every for n in range(1, len(several) + 1)]


def test_an_answer_that_was_empty_anyway_is_not_called_faulted() -> None:
    empty = responder(FAULTS.get("empty")())
    assert empty.respond(question(rtype="AAAA"), 1050)[1] == (), "it was NODATA without us"
    assert empty.respond(question(), 1050)[1] == ("i0",)


def test_faults_compose_in_the_order_written() -> None:
    reply, met = responder(FAULTS.get("delay")(by=5 * MILLISECOND), FAULTS.get("nxdomain")()).respond(question(), 1050)
    assert isinstance(reply, Answer)
    assert (reply.rcode, reply.delay_ns, met) == ("NXDOMAIN", 5 * MILLISECOND, ("i0", "i1"))


def test_a_broken_fault_is_not_hidden() -> None:
    class Broken:
        def apply(self, *_: Any) -> Reply:
            raise ZeroDivisionError

    with pytest.raises(FaultFailed, match="of injection 'i0' failed") as failed:
        responder(Broken()).respond(question(), 1050)  # type: ignore[arg-type]
    assert failed.value.injection == "i0"


def test_a_tail_beyond_the_largest_number_is_cut() -> None:
    fault = FAULTS.get("delay")(by=SECOND, distribution="pareto", shape=0.0001)
    for ordinal in range(50):
        reply, _ = responder(fault).respond(question(ordinal=ordinal), 1050)
        assert isinstance(reply, Answer)
        assert SECOND <= reply.delay_ns <= 60 * SECOND


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("empty", {"negative_ttl": SECOND // 2}, "'negative_ttl' of 500 ms is no TTL"),
    ("empty", {"soa": False, "negative_ttl": SECOND}, "without an SOA"),
    ("nxdomain", {"negative_ttl": -SECOND}, "is no TTL"),
    ("rcode", {"code": "WHATEVER"}, "'WHATEVER' is no RCODE"),
    ("rcode", {"code": "RCODE4096"}, "is no RCODE"),
    ("rcode", {"code": "SERVFAIL", "ede": -1}, "0 to 65535"),
    ("rcode", {"code": "SERVFAIL", "text": "x"}, "add 'ede'"),
    ("rcode", {"code": "SERVFAIL", "ede": 0, "text": "x" * 101}, "more than 100 bytes"),
    ("delay", {"by": SECOND, "distribution": "pareto", "shape": math.nan}, "'shape' must be a number above 0"),
    ("delay", {"by": SECOND, "distribution": "pareto", "shape": math.inf}, "'shape' must be a number above 0"),
    ("delay", {"by": 3601 * SECOND}, "no delay is longer than 60 min"),
    ("address", {"to": "fe80::1%lo"}, "means something on one machine only"),
    ("delay", {"by": 0}, "longer than 0"),
    ("delay", {"by": 1, "spread": 1}, "'spread' belongs to"),
    ("delay", {"by": 1, "distribution": "uniform"}, "'spread' belongs to"),
    ("delay", {"by": 1, "distribution": "zipf"}, "'distribution' is"),
    ("delay", {"by": 1, "distribution": "pareto", "shape": 0}, "above 0"),
    ("delay", {"by": 2 * SECOND, "distribution": "pareto", "at_most": SECOND}, "shorter than 'by'"),
    ("truncate", {"keep": -1}, "0 or more"),
    ("address", {}, "either 'to'"),
    ("address", {"to": "127.0.0.1", "preset": "refused"}, "either 'to'"),
    ("address", {"to": "localhost"}, "does not appear to be an IPv4 or IPv6 address"),
    ("address", {"preset": "moon"}, "no preset 'moon'"),
    ("subset", {}, "either 'keep'"),
    ("subset", {"keep": 0}, "1 or more"),
    ("subset", {"share": 1}, "between 0 and 1"),
    ("rotate", {"how": "wheel"}, "round_robin or shuffle"),
    ("ttl", {}, "write 'to' alone"),
    ("ttl", {"to": 0, "at_most": 0}, "write 'to' alone"),
    ("ttl", {"at_most": 1}, "'at_most' of 1 ns is no TTL"),
    ("ttl", {"at_most": SECOND, "at_least": 2 * SECOND}, "is longer than"),
    ("stale", {"versions": 0}, "counts back from 1"),
    ("cname", {}, "needs its target"),
    ("cname", {"to": "a..b"}, "empty label"),
    ("cname", {"how": "knot"}, "'how' is"),
    ("lame", {"how": "duck"}, "'how' is"),
    ("wrong_question", {"name": "a..b"}, "empty label"),
    ("garbage", {"place": "tail"}, "'place' is"),
    ("garbage", {"count": 0}, "1 or more"),
    ("no_edns", {"how": "x"}, "'how' is"),
    ("oversize", {"by": 0}, "from 1 to"),
    ("oversize", {"by": 60_000}, "from 1 to"),
    ("duplicate", {"copies": 1}, "from 2 to 16"),
    ("duplicate", {"other_first": True}, "needs 'other'"),
    ("hangup", {"how": "softly"}, "'how' is"),
    ("hangup", {"every": 0}, "longer than 0"),
    ("spoof", {}, "at least one type"),
    ("spoof", {"a": "::1"}, "is no valid data of a A record"),
    ("spoof", {"cname": ("a.", "b.")}, "one CNAME"),
    ("spoof", {"a": "127.0.0.1", "ttl": 1}, "is no TTL"),
]


@pytest.mark.parametrize(("kind", "parameters", "said"), WRONG)
def test_parameters_that_cannot_be_are_told(kind: str, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FAULTS.get(kind)(**parameters)


@pytest.mark.parametrize(
    ("faults", "met", "unseen"),
    [
        (["delay", "drop"], ("i1",), ("i0",)),
        (["drop", "delay"], ("i0",), ()),
        (["empty", "nxdomain"], ("i1",), ("i0",)),
        (["nxdomain", "servfail"], ("i1",), ("i0",)),
        (["ttl", "empty"], ("i1",), ("i0",)),
        (["ttl", "delay", "refused"], ("i1", "i2"), ("i0",)),
        (["empty", "delay"], ("i0", "i1"), ()),
        (["drop", "drop"], ("i0",), ()),
        (["delay", "closed", "servfail", "drop"], ("i3",), ("i0", "i1")),  # without an answer no RCODE is set
    ],
    ids=" then ".join,
)
def test_only_what_shaped_the_reply_was_met(faults: list[str], met: tuple[str, ...], unseen: tuple[str, ...]) -> None:
    parameters: dict[str, dict[str, Any]] = {"delay": {"by": SECOND}, "ttl": {"to": 7 * SECOND}}
    outcome = responder(*(FAULTS.get(kind)(**parameters.get(kind, {})) for kind in faults)).outcome(question(), 1050)
    assert (outcome.met, outcome.unseen) == (met, unseen)


@pytest.mark.parametrize(("by", "met"), [(999_999, ()), (1_000_000, ("i0",))])
def test_a_delay_too_short_to_be_felt_met_nothing(by: int, met: tuple[str, ...]) -> None:
    outcome = responder(FAULTS.get("delay")(by=by)).outcome(question(), 1050)
    assert (outcome.met, outcome.unseen) == (met, () if met else ("i0",))
    assert outcome.reply.delay_ns == by  # type: ignore[union-attr] # it is an Answer
