"""The arena's name server: what passes the gate, and what each order does to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import dns.message
import dns.rcode
import dns.update
import pytest

from chaoskit.clock import WallClock
from chaoskit.dns.plan import plan_from_json
from chaoskit.dns.update_message import read_update
from chaoskit.hunt.gated_dns import GatedDns, describe_update
from tests.hunt.arena_lab import FakeChannel, Heard

PLAN = {
    "seed": 1,
    "listeners": [],
    "injections": [],
    "zones": [
        {"apex": "example.com", "records": [{"name": "api.example.com", "rtype": "A", "ttl": 60, "data": "192.0.2.1"}]},
        {"apex": "other.test", "records": [{"name": "other.test", "rtype": "A", "ttl": 60, "data": "192.0.2.9"}]},
    ],
    "updates": {"zones": {"example.com": []}, "keys": []},
}


class Stage:
    """A gated server and what it told."""

    def __init__(self) -> None:
        plan = plan_from_json(PLAN)
        self.heard = Heard()
        self.dns = GatedDns(plan.responder, WallClock(), self.heard.gate, ["example.com"], plan.updates)

    async def told(self, **order: Any) -> dict[str, Any]:
        """Release the call that came last, and return what became of it."""
        call = self.heard.next()
        self.heard.release(call["call"], **order)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        answered = self.heard.next()
        assert answered["answered"] == call["call"]
        return answered


def on_stage(test: Callable[[Stage], Awaitable[None]]) -> None:
    async def play() -> None:
        await test(Stage())

    asyncio.run(play())


def add(address: str) -> bytes:
    update = dns.update.UpdateMessage("example.com")
    update.add("api.example.com.", 60, "A", address)
    return update.to_wire()


def remove_all() -> bytes:
    update = dns.update.UpdateMessage("example.com")
    update.delete("api.example.com.", "A")
    return update.to_wire()


def question(name: str = "api.example.com") -> bytes:
    return dns.message.make_query(name, "A").to_wire()


def addresses(channel: FakeChannel) -> list[str]:
    (data,) = channel.sent
    return sorted(record.to_text() for answer in dns.message.from_wire(data).answer for record in answer)


def rcode(channel: FakeChannel) -> str:
    (data,) = channel.sent
    return dns.rcode.to_text(dns.rcode.Rcode(data[3] & 15))


def test_an_update_waits_for_its_order() -> None:
    async def test(stage: Stage) -> None:
        channel = FakeChannel()
        stage.dns.receive(add("192.0.2.2"), channel)
        assert channel.sent == []
        answered = await stage.told()
        assert rcode(channel) == "NOERROR"
        assert (answered["result"], answered["version"]) == ("NOERROR", 1)
        (change,) = answered["changes"]
        assert [record["data"] for record in change["changes"][0]["after"]] == ["192.0.2.1", "192.0.2.2"]

    on_stage(test)


def test_a_question_about_another_zone_does_not_wait() -> None:
    async def test(stage: Stage) -> None:
        channel = FakeChannel()
        stage.dns.receive(question("other.test"), channel)
        assert addresses(channel) == ["192.0.2.9"]
        assert stage.heard.lines.empty()

    on_stage(test)


def test_a_datagram_sent_again_is_the_same_call() -> None:
    async def test(stage: Stage) -> None:
        first, second, data = FakeChannel(), FakeChannel(), add("192.0.2.2")
        stage.dns.receive(data, first)
        stage.dns.receive(data, second)
        await stage.told()
        assert stage.heard.lines.empty()
        assert (len(first.sent), second.dropped) == (1, 1)

    on_stage(test)


def test_a_stale_read_is_answered_from_its_version() -> None:
    async def test(stage: Stage) -> None:
        stage.dns.receive(remove_all(), FakeChannel())
        await stage.told()
        past, present = FakeChannel(), FakeChannel()
        stage.dns.receive(question(), past)
        assert (await stage.told(as_of=0))["version"] == 0
        stage.dns.receive(question(), present)
        assert (await stage.told())["version"] == 1
        assert (addresses(past), addresses(present)) == (["192.0.2.1"], [])

    on_stage(test)


@pytest.mark.parametrize(("when", "changes"), [("before", 0), ("after", 1)])
def test_a_failure_comes_before_the_effect_or_after(when: str, changes: int) -> None:
    async def test(stage: Stage) -> None:
        channel = FakeChannel()
        stage.dns.receive(add("192.0.2.2"), channel)
        answered = await stage.told(fail=when)
        assert rcode(channel) == "SERVFAIL"
        assert (len(answered["changes"]), answered["version"]) == (changes, changes)

    on_stage(test)


def test_what_is_withheld_takes_effect_unanswered() -> None:
    async def test(stage: Stage) -> None:
        channel = FakeChannel()
        stage.dns.receive(add("192.0.2.2"), channel)
        answered = await stage.told(withhold=True)
        assert (channel.sent, channel.dropped) == ([], 1)
        assert (answered["result"], len(answered["changes"])) == ("NOERROR", 1)

    on_stage(test)


def test_a_new_run_begins_with_the_first_zone() -> None:
    async def test(stage: Stage) -> None:
        stage.dns.receive(remove_all(), FakeChannel())
        await stage.told()
        held = FakeChannel()
        stage.dns.receive(add("192.0.2.3"), held)
        stage.heard.next()
        stage.heard.gate.drop_all()
        stage.dns.begin()
        await asyncio.sleep(0)
        assert held.dropped == 1
        channel = FakeChannel()
        stage.dns.receive(question(), channel)
        assert (await stage.told())["version"] == 0
        assert addresses(channel) == ["192.0.2.1"]

    on_stage(test)


def test_an_update_is_told_in_words() -> None:
    update = dns.update.UpdateMessage("example.com")
    update.present("api.example.com.", "A", "192.0.2.1")
    update.absent("new.example.com.")
    update.delete("api.example.com.", "A", "192.0.2.1")
    update.add("api.example.com.", 60, "A", "192.0.2.2")
    assert describe_update(read_update(update.to_wire())) == (
        "require api.example.com A 192.0.2.1 present; require new.example.com absent; "
        "delete api.example.com A 192.0.2.1; add api.example.com A 192.0.2.2"
    )
