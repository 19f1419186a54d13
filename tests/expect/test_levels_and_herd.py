"""level_reaches, level_stays and recovers_without_herd, each with what it cannot know."""

from __future__ import annotations

from typing import Literal

import pytest

from chaoskit.expect.level_reaches import LevelReaches
from chaoskit.expect.level_stays import LevelStays
from chaoskit.expect.recovers_without_herd import RecoversWithoutHerd
from chaoskit.journal.events import DialAnswered, LevelMeasured
from chaoskit.units import SECOND
from tests.journal.story import Story, at


def level(when: float, value: float, client: str = "app") -> LevelMeasured:
    return LevelMeasured(at=at(when), client=client, name="leases held", value=value)


def dial(when: float, outcome: Literal["accepted", "refused", "gone"] = "accepted") -> DialAnswered:
    return DialAnswered(at=at(when), answered_at=at(when + 5), client="door", peer="127.0.0.1:1", outcome=outcome)


def story(ends: float = 20_000) -> Story:
    story = Story(ends=ends).head("app").fault(5000, 7000)
    return story.add(level(ends, 0, client="other"))  # so that the journal goes on until then


REACHES = LevelReaches(client="app", level="leases held", at_least=20, within=5 * SECOND)


@pytest.mark.parametrize(
    ("measured", "finding", "because"),
    [
        ([level(6000, 3), level(9000, 20)], "held", "20 2 s after the end of the fault"),
        ([level(6000, 20)], "held", "20 0 s after the end of the fault"),
        ([level(6000, 20), level(6500, 4)], "broken", "at most 4 until 5 s after the end of the fault"),
        ([level(6000, 3), level(13_000, 20)], "broken", "at most 3 until"),
        ([level(13_000, 20)], "unknown", "nothing was measured until"),
        ([], "unknown", "app told no level 'leases held'"),
    ],
)
def test_a_level_is_there_again(measured: list[LevelMeasured], finding: str, because: str) -> None:
    verdict = REACHES.judge(story().add(*measured).run())
    assert (verdict.finding, because in verdict.because) == (finding, True), verdict.because


def test_a_run_that_ends_early_does_not_tell_whether_it_is() -> None:
    run = story(ends=8000).add(level(6000, 3)).run()
    assert REACHES.judge(run).finding == "unknown"


def test_without_a_fault_there_is_no_end_to_count_from() -> None:
    run = Story().head("app").add(level(100, 99)).run()
    assert REACHES.judge(run).finding == "unknown"
    assert RecoversWithoutHerd(peak_at_most=1, within=SECOND).judge(run).finding == "unknown"


@pytest.mark.parametrize(("least", "finding"), [(3.0, "held"), (2.0, "broken")])
def test_a_level_never_goes_below(least: float, finding: str) -> None:
    run = story().add(level(1000, 5), level(2000, least), level(3000, 6)).run()
    assert LevelStays(client="app", level="leases held", at_least=3).judge(run).finding == finding
    assert LevelStays(client="app", level="nothing", at_least=3).judge(run).finding == "unknown"


def herd(dials: int, lookups: int, *, spread: float = 1) -> Story:
    """So many dials and lookups right after the fault, ``spread`` ms from one to the next, and a client that is well."""
    happenings = story().looks()
    for number in range(dials):
        happenings.add(dial(7000 + number * spread, "refused" if number % 2 else "accepted"))
    for number in range(lookups):
        happenings.lookup("app", 7000 + number * spread, 5000 + number)
    for number in range(18):
        happenings.call("app", 250 + number * 1000, 270 + number * 1000)
    return happenings


@pytest.mark.parametrize(
    ("dials", "lookups", "spread", "finding"),
    [(10, 10, 1, "held"), (40, 10, 1, "broken"), (10, 40, 1, "broken"), (40, 40, 50, "held")],
)
def test_a_herd_is_counted_in_each_100_ms(dials: int, lookups: int, spread: float, finding: str) -> None:
    verdict = RecoversWithoutHerd(peak_at_most=20, within=10 * SECOND).judge(herd(dials, lookups, spread=spread).run())
    assert verdict.finding == finding, verdict.because


@pytest.mark.parametrize(("at_most", "finding"), [(5, "held"), (4, "broken")])
def test_refused_connections_are_counted_where_a_limit_is_set(at_most: int, finding: str) -> None:
    expectation = RecoversWithoutHerd(peak_at_most=20, within=10 * SECOND, refused_at_most=at_most)
    verdict = expectation.judge(herd(10, 10).run())
    assert verdict.finding == finding, verdict.because
    assert "5 of 10 connections were refused" in verdict.because
    assert expectation.judge(herd(0, 10).run()).finding == "unknown"


def test_connections_that_nobody_saw_are_unknown_and_not_none() -> None:
    verdict = RecoversWithoutHerd(peak_at_most=20, within=10 * SECOND).judge(herd(0, 10).run())
    assert verdict.finding == "unknown"
    assert "no connections were seen after the fault" in verdict.because


def test_limits_of_a_herd_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="peak_at_most is below 1"):
        RecoversWithoutHerd(peak_at_most=0, within=SECOND)
    with pytest.raises(ValueError, match="within is below 100ms"):
        RecoversWithoutHerd(peak_at_most=1, within=1)
    with pytest.raises(ValueError, match="refused_at_most is below 0"):
        RecoversWithoutHerd(peak_at_most=1, within=SECOND, refused_at_most=-1)
