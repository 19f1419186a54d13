"""Faults that a command asks for itself: what is obeyed, what is refused, and what the journal tells."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.cli.steer import VARIABLE as ASKED
from chaoskit.clock import VirtualClock
from chaoskit.engine.ports import NoopSandbox
from chaoskit.engine.session import Stage
from chaoskit.engine.steering import VARIABLE, Steering
from chaoskit.experiment.loader import resolve_plain
from chaoskit.journal.events import InjectionApplied, InjectionCut, InjectionLifted, InjectionPlanned, TimelineArmed
from chaoskit.journal.store import Journal
from chaoskit.timeline.codec import injection_from_json
from chaoskit.units import SECOND

NAME = "db.shop.example"
EXPERIMENT = resolve_plain(
    {
        "title": "one zone",
        "duration": "60s",
        "zones": {"shop.example": {"records": {NAME: {"A": "127.0.0.9"}}}},
        "clients": {"app": {"use": "noop"}},
        "timeline": [{"id": "early", "dns": "empty", "where": NAME, "when": {"from": "0s", "for": "20s"}}],
    },
    "one zone",
)


class Run:
    """A run whose DNS server does at once what it is told, ten seconds after the timeline began."""

    def __init__(self) -> None:
        self.clock = VirtualClock(100 * SECOND)
        self.journal = Journal()
        self.sent: list[dict[str, Any]] = []
        stage = Stage(NoopSandbox(), Path(), self.journal, self.clock, lambda *_: None, self.send, self.restart)
        self.steering = Steering(EXPERIMENT, stage)
        self.journal.append(TimelineArmed(at=0, origin=90 * SECOND, ends=150 * SECOND))

    async def restart(self, label: str) -> None:
        raise AssertionError("nothing here starts anew")

    def send(self, plane: str, command: dict[str, Any]) -> None:
        assert plane == "dns"
        self.sent.append(command)
        self.clock.advance(1)
        at, asked = self.clock.now(), command["injection"]
        if command["do"] == "lift":
            self.journal.append(InjectionLifted(at=at, injection=asked, due=at))
        else:
            self.journal.append(InjectionApplied(at=at, injection=asked["id"], due=at))

    def ask(self, do: str, name: str | None, **fields: Any) -> dict[str, Any]:
        request = {"do": do, "name": name, **fields}
        return asyncio.run(self.obey(request if do == "restore" else {"fault": "empty", "for_ns": None, **request}))

    async def obey(self, request: dict[str, Any]) -> dict[str, Any]:
        return await self.steering.obey(request)

    def of(self, kind: type) -> list[Any]:
        return [entry.event for entry in self.journal.entries if isinstance(entry.event, kind)]


def test_the_variable_has_one_name() -> None:
    assert ASKED == VARIABLE


def test_a_blank_is_on_from_when_the_server_says_so() -> None:
    run = Run()
    assert run.ask("blank", "DB.shop.example.", for_ns=5 * SECOND) == {"injections": ["steered-1"]}
    (planned,) = run.of(InjectionPlanned)
    (applied,) = run.of(InjectionApplied)
    assert planned.spans == ((applied.at, 105 * SECOND),)
    assert planned.target["name"] == NAME
    assert run.sent[0]["injection"]["when"] == {"once": {"start": 10 * SECOND, "length": 5 * SECOND}}


def test_without_a_length_it_lasts_as_long_as_the_run() -> None:
    run = Run()
    run.ask("blank", NAME, fault="nxdomain")
    (planned,) = run.of(InjectionPlanned)
    assert planned.fault == "nxdomain"
    assert planned.spans[0][1] == 150 * SECOND


def test_restore_ends_all_that_is_on_for_the_name() -> None:
    run = Run()
    run.ask("blank", NAME)
    assert run.ask("restore", NAME) == {"injections": ["early", "steered-1"]}
    assert [cut.injection for cut in run.of(InjectionCut)] == ["early", "steered-1"]
    assert "no fault is on" in run.ask("restore", NAME)["error"]


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("nobody.example", {}, "no zone here answers"),
        (EXPERIMENT.spec.canary, {}, "canary"),
        (NAME, {"fault": "garbage"}, "choose of"),
        (NAME, {"for_ns": 0}, "longer than 0"),
        (NAME, {"for_ns": "5s"}, "no request"),
        ("*.shop.example", {}, "glob"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_sent(name: str, fields: dict[str, Any], words: str) -> None:
    run = Run()
    assert words in run.ask("blank", name, **fields)["error"]
    assert not run.sent


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["do", "name", "fault", "for_ns"]), inner)
    ),
    max_leaves=6,
)


@given(json_values)
def test_any_request_has_an_answer(request: Any) -> None:
    run = Run()
    answer = asyncio.run(run.obey(request))
    assert set(answer) in ({"error"}, {"injections"})


def test_what_is_sent_is_an_injection_of_the_plane() -> None:
    from chaoskit.dns.faults import FAULTS
    from chaoskit.dns.target import DnsTarget

    run = Run()
    run.ask("blank", NAME)
    assert injection_from_json(run.sent[0]["injection"], DnsTarget, FAULTS).where.covers(NAME)
