"""Windows that wait for failed calls: the watch alone, and a whole run of them in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.clock import VirtualClock
from chaoskit.engine.ports import NoopProcessManager, NoopSandbox
from chaoskit.engine.runner import Runner
from chaoskit.engine.until_watcher import NOTICE_NS, UntilWatcher
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import resolve
from chaoskit.journal.events import CallFinished, Entry, InjectionCut
from chaoskit.journal.run import Run
from chaoskit.journal.store import Journal
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Until
from chaoskit.units import SECOND
from tests.effort import examples
from tests.engine.test_runner import SETTINGS

ORIGIN = 1000
WAITING = """\
title: blank until it is noticed
clients: {app: {use: noop}}
services: [dynamodb]
timeline:
  - dns: empty
    where: dynamodb.us-east-1.amazonaws.com
    when: {from: 5s, for: 20s, until: {client: app, failed_calls: 2}}
"""


def finished(at: int, client: str = "app", *, ok: bool = False) -> CallFinished:
    return CallFinished(at=at, client=client, call=1, result="ok" if ok else "failed", errors=())


def cuts(window: Until, events: list[CallFinished]) -> list[InjectionCut]:
    told: list[InjectionCut] = []
    watch = UntilWatcher([Injection("blank", None, window, None)], ORIGIN, told.append)
    for seq, event in enumerate(events, 1):
        watch(Entry(seq, event))
    return told


@given(
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["app", "other"]), st.booleans()), max_size=30),
    st.integers(1, 5),
)
@settings(max_examples=examples(200))
def test_the_nth_failed_call_in_the_window_is_told_of_once(lived: list[tuple[int, str, bool]], count: int) -> None:
    events = [finished(ORIGIN + at, client, ok=ok) for at, client, ok in sorted(lived)]
    counted = [
        (seq, event)
        for seq, event in enumerate(events, 1)
        if event.client == "app" and event.result == "failed" and 100 <= event.at - ORIGIN < 200
    ]
    told = cuts(Until(100, 100, "app", count), events)
    if len(counted) < count:
        assert told == []
    else:
        seq, event = counted[count - 1]
        assert [(cut.injection, cut.ends, cut.evidence) for cut in told] == [("blank", event.at + NOTICE_NS, seq)]


def test_a_window_that_waits_for_something_else_is_left_alone() -> None:
    assert cuts(Until(100, 100, "other", 1), [finished(ORIGIN + 150)] * 5) == []


def test_a_window_ends_everywhere_at_one_instant() -> None:
    class Failing(NoopProcessManager):
        def send(self, name: str, command: dict[str, Any]) -> None:
            super().send(name, command)
            if name == "app" and command["do"] == "start":
                for second in range(10):
                    self._tell(finished(command["origin"] + second * SECOND, ok=second < 5))

    async def play() -> NoopProcessManager:
        clock = VirtualClock()
        cast = Failing(clock, journal.append)
        plan = resolve(read_document("x.yaml", WAITING), 1.0)
        await asyncio.wait_for(Runner(plan, SETTINGS, NoopSandbox(), cast, journal).run(clock), 30)
        return cast

    journal = Journal()
    cast = asyncio.run(play())
    run = Run(journal.entries)
    ends = run.origin + 6 * SECOND + NOTICE_NS
    told = {name: command["at"] for name, command in cast.commands if command["do"] == "event"}
    assert told == {"dns": ends, "network": ends, "service": ends}
    assert run.fault_spans == [(run.origin + 5 * SECOND, ends)]
