"""A client that is judged must have met a fault, and no listed guard switches the guard of the others off."""

from __future__ import annotations

import pytest

from chaoskit.expect import Expectation, judge
from chaoskit.expect.fault_exercised import FaultExercised
from chaoskit.expect.recovers_within import RecoversWithin
from chaoskit.expect.success_rate import SuccessRate
from chaoskit.journal import events as ev
from chaoskit.journal.run import Run
from chaoskit.units import SECOND
from chaoskit.verdict import Outcome, Verdict, outcome_of
from tests.journal.story import Story, at

OUTAGE = "outage"


def two_clients() -> Story:
    """``cold`` meets the blank, and ``warm`` looks nothing up; both make calls all the while."""
    story = Story().head("cold", "warm").looks().fault(4000, 6000)
    for when in range(0, 10_000, 500):
        inside = 4000 <= when < 6000
        story.lookup(
            "cold", when + 1, 4000 + when // 100, answers=0 if inside else 1, faults=("blank",) if inside else ()
        )
        story.call("cold", when, when + 30, "failed" if inside else "ok")
        story.call("warm", when, when + 20)
    return story


def judged(story: Story, *expectations: Expectation) -> tuple[Outcome, dict[str, Verdict]]:
    verdicts = judge(story.end().run(), expectations)
    return outcome_of(verdicts), {verdict.kind: verdict for verdict in verdicts}


def test_a_judged_client_that_met_nothing_is_not_exercised() -> None:
    outcome, verdicts = judged(two_clients(), RecoversWithin(within=2 * SECOND, client="warm"))
    assert outcome is Outcome.NOT_EXERCISED
    because = "warm is judged and met no fault; if that is meant, write unaffected: true"
    assert verdicts["clients_exercised"].because == because
    assert verdicts["fault_exercised"].finding == "held"


@pytest.mark.parametrize(
    "expectation",
    [
        RecoversWithin(within=2 * SECOND, client="cold"),
        RecoversWithin(within=2 * SECOND, client="warm", unaffected=True),
        RecoversWithin(within=2 * SECOND, unaffected=True),
        SuccessRate(phase="baseline", at_least=1.0),
        SuccessRate(client="cold", at_most=0.9),
    ],
    ids=str,
)
def test_what_is_meant_so_or_met_is_exercised(expectation: Expectation) -> None:
    outcome, verdicts = judged(two_clients(), expectation)
    assert outcome is Outcome.PASSED, {kind: verdict.because for kind, verdict in verdicts.items()}


def test_every_client_means_each_of_them() -> None:
    assert judged(two_clients(), RecoversWithin(within=2 * SECOND))[0] is Outcome.NOT_EXERCISED


def test_naming_one_injection_leaves_the_guard_of_all() -> None:
    story = two_clients().fault(8000, 8500, OUTAGE)
    outcome, _ = judged(story, FaultExercised("blank"), RecoversWithin(within=2 * SECOND, client="cold"))
    assert outcome is Outcome.NOT_EXERCISED


def test_an_optional_injection_may_meet_nothing() -> None:
    story = two_clients().fault(8000, 8500, OUTAGE)
    story.events = [
        event.with_fields(optional=event.injection == OUTAGE) if isinstance(event, ev.InjectionPlanned) else event
        for event in story.events
    ]
    outcome, verdicts = judged(story, RecoversWithin(within=2 * SECOND, client="cold"))
    assert outcome is Outcome.PASSED
    assert "outage met nothing, and is optional" in verdicts["fault_exercised"].because


def test_a_killed_process_has_met_its_fault() -> None:
    story = two_clients()
    kill = ev.InjectionPlanned(
        at=at(-60), injection="kill", plane="process", fault="kill", where="warm", target={"process": "warm"},
        spans=((at(8000), at(8500)),),
    )  # fmt: skip
    story.add(kill, ev.InjectionApplied(at=at(8001), injection="kill", due=at(8000)))
    assert Run(story.end().entries()).exposures("warm") == {"kill"}
