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
from chaoskit.search.margin import LAPSE, Answer, Ask, Found, Search, next_step
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


@pytest.mark.timeout(600)
@pytest.mark.parametrize("confidence", [0.8, 0.9])
def test_the_interval_holds_the_margin_as_often_as_it_says(confidence: float) -> None:
    """Over margins and slopes as the belief has them before the first run, found or out of runs."""
    search = replace(SEARCH, confidence=confidence)
    problems = 200 if THOROUGH else 40
    rng, inside = random.Random(11), 0
    for number in range(problems):
        margin = rng.uniform(-7, 25)
        slope = 0.25 * 2 ** rng.uniform(0, 4)
        found, _ = play(search, noisy(search, margin, slope, number))
        if found.ending == "holds everywhere":
            inside += margin >= 17
        elif found.ending == "fails everywhere":
            inside += margin <= 1
        else:
            inside += found.lower <= margin <= found.upper
    tolerance = 2.5 * math.sqrt(confidence * (1 - confidence) / problems)
    assert inside / problems >= confidence - tolerance


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
