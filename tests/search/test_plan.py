"""Points of a sweep."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chaoskit.errors import InputError
from chaoskit.search.plan import Range, Values, points, read_setting
from chaoskit.units import SECOND, parse_duration
from tests.effort import examples


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=1s,5s", ("1s", "5s")),
        ("a=1,0.5,true,legacy,null", (1, 0.5, True, "legacy", None)),
        ("a=empty,{delay: {by: 1s}}", ("empty", {"delay": {"by": "1s"}})),
        ("a=[dynamodb, ec2],[s3]", (["dynamodb", "ec2"], ["s3"])),
        ("a='1..2',3", ("1..2", 3)),
    ],
)
def test_values(text: str, values: tuple[Any, ...]) -> None:
    setting = read_setting(text)
    assert isinstance(setting, Values)
    assert setting.values == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a", "write FIELD=V1,V2"),
        ("=1", "write FIELD=V1,V2"),
        ("a=", "write FIELD=V1,V2"),
        ("a=[1", "the values are no YAML"),
        ("a=5s..1s", "the first end must be less"),
        ("a=1..5s", "both ends must be of one kind"),
        ("a=x..y", "'x' is no number and no duration"),
    ],
)
def test_settings_that_mean_nothing_are_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_setting(text)


def test_a_grid_is_every_combination_in_order() -> None:
    found = points([read_setting("a=1,2"), read_setting("b=x,y")], None, 0)
    assert [point.number for point in found] == [1, 2, 3, 4]
    assert [point.values for point in found] == [(("a", one), ("b", other)) for one in (1, 2) for other in ("x", "y")]


def test_grids_that_cannot_be() -> None:
    with pytest.raises(InputError, match="say what to vary"):
        points([], None, 0)
    with pytest.raises(InputError, match="or add --sample N"):
        points([read_setting("a=1s..2s")], None, 0)
    with pytest.raises(InputError, match="more than 10,000"):
        points([Values("a", tuple(range(101))), Values("b", tuple(range(100)))], None, 0)
    with pytest.raises(InputError, match="--sample must be"):
        points([read_setting("a=1,2")], 0, 0)


@settings(max_examples=examples(100))
@given(st.integers(1, 60), st.integers(0, 99), st.integers(1, 5))
@example(7, 14, 5)
def test_a_sample_visits_every_stratum_of_every_field_once(size: int, seed: int, values: int) -> None:
    low_s, high_s = 2, 62
    chosen = [read_setting(f"a={low_s}s..{high_s}s"), Values("b", tuple(range(values)))]
    found = points(chosen, size, seed)
    assert found == points(chosen, size, seed), "the seed decides it"
    assert len(found) == size
    strata = sorted(
        (parse_duration(dict(point.values)["a"]) / SECOND - low_s) / (high_s - low_s) * size for point in found
    )
    # A duration is written to the millisecond, which may carry it over a stratum's edge.
    slack = 0.001 * size / (high_s - low_s)
    assert all(number - slack <= stratum <= number + 1 + slack for number, stratum in enumerate(strata))
    taken = [dict(point.values)["b"] for point in found]
    counts = [taken.count(value) for value in range(values)]
    assert max(counts) - min(counts) <= 1, "a list is visited evenly"


def test_ranges_of_numbers() -> None:
    assert isinstance(read_setting("a=1..10"), Range)
    whole = {dict(point.values)["a"] for point in points([read_setting("a=1..10")], 30, 0)}
    assert whole <= set(range(1, 11))
    every = [dict(point.values)["a"] for point in points([read_setting("a=1..3")], 300, 0)]
    assert [every.count(value) for value in (1, 2, 3)] == [100, 100, 100]
    decimal = [dict(point.values)["a"] for point in points([read_setting("a=0..0.5")], 10, 0)]
    assert all(isinstance(value, float) and 0 <= value <= 0.5 for value in decimal)
