"""``apps_stay_up``, ``latency`` and ``answered_with``."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.expect.answered_with import AnsweredWith
from chaoskit.expect.apps_stay_up import AppsStayUp
from chaoskit.expect.latency import Latency
from chaoskit.journal.events import AppEnded, AppStarted, AttemptFinished, CallFinished, CallStarted, Result
from chaoskit.report.answers import answers_of
from chaoskit.units import MILLISECOND
from tests.journal.story import Story, at


def test_an_app_that_ends_by_itself_is_told_with_code_and_phase() -> None:
    story = Story().head().ready("web", "program", -900).ready("db", "program", -800).fault(5000, 7000)
    assert AppsStayUp().judge(story.run()).finding == "held"
    story.add(AppEnded(at=at(5500), client="web", exit_code=139))
    verdict = AppsStayUp().judge(story.run())
    assert verdict.finding == "broken"
    assert "web ended with exit code 139 5.5 s after the start, in the fault" in verdict.because
    assert AppsStayUp(app="db").judge(story.run()).finding == "held"
    assert AppsStayUp(app="no").judge(story.run()).finding == "unknown"


def test_an_app_that_was_never_ready_is_not_called_missing() -> None:
    story = Story().head()
    assert "this run has no app" in AppsStayUp().judge(story.run()).because
    story.add(AppStarted(at=at(-900), client="web", pid=2))
    verdict = AppsStayUp().judge(story.run())
    assert (verdict.finding, verdict.because) == ("unknown", "no app became ready")


def answered(*calls: tuple[float, float, int | None]) -> Story:
    """Calls of a probe: start and length in ms, and status."""
    story = Story().head().ready("probe", "http", -900).fault(5000, 7000)
    for number, (start, length, status) in enumerate(calls, 1):
        result: Result = "ok" if status == 200 else "failed"
        end = at(start + length)
        story.add(
            CallStarted(at=at(start), client="probe", call=number, operation="GET /", due=at(start)),
            AttemptFinished(
                at=end, client="probe", call=number, attempt=1, result=result, status=status,
                latency_ns=round(length * MILLISECOND),
            ),
            CallFinished(at=end, client="probe", call=number, result=result),
        )  # fmt: skip
    return story.end()


CALLS = [(float(1000 + n), float(n), 200) for n in range(1, 101)]


@pytest.mark.parametrize(
    ("settings", "finding"),
    [
        ({"at_most": 99 * MILLISECOND}, "held"),
        ({"at_most": 98 * MILLISECOND}, "broken"),
        ({"at_most": 50 * MILLISECOND, "percentile": 50}, "held"),
        ({"at_most": 99 * MILLISECOND, "percentile": 100}, "broken"),
        ({"at_most": 99 * MILLISECOND, "phase": "fault"}, "unknown"),
    ],
)
def test_latency_is_the_nearest_rank_of_calls_that_succeeded(settings: dict[str, Any], finding: str) -> None:
    story = answered(*CALLS, (6000.0, 900.0, 503))
    assert Latency(**settings).judge(story.run()).finding == finding


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=40), st.floats(1, 100))
def test_a_latency_that_was_measured_holds_as_its_own_limit(lengths: list[int], percentile: float) -> None:
    run = answered(*((10.0 * n, float(length), 200) for n, length in enumerate(lengths))).run()
    longest = Latency(at_most=max(lengths) * MILLISECOND, percentile=percentile).judge(run)
    shortest = Latency(at_most=min(lengths) * MILLISECOND - 1, percentile=percentile).judge(run)
    assert (longest.finding, shortest.finding) == ("held", "broken")


def test_answers_are_counted_by_phase() -> None:
    run = answered((1000.0, 5.0, 200), (5100.0, 5.0, 503), (5200.0, 5.0, None), (5300.0, 5.0, 503)).run()
    held = AnsweredWith(status=503, phase="fault", at_least=0.6, at_most=0.7).judge(run)
    assert (held.finding, held.because) == ("held", "probe: 2 of 3 calls in the fault were answered with 503")
    assert AnsweredWith(status=(502, 503), at_most=0.1).judge(run).finding == "broken"
    assert AnsweredWith(status=503, at_least=0.9).judge(run).finding == "broken"
    answers = answers_of(run, "probe")
    assert answers is not None
    assert answers.status_line("fault") == "2 × 503, 1 × no answer"
    assert answers.latency_line("fault") == "no call succeeded"
    assert answers.latency_line("baseline") == "50% 5 ms, 95% 5 ms, 99% 5 ms"


@pytest.mark.parametrize(
    "settings", [{"status": 200}, {"status": (), "at_least": 1.0}, {"status": 200, "at_least": 2.0}]
)
def test_what_asks_for_nothing_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="write"):
        AnsweredWith(**settings)
