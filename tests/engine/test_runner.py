"""The runner on nothing, in virtual time: no process, no socket, no waiting."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import ClassVar

from chaoskit.clock import VirtualClock
from chaoskit.engine.abort import Abort
from chaoskit.engine.ports import NoopProcessManager, NoopSandbox
from chaoskit.engine.runner import Runner, RunSettings
from chaoskit.engine.until_watcher import NOTICE_NS
from chaoskit.errors import PlaneError
from chaoskit.expect import judge
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.experiment.planes import STOPPED
from chaoskit.journal.events import CanaryChecked, ClientReady, PlaneReady, RunEnded, RunStarted, TimelineArmed
from chaoskit.journal.run import Run
from chaoskit.journal.store import Journal
from chaoskit.units import SECOND
from chaoskit.verdict import Outcome, outcome_of

SETTINGS = RunSettings(run_id="r", source="x.yaml", replay="chaoskit run x.yaml", certificates="/nowhere")
EMPTY = "title: nothing at all\nduration: 30s\n"
BLANK = """\
title: a blank
clients: {app: {use: noop}}
services: [dynamodb]
timeline:
  - {dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 5s, for: 10s}}
"""


def experiment(text: str) -> Experiment:
    return resolve(read_document("x.yaml", text), 1.0)


def play(
    plan: Experiment, clock: VirtualClock, cast_type: type[NoopProcessManager] = NoopProcessManager
) -> tuple[Run, NoopProcessManager]:
    async def run() -> NoopProcessManager:
        cast = cast_type(clock, journal.append)
        await asyncio.wait_for(Runner(plan, SETTINGS, NoopSandbox(), cast, journal).run(clock), 30)
        return cast

    journal = Journal()
    cast = asyncio.run(run())
    return Run(journal.entries), cast


def test_an_empty_experiment_runs_and_proves_nothing() -> None:
    clock = VirtualClock(start=7)
    run, _ = play(experiment(EMPTY), clock)
    assert isinstance(run.entries[0].event, RunStarted)
    (_, armed), (_, ended) = run.of(TimelineArmed)[0], run.of(RunEnded)[0]
    assert armed.origin == 7 + NOTICE_NS
    assert armed.ends == armed.origin + 30 * SECOND
    assert ended.reason == "finished"
    assert clock.now() >= armed.ends, "the run lasted 30 s of virtual time"
    assert outcome_of(judge(run, [])) is not Outcome.PASSED, "a run in which nothing was tested never passes"


def test_a_fault_that_met_no_lookup_is_not_exercised() -> None:
    class WithCanary(NoopProcessManager):
        def send(self, name: str, command: dict[str, object]) -> None:
            super().send(name, command)
            if name == "canary" and command["do"] == "start":
                origin = command["origin"]
                assert isinstance(origin, int)
                for second in range(25):
                    at = origin + second * SECOND
                    self._tell(CanaryChecked(at=at, name="canary.chaoskit.test", ok=True, detail="", latency_ns=1))

    run, _ = play(experiment(BLANK), VirtualClock(), WithCanary)
    verdicts = judge(run, [])
    assert outcome_of(verdicts) is Outcome.NOT_EXERCISED, [f"{v.expectation}: {v.because}" for v in verdicts]


def test_the_order_of_a_run() -> None:
    run, cast = play(experiment(BLANK), VirtualClock())
    orders = [(name, command["do"]) for name, command in cast.commands]
    assert orders == [
        ("network", "populate"),
        ("service", "arm"),
        ("network", "arm"),
        ("dns", "arm"),
        ("app", "start"),
        ("canary", "start"),
    ]
    kinds = [type(entry.event) for entry in run.entries]
    assert kinds.index(TimelineArmed) > max(
        number for number, kind in enumerate(kinds) if kind in (PlaneReady, ClientReady)
    ), "no time runs before everybody is ready"


def test_a_plane_that_does_not_start_makes_the_run_invalid() -> None:
    class Broken(NoopProcessManager):
        async def ready(self, name: str) -> PlaneReady | ClientReady:
            if name == "service":
                raise PlaneError("service: port 443 is taken")
            return await super().ready(name)

    run, _ = play(experiment(BLANK), VirtualClock(), Broken)
    verdicts = judge(run, [])
    assert outcome_of(verdicts) is Outcome.INVALID
    assert any("port 443 is taken" in verdict.because for verdict in verdicts)


def test_a_plane_that_never_becomes_ready_ends_the_run_in_time() -> None:
    class Stuck(NoopProcessManager):
        async def ready(self, name: str) -> PlaneReady | ClientReady:
            await asyncio.get_running_loop().create_future()
            raise AssertionError

    plan = experiment(BLANK + "limits: {ready_within: 1ms}\n")
    run, _ = play(plan, VirtualClock(), Stuck)
    assert outcome_of(judge(run, [])) is Outcome.INVALID
    assert run.of(RunEnded)[0][1].reason == "the harness was not ready in time"


def test_a_process_that_fails_during_the_run_ends_it_early() -> None:
    class Failing(NoopProcessManager):
        async def failed(self) -> None:
            return None

    clock = VirtualClock()
    run, _ = play(replace(experiment(BLANK), duration_ns=3600 * SECOND), clock, Failing)
    assert outcome_of(judge(run, [])) is Outcome.INVALID
    assert run.of(RunEnded)[0][1].reason == "the harness failed"


def test_an_aborted_run_keeps_its_journal_marked_incomplete() -> None:
    clock, journal, aborted = VirtualClock(), Journal(), Abort()

    class Aborting(NoopProcessManager):
        stopped: ClassVar[list[str]] = []

        async def stop(self, names: list[str]) -> None:
            self.stopped.extend(names)

        def send(self, name: str, command: dict[str, object]) -> None:
            super().send(name, command)
            if (name, command["do"]) == ("canary", "start"):
                aborted.ask("a test asked for it")

    async def run() -> None:
        cast = Aborting(clock, journal.append)
        runner = Runner(experiment(BLANK), SETTINGS, NoopSandbox(), cast, journal, aborted=aborted)
        await asyncio.wait_for(runner.run(clock), 30)

    asyncio.run(run())
    told = Run(journal.entries)
    ((_, ended),) = told.of(RunEnded)
    assert (ended.reason, ended.aborted) == ("a test asked for it", True)
    assert ended.at < told.of(TimelineArmed)[0][1].ends, "before its time"
    assert Aborting.stopped == ["app", "canary", *STOPPED]
    verdicts = judge(told, [])
    assert outcome_of(verdicts) is Outcome.INVALID
    assert [(verdict.kind, verdict.finding) for verdict in verdicts[:2]] == [
        ("harness", "held"),
        ("not_aborted", "unknown"),
    ]
    assert verdicts[1].because.endswith("a test asked for it")


def test_an_abort_before_the_first_instant_ends_it_too() -> None:
    journal, aborted = Journal(), Abort()

    class NeverReady(NoopProcessManager):
        async def ready(self, name: str) -> PlaneReady | ClientReady:
            aborted.ask("a test asked for it")
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

    async def run() -> None:
        cast = NeverReady(clock, journal.append)
        runner = Runner(experiment(BLANK), SETTINGS, NoopSandbox(), cast, journal, aborted=aborted)
        await asyncio.wait_for(runner.run(clock), 30)

    clock = VirtualClock()
    asyncio.run(run())
    assert Run(journal.entries).of(RunEnded)[0][1].aborted
