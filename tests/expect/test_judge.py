from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from chaoskit.expect import EXPECTATIONS, Expectation, judge
from chaoskit.expect.canary_resolves import CanaryResolves
from chaoskit.expect.fault_exercised import FaultExercised
from chaoskit.expect.recovers_within import RecoversWithin
from chaoskit.expect.success_rate import SuccessRate
from chaoskit.journal.events import (
    CanaryChecked,
    ConnectionOpened,
    Entry,
    HealthChecked,
    LevelMeasured,
    NameChange,
    ServedRecord,
    ZoneChanged,
)
from chaoskit.journal.run import Run
from chaoskit.units import MILLISECOND
from chaoskit.verdict import Outcome, Verdict, outcome_of
from tests.journal.story import Story, at


def good() -> Story:
    """One client that rode out a fault that it met."""
    story = Story().head("app").fault(5000, 7000).looks()
    for when in range(0, 10_000, 500):
        story.call("app", when, when + 5)
    story.lookup("app", 5001, 1000, faults=("blank",))
    return story.end()


@pytest.mark.parametrize(
    ("work_ms", "at_least", "outcome"), [(200, 1.0, "passed"), (200, 0.0, "invalid"), (20, 0.0, "failed")]
)
def test_nobody_is_blamed_on_a_machine_that_is_too_busy(work_ms: int, at_least: float, outcome: str) -> None:
    story = good()
    story.events = [
        e.with_fields(work_ns=work_ms * MILLISECOND) if isinstance(e, CanaryChecked) else e for e in story.events
    ]
    verdicts = judge(story.run(), [SuccessRate(at_least=at_least, at_most=at_least)])
    assert outcome_of(verdicts).value == outcome
    busy = "this machine was too busy to blame anyone: a program that had work to do got 1/40 of a processor"
    assert (verdicts[0].because == busy) is (outcome == "invalid")


@pytest.mark.parametrize(("busy_from", "outcome"), [(6000, "invalid"), (1000, "failed")])
def test_the_machine_is_blamed_where_it_was_too_busy_then(busy_from: int, outcome: str) -> None:
    """Most looks are well; five seconds of a busy machine excuse what broke in them, and nothing else."""
    story = Story(ends=20_000).head("app").fault(5000, 7000).looks()
    story.lookup("app", 5001, 1000, faults=("blank",))
    for when in range(0, 20_000, 500):
        story.call("app", when, when + 5, "failed" if when == 8500 else "ok")
    story.end()
    busy = range(busy_from, busy_from + 5000)
    story.events = [
        e.with_fields(work_ns=(200 if (e.at - at(0)) // MILLISECOND in busy else 6) * MILLISECOND)
        if isinstance(e, CanaryChecked)
        else e
        for e in story.events
    ]
    # A journal that was taken from a larger one has gaps in its numbers.
    gapped = Run([Entry(10 * entry.seq, entry.event) for entry in story.entries()])
    for run in (story.run(), gapped):
        assert outcome_of(judge(run, [RecoversWithin(within=1000 * MILLISECOND)])).value == outcome
    verdicts = judge(gapped, [RecoversWithin(within=1000 * MILLISECOND)])
    assert ("when it broke" in verdicts[0].because) is (outcome == "invalid")


def test_guards_are_judged_though_nobody_lists_them() -> None:
    verdicts = judge(good().run(), [])
    assert [(verdict.expectation, verdict.finding) for verdict in verdicts] == [
        ("harness", "held"),
        ("canary_resolves", "held"),
        ("fault_exercised", "held"),
    ]
    assert outcome_of(verdicts) is Outcome.PASSED


def test_a_guard_that_is_listed_is_judged_once_in_its_place() -> None:
    verdicts = judge(good().run(), [SuccessRate(at_least=1), FaultExercised(), CanaryResolves()])
    kinds = [verdict.kind for verdict in verdicts]
    assert kinds == ["harness", "clients_exercised", "success_rate", "fault_exercised", "canary_resolves"]


@dataclass(frozen=True)
class Crashing(Expectation):
    def judge(self, run: Run) -> Verdict:
        raise KeyError("no such client")


def test_a_checker_that_crashes_is_unknown_others_are_judged() -> None:
    verdicts = judge(good().run(), [Crashing(), SuccessRate(at_least=1)])
    crashed = verdicts[-2]
    assert (crashed.expectation, crashed.finding) == ("test_judge", "unknown")
    assert "KeyError: 'no such client'" in crashed.because
    assert verdicts[-1].finding == "held"
    assert outcome_of(verdicts) is Outcome.INVALID


@pytest.mark.parametrize("kind", EXPECTATIONS.kinds)
def test_an_unknown_parameter_is_refused(kind: str) -> None:
    with pytest.raises(ValidationError, match="no_such"):
        TypeAdapter(EXPECTATIONS.get(kind)).validate_python({"no_such": 1})


@pytest.mark.parametrize("kind", EXPECTATIONS.kinds)
def test_a_verdict_begins_with_its_kind_and_points_at_few_events(kind: str) -> None:
    parameters: dict[str, dict[str, Any]] = {
        "success_rate": {"at_least": 0.5},
        "recovers_within": {"within": 1},
        "attempts_per_call": {"at_most": 9},
        "longest_call": {"at_most": 1},
        "latency": {"at_most": 1},
        "answered_with": {"status": 200, "at_least": 0.5},
        "surfaces_error": {"errno": -5},
        "health_flips": {"within": 1},
        "never_empty": {"name": "a.test"},
        "never_missing": {"name": "a.test"},
        "never_older": {"name": "a.test"},
        "changes_at_most": {"name": "a.test", "n": 1, "per": 1},
        "level_reaches": {"client": "app", "level": "leases", "at_least": 1, "within": 1_000_000_000},
        "level_stays": {"client": "app", "level": "leases", "at_least": 1},
        "recovers_without_herd": {"peak_at_most": 1, "within": 1_000_000_000},
    }
    asked = (HealthChecked(at=at(when), client="app", status=200, latency_ns=1) for when in (4900, 5900))
    record = ServedRecord(rtype="A", ttl=5, data="192.0.2.1")
    name = NameChange(name="a.test", exists=True, after=(record,))
    changed = ZoneChanged(at=at(1), zone="test", serial=2, source="update", author="key", changes=(name,))
    level = LevelMeasured(at=at(5000), client="app", name="leases", value=2)
    opened = ConnectionOpened(
        at=at(7101), connection="c", proxy="dynamodb", peer="127.0.0.1:1", upstream_peer="127.0.0.1:2"
    )
    run = good().add(*asked, changed, level, opened).lookup("app", 7100, 1001).run()
    verdict = EXPECTATIONS.get(kind)(**parameters.get(kind, {})).judge(run)
    assert verdict.expectation.split(" ")[0] == kind
    assert 0 < len(verdict.evidence) <= 10
    assert set(verdict.evidence) <= {entry.seq for entry in run.entries}
