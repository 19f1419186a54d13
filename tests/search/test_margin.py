"""The search for a margin, on simulated curves: what it says must hold as often as it says."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.errors import InputError
from chaoskit.search.belief import LAPSE, Posterior
from chaoskit.search.margin import Answer, Ask, Found, Policy, Search, next_step
from tests.effort import THOROUGH, examples

SEARCH = Search(low=1, high=17, resolution=1)


def play(search: Search, holds: Callable[[float], bool]) -> tuple[Found, list[Answer]]:
    answers: list[Answer] = []
    while isinstance(step := next_step(search, answers), Ask):
        assert 0 <= step.point <= search.steps
        answers.append(Answer(step.point, holds(search.point(step.point))))
    return step, answers


def noisy(search: Search, margin: float, slope: float, seed: int) -> Callable[[float], bool]:
    """Runs of a world whose curve falls through the search's share at ``margin``, lapses included."""
    rng = random.Random(seed)
    offset = math.log(search.share / (1 - search.share))

    def holds(value: float) -> bool:
        exponent = min(max(offset - (value - margin) / slope, -500), 500)
        return rng.random() < LAPSE + (1 - 2 * LAPSE) / (1 + math.exp(-exponent))

    return holds


@settings(max_examples=examples(200), deadline=None)
@given(st.floats(2, 16), st.booleans(), st.sampled_from([0.6, 0.9, 0.95]))
def test_a_sharp_margin_is_found_to_within_the_resolution(margin: float, rising: bool, confidence: float) -> None:
    search = replace(SEARCH, confidence=confidence)
    found, answers = play(search, lambda value: (value > margin) == rising)
    assert found.ending == "found"
    assert found.lower - search.resolution <= margin <= found.upper + search.resolution
    assert found.lower <= found.margin <= found.upper
    assert found.upper - found.lower <= 2 * search.resolution
    assert found.runs == len(answers)
    near = [answer for answer in answers if abs(search.point(answer.point) - found.margin) <= 2 * search.resolution]
    assert len(near) >= search.repeats


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(1, 8), st.booleans())
def test_at_the_edges_it_says_so(repeats: int, holds: bool) -> None:
    search = replace(SEARCH, repeats=repeats)
    found, answers = play(search, lambda _: holds)
    assert found.ending == ("holds everywhere" if holds else "fails everywhere")
    assert found.margin == (17 if holds else 1)
    assert {answer.point for answer in answers} >= {0, search.steps}
    assert sum(answer.point == (search.steps if holds else 0) for answer in answers) >= repeats


def test_one_lapse_at_an_end_turns_nothing_round() -> None:
    """The first run at the low end fails for no reason."""
    lapses = iter([False])
    found, _ = play(SEARCH, lambda value: next(lapses, True) and value < 9.4)
    assert found.ending == "found"
    assert found.lower <= 9.4 <= found.upper


def learning(search: Search, holds: Callable[[float], bool]) -> Found:
    """``play`` for many problems: falling, and the belief learns each answer once."""
    belief, answers = Posterior(search.steps, search.share), list[Answer]()
    while isinstance(step := Policy(search, belief, answers).step(), Ask):
        answers.append(Answer(step.point, holds(search.point(step.point))))
        belief.learn(answers[-1].point, answers[-1].held)
    return step


def covers(found: Found, margin: float) -> bool:
    """Whether the interval holds the margin; minus infinity where there is none."""
    return (found.may_be_below or found.lower <= margin) and (found.may_be_above or margin <= found.upper)


def test_learning_one_by_one_is_learning_all() -> None:
    assert learning(replace(SEARCH, rising=False), noisy(SEARCH, 9, 1, 3)) == play(SEARCH, noisy(SEARCH, 9, 1, 3))[0]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("confidence", [0.8, 0.9])
def test_the_interval_holds_the_margin_as_often_as_it_says(confidence: float) -> None:
    """Over margins, and slopes from steep to shallow, of clients that fail for nothing as seldom as can be."""
    search = replace(SEARCH, confidence=confidence, rising=False)
    problems = 200 if THOROUGH else 30
    rng, inside = random.Random(11), 0
    for number in range(problems):
        margin = rng.uniform(-7, 25)
        slope = 0.25 * 2 ** rng.uniform(0, 4)
        inside += covers(learning(search, noisy(search, margin, slope, number)), margin)
    assert inside / problems >= confidence - tolerance(confidence, problems)


