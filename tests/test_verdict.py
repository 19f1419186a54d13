from __future__ import annotations

import itertools

import pytest

from chaoskit.verdict import Finding, Outcome, Verdict, outcome_of

FINDINGS: tuple[Finding, ...] = ("held", "broken", "unknown")
GOOD: dict[str, Finding] = {"harness": "held", "canary_resolves": "held", "fault_exercised": "held"}


def outcome(**findings: Finding) -> Outcome:
    return outcome_of(
        [Verdict(kind=kind, expectation=f"{kind} of it", finding=found, because="") for kind, found in findings.items()]
    )


def test_exit_codes() -> None:
    assert [each.exit_code for each in Outcome] == [0, 1, 3, 4]
    assert [each.value for each in Outcome] == ["passed", "failed", "not exercised", "invalid"]


def test_all_held_is_passed() -> None:
    assert outcome(**GOOD, success_rate="held") is Outcome.PASSED


def test_a_broken_expectation_is_failed() -> None:
    assert outcome(**GOOD, success_rate="broken") is Outcome.FAILED


def test_what_could_not_be_judged_is_not_passed() -> None:
    assert outcome(**GOOD, success_rate="unknown") is Outcome.INVALID
    assert outcome(**GOOD, success_rate="unknown", longest_call="broken") is Outcome.FAILED


@pytest.mark.parametrize("guard", ["harness", "canary_resolves"])
@pytest.mark.parametrize("finding", ["broken", "unknown"])
def test_a_guard_that_did_not_hold_spoils_everything(guard: str, finding: Finding) -> None:
    assert outcome(**{**GOOD, guard: finding, "success_rate": "broken"}) is Outcome.INVALID
    assert outcome(**{**GOOD, guard: finding, "fault_exercised": "broken"}) is Outcome.INVALID


def test_a_fault_that_met_nothing_outranks_a_failure() -> None:
    assert outcome(**{**GOOD, "fault_exercised": "broken"}, success_rate="broken") is Outcome.NOT_EXERCISED
    assert outcome(**{**GOOD, "fault_exercised": "unknown"}) is Outcome.NOT_EXERCISED


def test_nothing_at_all_is_not_passed() -> None:
    assert outcome_of([]) is Outcome.NOT_EXERCISED
    assert outcome(harness="held", success_rate="held") is Outcome.NOT_EXERCISED


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("fault_exercised", Outcome.NOT_EXERCISED),
        ("canary_resolves", Outcome.INVALID),
        ("harness", Outcome.INVALID),
    ],
)
def test_a_kind_listed_twice_must_hold_twice(kind: str, expected: Outcome) -> None:
    good = [Verdict(kind=each, expectation=each, finding="held", because="") for each in GOOD]
    bad = Verdict(kind=kind, expectation=f"{kind} another", finding="broken", because="")
    assert outcome_of([bad, *good]) is expected
    assert outcome_of([*good, bad]) is expected


def test_only_three_held_guards_and_no_other_finding_can_pass() -> None:
    for harness, canary, exercised, other in itertools.product(FINDINGS, repeat=4):
        found = outcome(harness=harness, canary_resolves=canary, fault_exercised=exercised, success_rate=other)
        assert (found is Outcome.PASSED) == ({harness, canary, exercised, other} == {"held"})
