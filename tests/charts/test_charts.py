"""Charts: every value stands inside the plot in the right order, text is escaped, and gaps stay gaps."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.charts.axis import Axis, log_axis, round_step, seconds_label
from chaoskit.charts.time_chart import LEFT, Series, TimeChart, figure
from tests.effort import examples

VALUES = st.floats(0, 1e6, allow_nan=False)
POSITIVE = st.floats(1e-6, 1e6, allow_nan=False)


def chart(points: list[tuple[float, float | None]], **more: object) -> str:
    fields: dict[str, object] = {
        "title": "<b>title",
        "start": 0,
        "end": 10,
        "series": [Series(name="<i>series", style="s0", points=points)],
        "label": seconds_label,
        "empty": "<u>nothing",
    }
    return figure(TimeChart(**(fields | more)))  # type: ignore[arg-type]


@given(st.lists(POSITIVE, min_size=1), POSITIVE)
@settings(max_examples=examples(50), deadline=None)
def test_a_log_axis_holds_all_values_in_order(values: list[float], least: float) -> None:
    axis = log_axis(values, least, 0, 100)
    places = [axis.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    assert len(axis.ticks()) >= 2


@given(POSITIVE)
@settings(max_examples=examples(50), deadline=None)
def test_a_round_step_is_a_little_more(least: float) -> None:
    assert least * (1 - 1e-6) <= round_step(least) <= 2.5 * least


def test_linear_ticks_are_round() -> None:
    assert Axis(0, 40, 0, 100).ticks(5) == [0, 10, 20, 30, 40]


def test_labels_have_their_unit() -> None:
    assert [seconds_label(value) for value in (0.0001, 0.01, 1, 100)] == ["100 µs", "10 ms", "1 s", "100 s"]


def test_text_is_never_markup() -> None:
    for html in (chart([(1, 2.0)]), chart([])):
        assert not re.search("<[biu]>", html)
        assert "style=" not in html


def test_nothing_known_says_so_and_draws_nothing() -> None:
    assert "nothing" in chart([(1, None)])
    assert "<svg" not in chart([])


def test_a_gap_lifts_the_pen() -> None:
    path = re.search('class="line s0" d="([^"]+)"', chart([(1, 1.0), (2, 1.0), (3, None), (4, 1.0), (5, 1.0)]))
    assert path is not None
    assert path[1].count("M") == 2


def test_a_value_between_gaps_is_a_dot() -> None:
    assert chart([(1, None), (2, 1.0), (3, None)]).count("<circle") == 1


@given(st.lists(st.tuples(st.floats(0, 10), VALUES), max_size=30), st.booleans())
@settings(max_examples=examples(50), deadline=None)
def test_bars_and_lines_stay_inside_the_plot(points: list[tuple[float, float]], bars: bool) -> None:
    html = chart([*points], bar_s=1.0 if bars else None)
    for x, y in re.findall(r'<rect class="bar s0" x="([\d.]+)" y="([\d.]+)"', html):
        assert LEFT <= float(x) <= 900
        assert 0 <= float(y) <= 190


def test_stacked_bars_stand_on_each_other() -> None:
    both = [Series(name=name, style=style, points=[(1, 2.0)]) for name, style in (("a", "s0"), ("b", "s1"))]
    first, second = re.findall(
        r'<rect class="bar s\d" x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"',
        chart([], series=both, bar_s=1.0),
    )
    assert float(second[0]) + float(second[1]) == float(first[0])