def tolerance(confidence: float, problems: int) -> float:
    return 2.5 * math.sqrt(confidence * (1 - confidence) / problems)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("plateau", "margin"), [(0.9, 10.5), (0.85, 10.5), (0.7, -math.inf)])
def test_a_flaky_client_is_given_no_margin_it_does_not_have(plateau: float, margin: float) -> None:
    """A sharp fall from a plateau: where that lies below the share nothing may pass a limit, however long the plateau is."""
    search = replace(SEARCH, rising=False)
    problems = 200 if THOROUGH else 12
    inside = 0
    for number in range(problems):
        rng = random.Random(number)
        inside += covers(learning(search, lambda value: rng.random() < plateau and value < 10.5), margin)  # noqa: B023
    assert inside / problems >= search.confidence - tolerance(search.confidence, problems)


def test_a_sharp_margin_does_not_cost_many_more_runs_for_that() -> None:
    found = learning(Search(low=1, high=61, resolution=1, rising=False), lambda value: value < 30.5)
    assert (found.ending, found.lower <= 30.5 <= found.upper) == ("found", True)
    assert found.runs <= 26


def test_the_figures_stay_within_the_range() -> None:
    found, _ = play(replace(SEARCH, repeats=1, runs_max=3), lambda _: True)
    assert (found.ending, found.held, found.runs) == ("out of runs", 3, 3)
    assert found.may_be_above
    assert SEARCH.low <= found.lower <= found.margin <= found.upper == SEARCH.high
    answers = [Answer(0, True), Answer(16, False), Answer(0, False)] * 2
    open_below = next_step(replace(SEARCH, repeats=1, runs_max=6, rising=False), answers)
    assert isinstance(open_below, Found)
    assert (open_below.may_be_below, open_below.lower) == (True, SEARCH.low)


def test_the_last_step_is_shorter_so_the_range_is_searched_whole() -> None:
    search = Search(low=0.5, high=1.4, resolution=0.2)
    assert [round(search.point(number), 6) for number in range(search.steps + 1)] == [0.5, 0.7, 0.9, 1.1, 1.3, 1.4]
    found, _ = play(search, lambda _: True)
    assert (found.ending, found.margin) == ("holds everywhere", 1.4)


def test_the_direction_is_told_as_it_was_searched() -> None:
    search = Search(low=0, high=10, resolution=1)
    answers = [Answer(point, point == 10 and number < 2) for number, point in enumerate((0, 10, 0, 10, 0, 0, 0))]
    found = next_step(search, answers)
    assert isinstance(found, Found)
    assert (found.ending, found.margin, found.rising) == ("fails everywhere", 0, False)
    rising, _ = play(search, lambda value: value > 4.5)
    assert (rising.ending, rising.rising) == ("found", True)


def test_a_shallow_curve_is_not_called_sharp() -> None:
    """With a slope far wider than the resolution the runs end before the interval is narrow, and it is told as wide as it is."""
    search = replace(SEARCH, high=49, runs_max=15)
    endings = [play(search, noisy(search, 25, 6, seed))[0] for seed in range(5)]
    assert sum(found.ending == "out of runs" for found in endings) >= 4
    assert all(found.upper - found.lower > 2 for found in endings if found.ending == "out of runs")


def test_the_same_answers_give_the_same_next_step() -> None:
    _, answers = play(SEARCH, noisy(SEARCH, 9, 1, 3))
    for made in range(len(answers)):
        step = next_step(SEARCH, answers[:made])
        assert isinstance(step, Ask)
        assert step.point == answers[made].point


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"high": 1}, "--from must be less than --to"),
        ({"resolution": 0}, "--resolution must be above 0"),
        ({"resolution": 9}, "at most half"),
        ({"resolution": 0.001}, "finer than 1/2000"),
        ({"confidence": 1}, "--confidence 1: write a share"),
        ({"share": 0.99}, "--share 0.99: write a share"),
        ({"repeats": 0}, "--repeats must be at least 1"),
        ({"runs_max": 6}, "two more than --repeats"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Search(**{"low": 1.0, "high": 17.0, "resolution": 1.0} | change)  # type: ignore[arg-type]
