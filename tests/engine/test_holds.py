"""Runs that wait for a go, in virtual time: what is told when, and where the windows come to lie."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from chaoskit.clock import Clock, VirtualClock
from chaoskit.dns.faults import FAULTS
from chaoskit.dns.target import DnsTarget
from chaoskit.engine.hold_gate import GO_NOTICE_NS, HoldGate, OpenCalls
from chaoskit.engine.ports import NoopProcessManager, NoopSandbox, Plan
from chaoskit.engine.runner import Runner
from chaoskit.experiment.loader import Experiment
from chaoskit.journal.events import (
    CallFinished,
    CallStarted,
    Entry,
    Event,
    HoldBegun,
    HoldReleased,
    InjectionPlanned,
    RunEnded,
    TimelineArmed,
)
from chaoskit.journal.run import Run
from chaoskit.journal.store import Journal
from chaoskit.timeline.codec import injection_from_json
from chaoskit.timeline.injection import Timeline
from chaoskit.units import MINUTE, SECOND
from tests.engine.test_runner import SETTINGS, experiment

TWO = """\
title: two blanks
clients: {app: {use: noop}}
services: [dynamodb]
timeline:
  - {id: first, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 5s, for: 10s}}
  - {id: second, dns: servfail, where: dynamodb.us-east-1.amazonaws.com, when: {from: 20s, for: 10s}, hold: true}
  - {id: third, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 40s, for: 1s}, hold: true}
  - {id: pause, process: pause, where: app, when: {from: 45s, for: 1s}}
"""


class Recorder(NoopProcessManager):
    """Keeps the plans of the planes."""

    def __init__(self, clock: Clock, tell: Callable[[Event], object]) -> None:
        super().__init__(clock, tell)
        self.plans: dict[str, Plan] = {}

    def start_plane(self, name: str, plan: Plan) -> None:
        super().start_plane(name, plan)
        self.plans[name] = plan


def play(plan: Experiment, waits_ns: Sequence[int]) -> tuple[Run, Recorder]:
    """Let a facilitator say go so long after each hold began, and nothing at further ones."""
    clock, journal, gate = VirtualClock(), Journal(), HoldGate()
    waits, tasks = iter(waits_ns), []

    async def facilitate(begun: int, wait: int) -> None:
        await clock.sleep_until(begun + wait)
        assert gate.release("the facilitator")

    def hear(entry: Entry) -> None:
        if isinstance(entry.event, HoldBegun) and (wait := next(waits, None)) is not None:
            tasks.append(asyncio.ensure_future(facilitate(entry.event.at, wait)))

    async def run() -> Recorder:
        journal.listen(hear)
        manager = Recorder(clock, journal.append)
        runner = Runner(plan, SETTINGS, NoopSandbox(), manager, journal, gate=gate)
        await asyncio.wait_for(runner.run(clock), 30)
        return manager

    manager = asyncio.run(run())
    return Run(journal.entries), manager


def test_windows_lie_where_the_go_put_them() -> None:
    run, manager = play(experiment(TWO), [7 * SECOND, 100 * SECOND])
    (_, armed) = run.of(TimelineArmed)[0]
    (first, second) = [event for _, event in run.of(HoldReleased)]
    spans = {event.injection: event.spans for _, event in run.of(InjectionPlanned)}
    late = 7 * SECOND + GO_NOTICE_NS
    assert spans["first"] == ((armed.origin + 5 * SECOND, armed.origin + 15 * SECOND),)
    assert spans["second"][0][0] == first.resumes == armed.origin + 20 * SECOND + late
    assert spans["third"][0][0] == second.resumes == armed.origin + 40 * SECOND + late + 100 * SECOND + GO_NOTICE_NS
    assert spans["pause"][0][0] == second.resumes + 5 * SECOND
    assert (first.by, second.by) == ("the facilitator", "the facilitator")
    assert second.ends == armed.ends + (second.resumes - armed.origin - 40 * SECOND)
    assert run.of(RunEnded)[0][1].reason == "finished"
    assert run.of(RunEnded)[0][1].at >= second.ends
    assert [plane for plane, command in manager.commands if command["do"] == "event"] == 2 * [
        "service",
        "network",
        "dns",
    ]


def test_planes_come_to_the_same_windows_as_the_journal() -> None:
    """The plan as it goes to the DNS process, and the commands that it is sent, make of the timeline what the journal says."""
    run, manager = play(experiment(TWO), [7 * SECOND, 100 * SECOND])
    injections = tuple(injection_from_json(plain, DnsTarget, FAULTS) for plain in manager.plans["dns"]["injections"])
    timeline = Timeline(injections, run.origin)
    assert timeline.next_change(run.origin + 20 * SECOND) is None, "what is held back begins by no clock"
    for plane, command in manager.commands:
        if plane == "dns" and command["do"] == "event":
            timeline = timeline.with_event(command["name"], command["at"])
    for planned in run.injections:
        for start, end in planned.spans if planned.plane == "dns" else ():
            active = [[each.id for each in timeline.active(at)] for at in (start - 1, start, end - 1, end)]
            assert active == [[], [planned.injection], [planned.injection], []]


def test_nobody_says_go_and_the_run_is_aborted() -> None:
    run, _ = play(experiment(TWO + "limits: {longest_hold: 5min}\n"), [])
    ended = run.of(RunEnded)[0][1]
    assert ended.reason == "nobody said go within 5 min (limits.longest_hold)"
    assert ended.at >= run.of(HoldBegun)[0][1].at + 5 * MINUTE
    assert [event.injection for _, event in run.of(InjectionPlanned)] == ["first"]
    assert run.ends == ended.at, "clients went on calling while it was held"


def test_a_run_without_a_facilitator_is_played_through() -> None:
    clock, journal = VirtualClock(), Journal()

    async def run() -> None:
        manager = NoopProcessManager(clock, journal.append)
        await asyncio.wait_for(Runner(experiment(TWO), SETTINGS, NoopSandbox(), manager, journal).run(clock), 30)

    asyncio.run(run())
    assert not Run(journal.entries).of(HoldBegun)
    assert len(Run(journal.entries).injections) == 4


def test_a_gate_lets_nobody_through_twice() -> None:
    async def run() -> None:
        gate = HoldGate()
        assert not gate.release("too early")
        waiting = asyncio.ensure_future(gate.wait())
        await asyncio.sleep(0)
        assert gate.release("in time")
        assert not gate.release("too late")
        assert await waiting == "in time"
        assert not gate.release("after it")

    asyncio.run(run())


@pytest.mark.parametrize("finished", [True, False])
def test_only_calls_from_before_the_end_are_waited_for(finished: bool) -> None:
    async def run() -> bool:
        calls = OpenCalls()
        for seq, (call, at) in enumerate(((1, 5), (2, 15)), 1):
            calls(Entry(seq, CallStarted(at=at, client="app", call=call, operation="Get", due=at)))
        waiting = asyncio.ensure_future(calls.ended(10))
        if finished:
            calls(Entry(3, CallFinished(at=20, client="app", call=1, result="ok")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        return waiting.done() and not waiting.cancelled()

    assert asyncio.run(run()) is finished
