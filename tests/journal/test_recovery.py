"""Recovery: slowness is trouble, each fault is judged by itself, and nothing is said that was not seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.expect.recovers_within import RecoversWithin
from chaoskit.journal.trouble import MET_LEAST_NS, SLOW_LEAST_NS, Pace, is_slow, pace_of
from chaoskit.units import MILLISECOND, SECOND
from tests.journal.story import Story, at


def steady(*, fault: tuple[float, float] = (5000, 7000), ends: float = 20_000) -> Story:
    """A client whose calls take 30 ms each second, and a fault."""
    story = Story(ends=ends).head("app").looks().fault(*fault)
    for when in range(0, int(fault[0]), 1000):
        story.call("app", when, when + 30)
    return story


def judged(story: Story, **limits: object) -> tuple[str, str]:
    verdict = RecoversWithin(within=2 * SECOND, **limits).judge(story.end().run())  # type: ignore[arg-type]
    return verdict.finding, verdict.because


class TestSlowness:
    def test_a_call_that_hung_through_the_fault_is_slowed(self) -> None:
        story = steady(fault=(5000, 15_000))
        story.call("app", 5100, 20_100)
        story.call("app", 20_200, 20_230)
        finding, because = judged(story)
        assert finding == "broken"
        assert because == "app: well again 5.1 s after the end of the fault (slowed: longest 15 s, baseline 30 ms)"

    def test_slow_calls_inside_the_fault_alone_are_well_at_its_end(self) -> None:
        story = steady()
        story.call("app", 5000, 6500)
        for when in (7000, 8000):
            story.call("app", when, when + 30)
        finding, because = judged(story)
        assert (finding, because) == (
            "held",
            "app: well since 500 ms before the end of the fault (slowed: longest 1.5 s, baseline 30 ms)",
        )

    def test_a_busy_machines_delay_is_no_fault_s_doing(self) -> None:
        story = steady()
        for when in (5000, 6000, 7000, 8000):
            story.call("app", when, when + 120)
        assert judged(story) == ("held", "app: never noticed the fault")

    def test_the_next_faults_call_is_no_trouble_of_this_one(self) -> None:
        story = steady().fault(9000, 11_000, "second")
        story.lookup("app", 5510, 4001, rcode="NXDOMAIN", answers=0, faults=("blank",))
        story.call("app", 5500, 5530, "failed")
        story.call("app", 7100, 7130)
        story.lookup("app", 9010, 4002, rcode="NXDOMAIN", answers=0, faults=("second",))
        story.call("app", 8900, 9500, "failed")
        story.call("app", 9600, 9630)
        _, because = judged(story)
        assert because.startswith("app: well again 130 ms after the end of blank; ")

    def test_long_after_a_fault_a_busy_machine_may_take_its_time(self) -> None:
        story = steady()
        story.call("app", 5500, 5530, "failed")
        story.call("app", 7100, 7130)
        story.call("app", 11_000, 11_470)
        assert judged(story) == ("held", "app: well again 130 ms after the end of the fault")
        story.call("app", 12_000, 15_000)
        assert judged(story)[0] == "broken", "3 s are beyond doubt"

    @given(st.integers(1, 10**10), st.integers(1, 10**10), st.booleans())
    def test_slow_is_far_above_the_slowest_of_the_pace(self, slowest: int, length: int, met: bool) -> None:
        story = Story().head("app")
        story.call("app", 0, 1)
        (call,) = story.run().calls["app"]
        call = call.with_fields(finished=call.started + length)
        slow = is_slow(call, Pace(calls=1, median_ns=slowest, slowest_ns=slowest), call.started, met=met)
        assert not slow or length >= slowest + (MET_LEAST_NS if met else SLOW_LEAST_NS)
        assert slow or length < max(3 * slowest, slowest + SLOW_LEAST_NS)

    def test_a_pace_has_only_calls_that_nothing_disturbed(self) -> None:
        story = Story().head("app")
        story.call("app", 0, 30)
        story.call("app", 100, 5000, "failed")
        story.call("app", 200, None)
        pace = pace_of(story.run().calls["app"])
        assert pace == Pace(calls=1, median_ns=30 * MILLISECOND, slowest_ns=30 * MILLISECOND)
        assert pace_of([]) is None

    def test_without_a_baseline_calls_after_the_fault_tell_the_pace(self) -> None:
        story = Story(ends=20_000).head("app").fault(0, 5000)
        story.call("app", 100, 5400)
        for when in (6000, 7000):
            story.call("app", when, when + 30)
        assert judged(story)[0] == "held"
        assert story.run().recovery("app").lag_ns == 400 * MILLISECOND

    def test_an_open_call_is_trouble_where_no_pace_is_known(self) -> None:
        story = Story(ends=20_000).head("app").fault(0, 5000)
        story.call("app", 100, 8000)
        assert judged(story) == ("broken", "app: well again 3 s after the end of the fault")


class TestPerFault:
    def test_a_later_fault_that_ended_well_excuses_nothing(self) -> None:
        story = steady(ends=40_000).fault(20_000, 21_000, "slow")
        story.call("app", 5100, 12_600, tries=[(5100, 5200), (12_500, 12_600)])
        for when in (13_000, 20_200, 21_100):
            story.call("app", when, when + 30)
        finding, because = judged(story)
        assert finding == "broken"
        assert because.startswith("app: well again 5.6 s after the end of blank")
        assert judged(story, after="slow") == ("held", "app: never noticed slow")
        assert judged(story, after="blank")[0] == "broken"

    def test_well_long_before_the_end_is_said_so(self) -> None:
        story = steady(fault=(5000, 25_000), ends=40_000)
        story.call("app", 5100, 5200, "failed")
        story.call("app", 6670, 6700)
        for when in range(7000, 30_000, 1000):
            story.call("app", when, when + 30)
        assert judged(story) == ("held", "app: well since 18.3 s before the end of the fault")

    def test_an_injection_that_is_not_there_is_unknown(self) -> None:
        assert judged(steady(), after="other") == ("unknown", "no injection 'other' was planned")

    def test_overlapping_injections_are_one_fault(self) -> None:
        run = steady().fault(6000, 9000, "slow").run()
        assert [(episode.injections, episode.end) for episode in run.episodes] == [(("blank", "slow"), at(9000))]


class TestWhatMetIt:
    def test_calls_that_met_it_and_lost_nothing(self) -> None:
        story = steady()
        story.lookup("app", 5010, 4001, faults=("blank",))
        story.call("app", 5000, 5030, tries=[(5000, 5030)])
        for when in (7000, 8000):
            story.call("app", when, when + 30)
        assert judged(story) == ("held", "app: 1 call of it met the fault, and none was troubled")

    def test_a_client_without_evidence_is_unknown(self) -> None:
        story = Story(ends=20_000).head("app").fault(5000, 7000)
        story.call("app", 6000, 6010, tries=[])
        assert judged(story) == ("unknown", "app: nothing shows whether the fault troubled it")

    def test_a_client_that_made_no_call_is_unknown(self) -> None:
        story = Story(ends=20_000).head("app").fault(5000, 7000)
        assert judged(story) == ("unknown", "app made no call")

    @pytest.mark.parametrize("met", [True, False])
    def test_a_met_call_is_slow_sooner(self, met: bool) -> None:
        story = steady()
        story.lookup("app", 5010, 4001, faults=("blank",) if met else ())
        story.call("app", 5000, 5130, tries=[(5000, 5130)])
        story.call("app", 8000, 8030)
        assert (story.run().slow["app"] == frozenset({6})) is met
