"""The rule by which ``margin --at-least X`` stops, and its driver."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.search.at_least import Plan, decide


def test_eleven_passes_are_enough_for_four_of_five_at_90_percent() -> None:
    assert decide(Plan(), [True] * 10) is None
    decision = decide(Plan(), [True] * 11)
    assert decision is not None
    assert (decision.answer, decision.held, decision.runs) == ("at least", 11, 11)


def test_two_failures_at_once_are_too_many() -> None:
    assert decide(Plan(), [False]) is None
    decision = decide(Plan(), [False, False])
    assert decision is not None
    assert decision.answer == "less"


def test_a_failure_needs_more_passes_after_it() -> None:
    numbers = []
    for failures in range(2):
        answers = [True] * 5 + [False] * failures
        while (decision := decide(Plan(runs_max=200), answers)) is None:
            answers.append(True)
        assert decision.answer == "at least"
        numbers.append(decision.runs)
    assert numbers[0] == 11
    assert numbers[1] > 20


PLANS = st.builds(
    Plan,
    share=st.floats(0.5, 0.95),
    confidence=st.floats(0.5, 0.99),
    runs_max=st.integers(1, 10),
)


@given(PLANS, st.floats(0, 1))
def test_false_statements_are_as_rare_as_it_says(plan: Plan, chance: float) -> None:
    """Every order of results counted, beside the walk that made the rule."""
    wrong = 0.0
    for answers in itertools.product((True, False), repeat=plan.runs_max):
        decision = decide(plan, answers)
        assert decision is not None
        held = sum(answers)
        probability = chance**held * (1 - chance) ** (plan.runs_max - held)
        false = decision.answer == ("at least" if chance < plan.share else "less")
        wrong += probability * false
    assert wrong <= 1 - plan.confidence + 1e-9


@given(PLANS, st.lists(st.booleans(), max_size=12), st.lists(st.booleans(), max_size=4))
def test_an_answer_stands_whatever_comes_after(plan: Plan, answers: list[bool], more: list[bool]) -> None:
    decision = decide(plan, answers)
    if decision is not None:
        assert decide(plan, answers + more) == decision
        assert decision.runs <= plan.runs_max
    else:
        assert len(answers) < plan.runs_max


@given(PLANS, st.lists(st.booleans(), min_size=1, max_size=10), st.integers(0, 9))
def test_a_pass_in_place_of_a_failure_never_makes_it_worse(plan: Plan, answers: list[bool], place: int) -> None:
    better = [*answers]
    better[place % len(better)] = True
    decision, other = decide(plan, answers), decide(plan, better)
    if decision is not None and decision.answer == "at least" and other is not None:
        assert other.answer == "at least"
    if other is not None and other.answer == "less" and decision is not None:
        assert decision.answer == "less"


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_it_ends_and_can_say_both(share: float) -> None:
    plan = Plan(share=share, runs_max=100)
    for held, answer in ((True, "at least"), (False, "less")):
        decision = decide(plan, [held] * 100)
        assert decision is not None
        assert decision.answer == answer
