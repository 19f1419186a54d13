"""``abort_when``: the first condition that is met ends the run, which says so and never passes."""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.clock import VirtualClock
from chaoskit.engine.abort_watcher import AbortWatcher
from chaoskit.engine.ports import NoopProcessManager, NoopSandbox
from chaoskit.engine.runner import Runner
from chaoskit.errors import ExperimentError
from chaoskit.expect import judge
from chaoskit.experiment.abort_spec import AbortSpec
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.journal.events import AbortConditionMet, CallFinished, Entry, Result, RunEnded
from chaoskit.journal.run import Run
from chaoskit.journal.store import Journal
from chaoskit.units import SECOND
from chaoskit.verdict import Outcome, outcome_of
from tests.engine.test_runner import SETTINGS


def experiment(conditions: str) -> Experiment:
    text = f"title: t\nduration: 1h\nclients: {{app: {{use: noop}}}}\nservices: [dynamodb]\nabort_when: {conditions}\n"
    return resolve(read_document("x.yaml", text), 1.0)


def finished(result: Result, client: str = "app", at: int = 7) -> CallFinished:
    return CallFinished(at=at, client=client, call=1, result=result, errors=())


def watched(condition: AbortSpec, calls: list[tuple[str, Result]]) -> list[AbortConditionMet]:
    met: list[AbortConditionMet] = []
    watch = AbortWatcher([condition], met.append)
    for seq, (client, result) in enumerate(calls, 1):
        watch(Entry(seq, finished(result, client)))
    return met


CALLS = st.lists(st.tuples(st.sampled_from(["app", "other"]), st.sampled_from(["ok", "failed", "unknown"])))


@given(CALLS, st.integers(1, 4))
def test_so_many_in_all(calls: Any, count: int) -> None:
    failed = [seq for seq, call in enumerate(calls, 1) if call == ("app", "failed")]
    met = watched(AbortSpec(client="app", failed_calls=count), calls)
    assert [told.evidence for told in met] == failed[count - 1 : count]


@given(CALLS, st.integers(1, 4))
def test_so_many_in_a_row(calls: Any, count: int) -> None:
    own = [result for client, result in calls if client == "app" and result != "unknown"]
    longest = max((len(list(row)) for result, row in groupby(own) if result == "failed"), default=0)
    assert bool(watched(AbortSpec(client="app", failed_in_a_row=count), calls)) == (longest >= count)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ("[{client: ap, failed_calls: 3}]", "x.yaml:5: abort_when[0].client: no client is called 'ap'. Clients: app."),
        ("[{client: app}]", "write either 'failed_calls' or 'failed_in_a_row'"),
        ("[{client: app, failed_calls: 0}]", "greater than or equal to 1"),
        ("[{client: app, fails: 2}]", "there is no such field. Known: client, failed_calls, failed_in_a_row."),
    ],
)
def test_a_condition_that_cannot_be_is_refused(conditions: str, message: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        experiment(conditions)
    assert message in str(caught.value)


def test_the_run_ends_in_order_and_is_never_passed() -> None:
    clock, journal = VirtualClock(), Journal()

    class Failing(NoopProcessManager):
        def send(self, name: str, command: dict[str, object]) -> None:
            super().send(name, command)
            if (name, command["do"]) == ("app", "start"):
                for _ in range(3):
                    journal.append(finished("failed", at=clock.now()))

    async def run() -> None:
        plan = experiment("[{client: app, failed_in_a_row: 2}]")
        cast = Failing(clock, journal.append)
        await asyncio.wait_for(Runner(plan, SETTINGS, NoopSandbox(), cast, journal).run(clock), 30)

    asyncio.run(run())
    told = Run(journal.entries)
    ((_, met),) = told.of(AbortConditionMet)
    assert isinstance(journal.entries[met.evidence - 1].event, CallFinished)
    ((_, ended),) = told.of(RunEnded)
    assert ended.reason == "2 failed calls of app in a row (abort_when)"
    assert ended.at < 3600 * SECOND
    verdicts = judge(told, [])
    assert outcome_of(verdicts) is Outcome.INVALID
    assert ended.reason in verdicts[1].because
