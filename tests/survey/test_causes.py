"""A cause is named where the witnesses show it, and unknown elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.survey.causes import RULES, UNKNOWN, cause_of
from chaoskit.survey.observation import Observation
from chaoskit.survey.trial import FAULTS, Trial
from chaoskit.units import SECOND
from tests.survey.observations import clients, command, trial

S = SECOND

CASES = {
    "waits for late answers": (trial("slow-service"), command("waited", 9.4, 0, connections=((0, 9 * S),)), "no read time-out"),
    "silent to the end": (trial("silent"), command("not back", 25, None, connections=((0, None),)), "no read time-out"),
    "gives up a silent connection": (trial("silent"), command("failed", 6, connections=((0, 5 * S),)), "long time-out"),
    "a late answer": (
        trial("slow-service", start_s=3), clients("waited", hung_s=8.0, connections=((0, None),)), "no read time-out"
    ),
    "dials on": (trial("black-hole"), command("not back", 25, None, dialling=((0, 24 * S),), lookups=(0,)), "no connect time-out"),
    "dials for four seconds": (trial("black-hole"), command("failed", 5, dialling=((0, 4 * S),), lookups=(0,)), "long time-out"),
    "the first address only": (trial("dead-address"), command("failed", 1, lookups=(0,)), "first address only"),
    "glibc waits": (trial("no-answer"), command("failed", 10, repeats=(5 * S,), lookups=(0,)), "resolver waits"),
    "late DNS": (trial("late-answer"), command("waited", 4.1, 0, lookups=(0,)), "resolver waits"),
    "no second try": (trial("empty"), command("failed", 0.2, lookups=(0,)), "no retry"),
    "some tries": (trial("empty"), command("failed", 6, lookups=(0, S, 3 * S)), "gives up too soon"),
    "sleeps across the end": (trial("empty"), command("late", 22, 0, lookups=(0, 4 * S, 21 * S)), "back-off"),
    "a negative answer is kept": (
        trial("empty", start_s=3), clients("failed", failed=60, back_s=8, lookups=(3 * S, 26 * S)), "no fresh lookup"
    ),
    "one try a call": (trial("refused", start_s=3), clients("failed", failed=2, lookups=(4 * S, 5 * S)), "no retry"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_evidence_names_the_cause(case: str) -> None:
    tried, observation, key = CASES[case]
    cause = cause_of(tried, observation)
    assert cause is not None
    assert cause.key == key
    assert cause.because
    assert cause.cure


def test_without_evidence_it_is_unknown() -> None:
    assert cause_of(trial("empty"), command("failed", 3)) == UNKNOWN
    assert cause_of(trial("black-hole"), command("not back", 25, None)) == UNKNOWN


@pytest.mark.parametrize("status", ["unharmed", "not exercised"])
def test_what_did_no_harm_has_no_cause(status: str) -> None:
    assert cause_of(trial("empty"), command(status, 1, 0, lookups=(0,))) is None


instants = st.lists(st.integers(0, 28 * S), max_size=5).map(lambda times: tuple(sorted(times)))
spans = st.lists(st.tuples(st.integers(0, 20 * S), st.integers(0, 8 * S)), max_size=4).map(
    lambda pairs: tuple((start, start + length) for start, length in pairs)
)


@given(
    tried=st.sampled_from([trial(fault.key) for fault in FAULTS]),
    observation=st.builds(
        command,
        st.sampled_from(["not back", "failed", "late", "waited"]),
        st.floats(0.1, 28),
        st.sampled_from([0, 1, 7, None]),
        lookups=instants,
        repeats=instants,
        connections=spans,
        dialling=spans,
    ),
)
def test_every_rule_says_what_it_saw(tried: Trial, observation: Observation) -> None:
    for rule in RULES:
        cause = rule(tried, observation)
        assert cause is None or (cause.because and cause.cure and cause.key != "unknown")
