"""Expectations with limits: success_rate, attempts_per_call, longest_call, recovers_within."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.expect import EXPECTATIONS, Expectation
from chaoskit.expect.attempts_per_call import AttemptsPerCall
from chaoskit.expect.longest_call import LongestCall
from chaoskit.expect.recovers_within import RecoversWithin
from chaoskit.expect.success_rate import SuccessRate
from chaoskit.journal.events import Result
from chaoskit.units import MILLISECOND, SECOND
from chaoskit.verdict import Verdict
from tests.journal.story import Story


def story(*clients: str) -> Story:
    return Story().head(*(clients or ("app",))).fault(5000, 7000)


@pytest.mark.parametrize(
    ("kind", "parameters", "says"),
    [
        ("success_rate", {}, "nothing is asked; write at_least or at_most"),
        ("success_rate", {"at_least": 95}, "95 is not a share; write a number from 0 to 1, for example 0.95 for 95%"),
        ("success_rate", {"at_most": -0.1}, "not a share"),
        ("success_rate", {"at_least": 0.9, "at_most": 0.5}, "at_least is above at_most"),
        ("attempts_per_call", {}, "nothing is asked"),
        ("attempts_per_call", {"at_least": 0}, "at least 1 attempt"),
        ("attempts_per_call", {"exactly": 4, "at_most": 5}, "exactly stands alone"),
        ("attempts_per_call", {"at_least": 5, "at_most": 4}, "at_least is above at_most"),
        ("longest_call", {}, "nothing is asked"),
        ("longest_call", {"at_least": 2, "at_most": 1}, "at_least is above at_most"),
        ("recovers_within", {"within": -1}, "below 0"),
    ],
)
def test_limits_that_make_no_sense_are_refused(kind: str, parameters: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        EXPECTATIONS.get(kind)(**parameters)


EACH: list[Expectation] = [
    SuccessRate(client="gone", at_least=0),
    AttemptsPerCall(client="gone", at_most=99),
    LongestCall(client="gone", at_most=10**15),
    RecoversWithin(10**15, client="gone"),
]


@pytest.mark.parametrize("expectation", EACH, ids=lambda each: type(each).__name__)
def test_a_client_that_is_not_there_is_unknown(expectation: Expectation) -> None:
    verdict = expectation.judge(story().run())
    assert verdict.finding == "unknown"
    assert verdict.because == "no client 'gone' became ready; ready were: app"


@pytest.mark.parametrize(
    "expectation",
    [
        SuccessRate(phase="fault", at_least=0),
        AttemptsPerCall(phase="fault", at_most=99),
        LongestCall(phase="fault", at_most=SECOND),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_phase_without_calls_is_unknown(expectation: Expectation) -> None:
    quiet = story()
    quiet.call("app", 0, 5)
    verdict = expectation.judge(quiet.end().run())
    assert (verdict.finding, verdict.because) == ("unknown", "app made no call in the fault")


def test_no_clients_at_all_is_unknown() -> None:
    assert SuccessRate(at_least=0).judge(Story().head().run()).finding == "unknown"


def test_without_a_client_it_must_hold_for_every_client() -> None:
    two = story("good", "bad")
    two.call("good", 0, 5)
    two.call("bad", 0, 5, "failed")
    verdict = SuccessRate(at_least=1).judge(two.run())
    assert verdict.finding == "broken"
    assert verdict.because == "bad: 0 of 1 calls succeeded (0%); good: 1 of 1 calls succeeded (100%)"
    assert SuccessRate(client="good", at_least=1).judge(two.run()).finding == "held"


def test_the_canary_is_not_judged_as_a_client() -> None:
    one = story().looks()
    one.call("app", 0, 5)
    assert "canary" not in SuccessRate(at_least=0).judge(one.run()).because


class TestSuccessRate:
    def rate(self, results: list[Result], **limits: Any) -> Verdict:
        made = story()
        for number, result in enumerate(results):
            made.call("app", number * 10, None if result == "unknown" else number * 10 + 5, result)
        return SuccessRate(**limits).judge(made.run())

    def test_the_bounds_belong_to_what_is_allowed(self) -> None:
        results: list[Result] = ["ok", "ok", "ok", "failed"]
        assert self.rate(results, at_least=0.75).finding == "held"
        assert self.rate(results, at_least=0.76).finding == "broken"
        assert self.rate(results, at_most=0.75).finding == "held"
        assert self.rate(results, at_most=0.74).finding == "broken"

    def test_a_call_that_never_ended_did_not_succeed(self) -> None:
        assert self.rate(["ok", "unknown"], at_least=0.51).finding == "broken"
        assert self.rate(["ok", "unknown"], at_least=0.5).finding == "held"

    def test_only_the_calls_that_started_in_the_phase(self) -> None:
        made = story()
        made.call("app", 4000, 4005)
        made.call("app", 6000, 6005, "failed")
        made.call("app", 8000, 8005)
        run = made.run()
        assert SuccessRate(phase="fault", at_most=0).judge(run).finding == "held"
        assert SuccessRate(phase="baseline", at_least=1).judge(run).finding == "held"
        assert SuccessRate(phase="recovery", at_least=1).judge(run).finding == "held"
        assert SuccessRate(at_least=1).judge(run).because == "app: 2 of 3 calls succeeded (66.7%)"

    def test_evidence_is_what_decided(self) -> None:
        made = story()
        made.call("app", 0, 5)
        made.call("app", 10, 15, "failed")
        run = made.run()
        (seq,) = SuccessRate(at_least=1).judge(run).evidence
        assert run.entries[seq - 1].event.kind == "call_finished"
        assert getattr(run.entries[seq - 1].event, "result", "") == "failed"
        (seq,) = SuccessRate(at_most=0).judge(run).evidence
        assert getattr(run.entries[seq - 1].event, "result", "") == "ok"

    def test_nearly_all_is_not_printed_as_all(self) -> None:
        results: list[Result] = ["ok"] * 4999
        assert "(over 99.9%)" in self.rate([*results, "failed"], at_least=1).because

    @given(st.lists(st.sampled_from(["ok", "failed", "unknown"]), min_size=1, max_size=20), st.floats(0, 1))
    def test_exactly_one_of_at_least_and_below_holds(self, results: list[Result], bound: float) -> None:
        share = results.count("ok") / len(results)
        assert (self.rate(results, at_least=bound).finding == "held") == (share >= bound)
        assert (self.rate(results, at_most=bound).finding == "held") == (share <= bound)


class TestAttemptsPerCall:
    def counted(self, counts: list[int], *, hanging: bool = False, **limits: Any) -> Verdict:
        made = story()
        for number, count in enumerate(counts):
            start = number * 100
            made.call("app", start, start + 50, tries=[(start + n, start + n) for n in range(count)])
        if hanging:
            made.call("app", 5000, None)
        return AttemptsPerCall(**limits).judge(made.run())

    def test_every_finished_call_counts(self) -> None:
        assert self.counted([4, 4], exactly=4).finding == "held"
        verdict = self.counted([4, 3, 4, 1], exactly=4)
        assert verdict.finding == "broken"
        assert verdict.because == "app: 1 to 4 attempts a call, over 4 calls; 2 of them outside the bounds"
        assert self.counted([4, 1], at_most=4).finding == "held"
        assert self.counted([4, 1], at_least=2).finding == "broken"
        assert self.counted([10, 9], at_least=9, at_most=10).finding == "held"

    def test_a_call_that_hangs_does_not_count(self) -> None:
        assert self.counted([4], hanging=True, exactly=4).finding == "held"
        assert self.counted([], hanging=True, at_most=4).finding == "unknown"

    def test_a_client_that_reports_no_attempts_cannot_be_judged(self) -> None:
        verdict = self.counted([0, 0], at_most=4)
        assert (verdict.finding, verdict.because) == ("unknown", "app: no attempt was reported for 2 of 2 calls")
        assert self.counted([0, 5], at_most=4).finding == "broken"
        assert self.counted([0, 3], at_most=4).finding == "unknown"


class TestLongestCall:
    def longest(self, lengths: list[float | None], **limits: Any) -> Verdict:
        made = Story(ends=1000).head("app")
        for number, length in enumerate(lengths):
            made.call("app", number, None if length is None else number + length)
        return LongestCall(**limits).judge(made.end().run())  # the journal ends at 1,100 ms

    def test_bounds(self) -> None:
        assert self.longest([5, 130, 7], at_most=130 * MILLISECOND).finding == "held"
        assert self.longest([5, 130, 7], at_most=129 * MILLISECOND).finding == "broken"
        assert self.longest([5, 130], at_least=130 * MILLISECOND).finding == "held"
        assert self.longest([5, 130], at_least=131 * MILLISECOND).finding == "broken"
        assert self.longest([130], at_most=SECOND).because == "app: longest call 130 ms"

    def test_a_failed_call_counts_too(self) -> None:
        made = story()
        made.call("app", 0, 900, "failed")
        assert LongestCall(at_most=SECOND // 2).judge(made.run()).finding == "broken"

    def test_a_call_without_an_end_lasted_as_long_as_it_was_seen(self) -> None:
        assert self.longest([None], at_most=SECOND).finding == "broken"
        assert "over 1.1 s, never ended" in self.longest([None], at_most=SECOND).because
        assert self.longest([None], at_least=SECOND).finding == "held"

    def test_and_so_no_limit_from_above_can_be_shown_to_be_kept(self) -> None:
        assert self.longest([None], at_most=5 * SECOND).finding == "unknown"
        assert self.longest([None], at_least=5 * SECOND).finding == "unknown"
        assert self.longest([None], at_least=SECOND, at_most=5 * SECOND).finding == "unknown"


class TestRecoversWithin:
    def test_in_time_and_too_late(self) -> None:
        made = story()
        made.call("app", 6900, 6990, "failed")
        made.call("app", 7250, 7260)
        run = made.end().run()
        assert RecoversWithin(260 * MILLISECOND).judge(run).finding == "held"
        late = RecoversWithin(259 * MILLISECOND).judge(run)
        assert (late.finding, late.because) == ("broken", "app: well again 260 ms after the end of the fault")
        assert late.expectation == "recovers_within every client within 259 ms"

    def test_a_client_that_never_noticed(self) -> None:
        made = story()
        made.call("app", 6000, 6005)
        made.call("app", 7250, 7255)
        verdict = RecoversWithin(0).judge(made.end().run())
        assert (verdict.finding, verdict.because) == ("held", "app: never noticed the fault")

    def test_no_call_after_the_fault_shows_nothing(self) -> None:
        made = story()
        made.call("app", 6000, 6005)
        assert RecoversWithin(SECOND).judge(made.end().run()).finding == "unknown"

    def test_not_back_at_the_end(self) -> None:
        made = story()
        made.call("app", 6000, 6005, "failed")
        made.call("app", 9000, 9005, "failed")
        run = made.end().run()
        broken = RecoversWithin(2 * SECOND).judge(run)
        assert (broken.finding, broken.because) == (
            "broken",
            "app: did not recover in the 3 s after the fault that were seen",
        )
        unknown = RecoversWithin(4 * SECOND).judge(run)
        assert unknown.finding == "unknown", "the run was too short to tell"

    def test_without_a_fault_there_is_nothing_to_recover_from(self) -> None:
        made = Story().head("app")
        made.call("app", 0, 5)
        assert RecoversWithin(SECOND).judge(made.end().run()).finding == "unknown"
