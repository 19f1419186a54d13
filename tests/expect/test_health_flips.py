"""``health_flips``: when a health endpoint changed its word."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.expect.health_flips import HealthFlips
from chaoskit.journal import events as ev
from chaoskit.units import MILLISECOND, SECOND
from chaoskit.verdict import Verdict
from tests.effort import examples
from tests.journal.story import Story, at


def judged(
    expectation: HealthFlips, status: Callable[[int], int | None], *, ends: int = 10_000, since: int = 0
) -> Verdict:
    """A fault from 5 to 7 s; the endpoint is asked every 100 ms and says ``status`` of the millisecond."""
    story = Story().head("app").fault(5000, 7000)
    for when in range(since, ends, 100):
        story.add(ev.HealthChecked(at=at(when), client="app", status=status(when), latency_ns=MILLISECOND))
    return expectation.judge(story.end().run())


def unwell(first: int, until: int, bad: int | None = 503) -> Callable[[int], int | None]:
    return lambda when: bad if first <= when < until else 200


def test_it_flips_in_time_and_back() -> None:
    verdict = judged(HealthFlips(SECOND, SECOND), unwell(5300, 7500))
    assert verdict.finding == "held"
    assert verdict.because == "app: 503 300 ms after the start of the fault, and well again 500 ms after its end"
    assert len(verdict.evidence) == 3


@pytest.mark.parametrize("bad", [503, 500, 404, 429, None])
def test_unwell_is_what_a_load_balancer_takes_for_it(bad: int | None) -> None:
    assert judged(HealthFlips(SECOND), unwell(5300, 9999, bad)).finding == "held"


@pytest.mark.parametrize("good", [200, 204, 302])
def test_other_statuses_are_well(good: int) -> None:
    assert judged(HealthFlips(SECOND), lambda _: good).finding == "broken"


@pytest.mark.parametrize(
    ("limits", "first", "until", "finding"),
    [
        ((SECOND, None), 6000, 9000, "held"),
        ((SECOND, None), 6100, 9000, "broken"),
        ((SECOND, SECOND), 5500, 8000, "held"),
        ((SECOND, SECOND), 5500, 8100, "broken"),
        ((SECOND, SECOND), 5500, 99_999, "broken"),
        ((SECOND, 5 * SECOND), 5500, 99_999, "unknown"),
        ((SECOND, SECOND), 5500, 6000, "held"),
        ((5 * SECOND, None), 9000, 9500, "held"),
    ],
)
def test_limits(limits: tuple[int, int | None], first: int, until: int, finding: str) -> None:
    assert judged(HealthFlips(*limits), unwell(first, until)).finding == finding


def test_an_endpoint_that_never_notices() -> None:
    verdict = judged(HealthFlips(SECOND), lambda _: 200)
    assert (verdict.finding, verdict.because) == ("broken", "app: said 200 all through the fault, 20 times asked")


def test_a_single_silence_is_no_flip() -> None:
    """On a machine that stands still for a second, an endpoint misses one question, and says nothing by it."""
    verdict = judged(HealthFlips(SECOND), unwell(5300, 5400, None))
    because = "app: said 200 all through the fault, 20 times asked, of which 1 alone without an answer"
    assert (verdict.finding, verdict.because) == ("broken", because)
    late = judged(
        HealthFlips(SECOND, SECOND), lambda when: 503 if 5300 <= when < 7100 else None if when == 8700 else 200
    )
    assert late.finding == "held"
    assert judged(HealthFlips(SECOND), unwell(5300, 5500, None)).finding == "held"


def test_an_endpoint_that_was_unwell_before_shows_no_flip() -> None:
    verdict = judged(HealthFlips(SECOND), unwell(4000, 8000))
    assert (verdict.finding, verdict.because) == (
        "unknown",
        "app: before the fault it said 503, so no flip can be seen",
    )
    assert judged(HealthFlips(SECOND), unwell(5300, 8000), since=5000).finding == "unknown"


def test_flapping_back_counts_from_the_last_time_it_was_unwell() -> None:
    flapping = judged(
        HealthFlips(SECOND, SECOND), lambda when: 503 if 5300 <= when < 7200 or 8500 <= when < 8600 else 200
    )
    assert flapping.finding == "broken"
    assert "well again 1.6 s after its end" in flapping.because


def test_what_was_not_watched_long_enough_is_unknown() -> None:
    assert judged(HealthFlips(3 * SECOND), lambda _: 200, ends=6000).finding == "unknown"
    assert judged(HealthFlips(SECOND), lambda _: 200, ends=0).finding == "unknown"


def test_without_a_fault_or_an_endpoint_it_is_unknown() -> None:
    story = Story().head("app")
    assert HealthFlips(SECOND).judge(story.run()).finding == "unknown"
    assert HealthFlips(SECOND, client="app").judge(story.fault(1000, 2000).run()).finding == "unknown"
    assert "no client has a health endpoint" in HealthFlips(SECOND).judge(story.run()).because


def test_limits_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="back_within is below 0"):
        HealthFlips(SECOND, -1)


@settings(max_examples=examples(200))
@given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 3000))
def test_held_means_in_time(flip: int, length: int, within_ms: int) -> None:
    """Whenever it flips after the start of the fault, and for however long."""
    first = 5000 + flip * 100
    verdict = judged(HealthFlips(within_ms * MILLISECOND), unwell(first, first + length * 100))
    seen = length > 0 and first < 10_000
    assert verdict.finding == ("held" if seen and flip * 100 <= within_ms else "broken")
