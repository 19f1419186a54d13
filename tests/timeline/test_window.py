from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.timeline.injection import Injection, Timeline, window_from_json, window_to_json
from chaoskit.timeline.window import Once

small = st.integers(-5, 20)
windows = st.builds(Once, start=small, length=small)
timelines = st.builds(
    Timeline,
    injections=st.lists(
        st.builds(Injection, id=st.just("i"), where=st.none(), when=windows, fault=st.none()), max_size=4
    ).map(tuple),
    origin=st.none() | st.integers(-3, 3),
)


def test_on_at_its_start_and_off_at_its_end() -> None:
    window = Once(start=5, length=10)
    assert [window.active(offset) for offset in (4, 5, 14, 15)] == [False, True, True, False]
    assert window.end == 15


@given(windows, small)
def test_next_change_is_the_first_offset_at_which_active_differs(window: Once, after: int) -> None:
    differs = [offset for offset in range(after + 1, 60) if window.active(offset) != window.active(offset - 1)]
    assert window.next_change(after) == (differs[0] if differs else None)


@given(windows, small)
def test_spans_are_where_it_is_active(window: Once, until: int) -> None:
    spans = window.spans(until)
    on = {offset for start, end in spans for offset in range(start, end)}
    assert on == {offset for offset in range(-20, until) if window.active(offset)}
    assert all(start < end <= until for start, end in spans)


@given(windows)
def test_a_window_survives_the_way_to_another_process(window: Once) -> None:
    assert window_from_json(window_to_json(window)) == window


@given(timelines, small)
def test_nothing_changes_before_next_change(timeline: Timeline[None, None], after: int) -> None:
    change = timeline.next_change(after)
    before = timeline.active(after)
    last = 60 if change is None else change
    assert all(timeline.active(at) == before for at in range(after, last))
    if change is not None:
        assert change > after


@given(timelines)
def test_a_driver_that_follows_next_change_sees_every_change(timeline: Timeline[None, None]) -> None:
    """Walk by ``next_change`` alone, and know what is active at every instant."""
    at: int | None = -30
    seen = {}
    while at is not None:
        change = timeline.next_change(at)
        for instant in range(at, change if change is not None else 60):
            seen[instant] = timeline.active(at)
        at = change
    assert seen == {instant: timeline.active(instant) for instant in range(-30, 60)}
