"""The desk in virtual time: what a query would get, before, during and after an injection, whatever ends it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chaoskit.clock import VirtualClock
from chaoskit.dns.breakage import QueryFailed
from chaoskit.dns.control.canary import probe
from chaoskit.dns.control.controller import MAX_INJECTIONS, MAX_PATTERNS, InjectionController, Refused
from chaoskit.dns.control.event_stream import ControlEvent, InjectionBegun, InjectionEnded, ZonesSwapped
from chaoskit.dns.control.leases import LeaseRules
from chaoskit.dns.control.requests import read_injection
from chaoskit.dns.message import Answer, Query
from chaoskit.dns.names import DEFAULT_CANARY
from chaoskit.dns.responder import Responder
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zones
from chaoskit.journal.events import QueryAnswered
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once
from chaoskit.units import SECOND

START = 1_000 * SECOND
ZONE: dict[str, Any] = {
    "apex": "example.com",
    "records": [{"name": "api.example.com", "rtype": "A", "ttl": 5, "data": "192.0.2.1"}],
}
OTHER: dict[str, Any] = {
    "apex": "example.com",
    "records": [{"name": "api.example.com", "rtype": "A", "ttl": 5, "data": "192.0.2.2"}],
}
EMPTY = {"fault": "empty", "where": "api.example.com"}


class Server:
    """What the desk sees of the DNS server."""

    def __init__(self) -> None:
        self.responder = Responder(Zones({}), Timeline(), 1)
        self.forgotten: list[str] = []
        self.dropped = 0

    def forget(self, injection: str) -> None:
        self.forgotten.append(injection)

    def drop_late(self) -> None:
        self.dropped += 1


class World:
    """A desk, its clock, and what its DNS server would answer."""

    def __init__(self, canary: str = DEFAULT_CANARY, *plans: dict[str, Any]) -> None:
        self.server, self.clock = Server(), VirtualClock(START)
        self.events: list[ControlEvent] = []
        self.desk = InjectionController(self.server, self.clock, LeaseRules(), canary, self.events.append)
        self.swap(*(plans or [ZONE]))
        self.events.clear()

    def swap(self, *plans: dict[str, Any], if_version: int | None = None) -> None:
        self.desk.swap_zones(Zones.from_plan(plans), if_version)

    def begin(self, **more: Any) -> str:
        return self.desk.begin(read_injection(EMPTY | more))[0].id

    def addresses(self, at: int | None = None, name: str = "api.example.com") -> list[str]:
        query = Query(name, "A", "udp", "serve", "127.0.0.1", None, 1)
        reply, _ = self.server.responder.respond(query, self.clock.now() if at is None else at)
        assert isinstance(reply, Answer)
        return [record.data for record in reply.records]


def test_an_injection_ends_at_its_deadline_by_itself() -> None:
    world = World()
    assert world.addresses() == ["192.0.2.1"]
    world.begin(**{"for": "30s"})
    end = START + 30 * SECOND
    assert [world.addresses(at) for at in (START, end - 1, end)] == [[], [], ["192.0.2.1"]]


def test_a_pulse_is_on_and_off_within_its_lease_and_over_with_it() -> None:
    world = World()
    name = world.begin(**{"for": "10s", "pulse": {"every": "4s", "for": "1s"}})
    blank = [world.addresses(START + second * SECOND) == [] for second in range(12)]
    assert [second for second, is_blank in enumerate(blank) if is_blank] == [0, 4, 8]
    world.desk.change(name, 5 * SECOND, None)
    assert world.addresses(START + 8 * SECOND) == ["192.0.2.1"], "the lease is over by then"


def test_a_flap_stays_the_same_when_its_lease_is_renewed() -> None:
    world = World()
    name = world.begin(**{"for": "10s", "flap": {"on": "1s", "off": "1s"}})
    times = range(START, START + 10 * SECOND, SECOND // 10)
    before = [world.addresses(at) for at in times]
    assert [] in before
    assert ["192.0.2.1"] in before
    world.desk.change(name, 60 * SECOND, None)
    assert [world.addresses(at) for at in times] == before


def test_too_many_pulses_are_refused() -> None:
    with pytest.raises(Refused, match="10,000 times") as refused:
        World().begin(pulse={"every": "2ms", "for": "1ms"})
    assert refused.value.status == 422


def test_a_heartbeat_keeps_it_alive_and_a_silence_ends_it() -> None:
    world = World()
    name = world.begin(**{"for": "1m", "heartbeat": "5s"})
    world.clock.advance(4 * SECOND)
    world.desk.heartbeat(name)
    assert world.addresses(START + 9 * SECOND - 1) == []
    assert world.addresses(START + 9 * SECOND) == ["192.0.2.1"]
    world.clock.advance(5 * SECOND)
    with pytest.raises(Refused, match=r"is over \(heartbeat\)") as refused:
        world.desk.heartbeat(name)
    assert refused.value.status == 410
    assert world.events[-1] == InjectionEnded(START + 9 * SECOND, name, "heartbeat", 0), (
        "the instant of the end, not of ours"
    )


def test_a_change_moves_the_deadline_within_the_limit() -> None:
    world = World()
    name = world.begin(**{"for": "10s"})
    world.clock.advance(9 * SECOND)
    world.desk.change(name, 20 * SECOND, None)
    assert world.addresses(START + 29 * SECOND - 1) == []
    assert world.addresses(START + 29 * SECOND) == ["192.0.2.1"]
    with pytest.raises(Refused, match="at most 9 min 51 s are left") as refused:
        world.desk.change(name, 600 * SECOND, None)
    assert refused.value.status == 422


def test_withdraw_reset_and_halt() -> None:
    world = World()
    first, second, third = world.begin(), world.begin(id="mine"), world.begin()
    assert (first, second, third) == ("i1", "mine", "i2")
    world.desk.withdraw(second)
    assert [one.held.id for one in world.desk.reset()] == ["i1", "i2"]
    assert world.addresses() == ["192.0.2.1"]
    world.begin()
    assert [one.held.id for one in world.desk.halt()] == ["i3"]
    assert world.desk.halt() == []
    with pytest.raises(Refused, match="halted; post to /resume"):
        world.begin()
    world.desk.resume()
    world.begin(id="mine")
    ends = [(event.injection, event.why) for event in world.events if isinstance(event, InjectionEnded)]
    assert ends == [("mine", "withdrawn"), ("i1", "reset"), ("i2", "reset"), ("i3", "halted")]
    assert [type(event) for event in world.events].count(InjectionBegun) == 5


def test_an_id_is_taken_while_it_is_under_way_only() -> None:
    world = World()
    world.begin(id="mine", **{"for": "1s"})
    with pytest.raises(Refused, match="choose another id"):
        world.begin(id="mine")
    with pytest.raises(Refused, match="there is no injection 'yours'; under way: mine"):
        world.desk.find("yours")
    world.clock.advance(SECOND)
    world.begin(id="mine")


def test_no_more_than_it_can_hold() -> None:
    world = World()
    for _ in range(MAX_INJECTIONS):
        world.begin(chance=0.5)
    with pytest.raises(Refused, match="withdraw some"):
        world.begin()


def test_what_has_run_out_is_told_with_the_instant_of_its_end() -> None:
    world = World()
    world.begin(**{"for": "10s"})
    world.clock.advance(60 * SECOND)
    world.desk.tick()
    assert world.events[-1] == InjectionEnded(START + 10 * SECOND, "i1", "deadline", 0)


def test_questions_counted_for_an_injection_are_not_another_ones() -> None:
    world = World()
    world.begin(id="mine")
    world.desk.withdraw("mine")
    world.begin(id="mine")
    assert world.server.forgotten == ["mine", "mine"]


def test_queries_that_it_changed_are_counted() -> None:
    world = World()
    name = world.begin(id="mine", **{"for": "10s"})
    world.desk.meet(answered(START - 1, name))  # an earlier injection's of the same id
    world.desk.meet(answered(START, name))
    world.desk.meet(answered(START + 1, "another", name))
    assert world.desk.find(name)[0].met == 2
    world.desk.change(name, 20 * SECOND, None)
    world.desk.withdraw(name)
    assert world.events[-1] == InjectionEnded(START, name, "withdrawn", 2)
    world.desk.meet(answered(START + 2, name))  # its answer was under way
    assert [ended.held.met for ended in world.desk.overview().ended] == [3]


def answered(at: int, *faults: str) -> QueryAnswered:
    return QueryAnswered(
        at=at, answered_at=at, asker="serve", peer="127.0.0.1:5", transport="udp", name="api.example.com", rtype="A",
        reply="answer", rcode="NOERROR", answers=0, faults=faults,
    )  # fmt: skip


def test_zones_are_swapped_at_once_and_versions_count() -> None:
    world = World()
    assert world.desk.overview().zones.version == 1
    world.swap(OTHER, if_version=1)
    assert world.addresses() == ["192.0.2.2"]
    assert world.events == [ZonesSwapped(START, 2)]
    with pytest.raises(Refused, match="version 2 is served, not 1"):
        world.swap(ZONE, if_version=1)
    assert (world.addresses(), world.desk.overview().zones.version) == (["192.0.2.2"], 2)


def test_an_injection_outlives_a_swap() -> None:
    world = World()
    world.begin()
    world.swap(OTHER)
    assert world.addresses() == []
    world.desk.reset()
    assert world.addresses() == ["192.0.2.2"]


def test_stale_answers_come_from_the_zones_before_the_swap() -> None:
    world = World()
    world.begin(fault="stale")
    assert world.addresses() == ["192.0.2.1"], "there was nothing before"
    world.swap(OTHER)
    assert world.addresses() == ["192.0.2.1"]
    world.desk.reset()
    assert world.addresses() == ["192.0.2.2"]


@pytest.mark.parametrize(
    "where",
    [DEFAULT_CANARY, DEFAULT_CANARY.upper(), {"name": DEFAULT_CANARY, "types": ["AAAA"], "transports": ["tcp"]}],
)
def test_no_injection_may_touch_the_canary(where: Any) -> None:
    world = World()
    with pytest.raises(Refused, match=r"is the canary canary\.chaoskit\.test, which no fault may touch"):
        world.begin(where=where)


@pytest.mark.parametrize("where", [{"under": "."}, {"glob": "*"}, {"regex": ".*"}, {"except": ["db.example.com"]}])
def test_an_injection_on_every_name_spares_the_canary_by_itself(where: Any) -> None:
    world = World()
    world.begin(where=where)
    assert world.addresses() == []
    assert world.addresses(name=DEFAULT_CANARY) == ["127.0.0.1"]
    world.desk.tick()
    assert world.desk.overview().canary.ok


def test_a_canary_of_ones_own_must_be_in_the_zones() -> None:
    world = World("api.example.com")
    assert world.addresses(name=DEFAULT_CANARY) == []
    with pytest.raises(Refused, match="would not resolve in these zones"):
        world.swap({"apex": "example.com", "records": []})
    with pytest.raises(Refused, match=r"is the canary api\.example\.com"):
        world.begin()


def test_a_failing_canary_withdraws_everything_until_resume() -> None:
    world = World()
    world.begin()
    empty = read_injection(EMPTY | {"where": DEFAULT_CANARY})
    lying = Injection("lying", DnsTarget(DEFAULT_CANARY), Once(START, 60 * SECOND), empty.fault)
    honest = world.server.responder
    world.server.responder = replace(honest, spared=frozenset(), timeline=replace(honest.timeline, injections=(lying,)))
    world.desk.tick()
    seen = world.desk.overview()
    assert seen.held == ()
    assert seen.alarm is not None
    assert "changed by lying" in seen.alarm.detail
    assert world.events[-1] == InjectionEnded(START, "i1", "canary", 0)
    assert probe(world.server.responder, DEFAULT_CANARY, START).ok, "the server is honest again"
    with pytest.raises(Refused, match=r"halted, because the canary canary\.chaoskit\.test failed"):
        world.begin()
    world.desk.tick()
    assert world.desk.overview().alarm, "it is not forgotten because it resolves again"
    world.desk.resume()
    assert world.desk.overview().alarm is None
    world.begin()


def test_a_name_s_aliases_go_with_it_and_none_is_the_canary() -> None:
    world = World()
    desk = InjectionController(
        world.server,
        world.clock,
        LeaseRules(),
        DEFAULT_CANARY,
        world.events.append,
        lambda target: replace(target, aliases=("www.api.example.com",)),
    )
    desk.swap_zones(Zones.from_plan([ZONE]), None)
    held, _ = desk.begin(read_injection(EMPTY))
    assert held.where.covers("www.api.example.com")
    assert desk.overview().held[0].where.describe().endswith("and its aliases")
    guarded = InjectionController(
        world.server, world.clock, LeaseRules(), "www.api.example.com", with_aliases=desk.with_aliases
    )
    with pytest.raises(Refused, match="has as an alias the canary"):
        guarded.begin(read_injection(EMPTY))


def test_regular_expressions_are_bounded_together() -> None:
    world = World()
    large = read_injection({"fault": "empty", "where": {"regex": "(a|b|ab|ba){0,150}c"}})
    for _ in range(MAX_PATTERNS // large.where.pattern_size):
        world.desk.begin(large)
    with pytest.raises(Refused, match="would take too long together"):
        world.desk.begin(large)
    world.desk.begin(read_injection(EMPTY))


def test_an_injection_whose_fault_fails_twice_is_withdrawn() -> None:
    world = World()
    held, _ = world.desk.begin(read_injection(EMPTY))
    failure = QueryFailed(START, "serve", "api.example.com", "A", held.id, "ZeroDivisionError: x")
    world.desk.query_failed(failure)
    assert [one.id for one in world.desk.overview().held] == [held.id]
    world.desk.query_failed(failure)
    assert world.server.responder.timeline.injections == ()
    assert [event for event in world.events if isinstance(event, QueryFailed)] == [failure, failure]
    assert [event.why for event in world.events if isinstance(event, InjectionEnded)] == ["failed"]
    world.desk.begin(read_injection(EMPTY | {"id": held.id}))
    world.desk.query_failed(failure)
    assert [one.id for one in world.desk.overview().held] == [held.id], "another one of this id begins anew"
