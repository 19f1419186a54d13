from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.timeline.codec import WINDOWS, window_from_json, window_to_json
from chaoskit.timeline.cron import Cron
from chaoskit.timeline.held import Held
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.repeated import Flap, Pulse
from chaoskit.timeline.window import Once, Ramp, Until, Window
from chaoskit.units import HOUR, MINUTE, SECOND

small = st.integers(-5, 20)
above = st.integers(1, 8)
once = st.builds(Once, start=small, length=small)
pulses = st.tuples(above, above).flatmap(
    lambda of: st.builds(Pulse, start=small, length=small, every=st.just(sum(of)), on=st.just(of[0]))
)
flaps = st.builds(Flap, start=small, length=small, on=above, off=above, seed=st.integers(0, 1000))
ramps = st.builds(Ramp, start=small, length=small, over=above)
untils = st.builds(Until, start=small, length=small, client=st.just("app"), failed_calls=st.just(1))
windows: st.SearchStrategy[Any] = st.one_of(once, pulses, flaps, ramps, untils)
timelines = st.builds(
    Timeline,
    injections=st.lists(
        st.builds(Injection, id=st.just("i"), where=st.none(), when=windows, fault=st.none()), max_size=4
    ).map(tuple),
    origin=st.none() | st.integers(-3, 3),
)

ANCHOR = int(datetime(2025, 10, 20, 6, 47, 30, tzinfo=UTC).timestamp()) * SECOND
EXPRESSIONS = [
    "*/15 * * * *",
    "0,30 6-8 * * *",
    "50 6 * * 1",
    "5 */2 20,21 10 *",
    "10 7 21 * 1",
    "0 0 * * 0",
    "7 7 7 7 7",
]


def test_on_at_its_start_and_off_at_its_end() -> None:
    window = Once(start=5, length=10)
    assert [window.active(offset) for offset in (4, 5, 14, 15)] == [False, True, True, False]
    assert window.end == 15


@given(windows, small)
def test_next_change_is_the_first_offset_at_which_active_differs(window: Window, after: int) -> None:
    differs = [offset for offset in range(after + 1, 60) if window.active(offset) != window.active(offset - 1)]
    assert window.next_change(after) == (differs[0] if differs else None)


@given(windows, small)
def test_spans_are_where_it_is_active(window: Window, until: int) -> None:
    spans = window.spans(until)
    on = {offset for start, end in spans for offset in range(start, end)}
    assert on == {offset for offset in range(-20, until) if window.active(offset)}
    assert all(start < end <= until for start, end in spans)
    assert spans == tuple(sorted(spans))


@given(st.one_of(windows, st.just(Cron("*/5 * * * *", SECOND, ANCHOR))))
def test_a_window_survives_the_way_to_another_process(window: Window) -> None:
    assert window_from_json(json.loads(json.dumps(window_to_json(window)))) == window


@given(st.one_of(once, pulses, ramps), small, small)
def test_a_held_window_is_on_only_after_its_go(window: Any, at: int, go: int) -> None:
    held = Held(window, "go 1", at)
    assert window_from_json(json.loads(json.dumps(window_to_json(held)))) == held
    assert (held.spans(99), held.next_change(-99), held.with_event("go 2", go)) == ((), None, held)
    if go < at:
        assert held.with_event("go 1", go) == held
    else:
        late = held.with_event("go 1", go)
        assert late.spans(99 + go - at) == tuple((start + go - at, end + go - at) for start, end in window.spans(99))


@given(once, above, above)
def test_two_holds_shift_a_window_by_both(window: Once, first: int, second: int) -> None:
    held = Held(Held(window, "go 2", 20), "go 1", 0)
    after = held.with_event("go 1", first).with_event("go 2", 20 + first + second)
    assert after == window.shifted(first + second)


def test_a_window_that_there_is_not() -> None:
    assert set(WINDOWS) == {"once", "pulse", "flap", "ramp", "cron", "until"}
    with pytest.raises(ValueError, match="there is no window 'twice'; known: once, pulse"):
        window_from_json({"twice": {}})


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


def test_a_pulse_is_cut_at_the_window_s_end() -> None:
    pulse = Pulse(start=10, length=12, every=5, on=3)
    assert pulse.spans(100) == ((10, 13), (15, 18), (20, 22))
    assert pulse.spans(16) == ((10, 13), (15, 16))


@given(flaps)
def test_a_flap_s_times_lie_around_their_means(flap: Flap) -> None:
    spans = flap.spans(1000)
    assert all(round(0.5 * flap.on) <= end - start <= round(1.5 * flap.on) for start, end in spans[:-1])
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    assert all(round(0.5 * flap.off) <= gap <= round(1.5 * flap.off) for gap in gaps)


def test_seeds_flap_differently() -> None:
    assert len({Flap(0, HOUR, SECOND, 2 * SECOND, seed).spans(HOUR) for seed in range(10)}) == 10


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Pulse(0, 10, every=5, on=5), "less than it takes to the next one"),
        (lambda: Pulse(0, 10, every=5, on=0), "longer than 0"),
        (lambda: Pulse(0, HOUR, every=2, on=1), "more than 10,000 times"),
        (lambda: Flap(0, 10, on=0, off=1), "longer than 0"),
        (lambda: Flap(0, HOUR, on=1, off=1), "more than 10,000 times"),
        (lambda: Ramp(0, 10, over=0), "longer than 0"),
    ],
)
def test_what_cannot_be_is_told(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


def test_the_chance_of_a_ramp_grows_to_all_of_it() -> None:
    ramp = Ramp(start=10, length=100, over=40)
    assert [ramp.chance(offset) for offset in (10, 20, 30, 50, 109)] == [0, 0.25, 0.5, 1, 1]
    injection = Injection("i", None, ramp, None, chance=0.5)
    timeline = Timeline((injection,), origin=1000)
    assert [timeline.chance(injection, 1000 + offset) for offset in (10, 30, 60)] == [0, 0.25, 0.5]
    assert [window.steady for window in (ramp, Once(0, 1))] == [False, True]


def test_until_an_event_or_its_end() -> None:
    injection = Injection("i", None, Until(10, 100, "app", 1), None)
    timeline = Timeline((injection,), origin=1000)
    after = timeline.with_event("1 failed calls of app", 1050)
    assert after.injections[0].when.spans(1000) == ((10, 50),)
    for event, at in (("started", 1050), ("1 failed calls of app", 1010), ("1 failed calls of app", 1110)):
        assert timeline.with_event(event, at) == timeline, "another event, too early, too late"
    assert Timeline((injection,)).with_event("1 failed calls of app", 50) == Timeline((injection,)), "not armed"


@given(timelines, small)
def test_no_event_lengthens_a_window(timeline: Timeline[None, None], at: int) -> None:
    after = timeline.with_event("1 failed calls of app", at)
    for before, then in zip(timeline.injections, after.injections, strict=True):
        assert all(before.when.active(offset) for offset in range(-20, 60) if then.when.active(offset))


def named(expression: str, moment: datetime) -> bool:
    """Whether a crontab line names this minute, by asking each field alone."""

    def holds(text: str, value: int, low: int) -> bool:
        for part in text.split(","):
            span, _, step = part.partition("/")
            first, _, last = (f"{low}-99" if span == "*" else span).partition("-")
            if int(first) <= value <= int(last or first) and (value - int(first)) % int(step or 1) == 0:
                return True
        return False

    minute, hour, day, month, weekday = expression.split()
    days = [
        holds(day, moment.day, 1),
        holds(weekday, moment.isoweekday() % 7, 0) or holds(weekday, 7 if moment.isoweekday() == 7 else -1, 0),
    ]
    either = "*" not in (day, weekday)
    return (
        holds(minute, moment.minute, 0)
        and holds(hour, moment.hour, 0)
        and holds(month, moment.month, 1)
        and (any(days) if either else all(days))
    )


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_cron_is_on_at_the_minutes_that_the_line_names(expression: str) -> None:
    window = Cron(expression, 30 * SECOND, ANCHOR)
    begin = datetime.fromtimestamp(ANCHOR // SECOND, UTC)
    expected = []
    for minutes in range(3 * 24 * 60):
        moment = (begin + timedelta(minutes=minutes)).replace(second=0)
        start = int(moment.timestamp()) * SECOND - ANCHOR
        if start >= 0 and named(expression, moment):
            expected.append((start, start + 30 * SECOND))
    assert list(window.spans(3 * 24 * HOUR - MINUTE)) == expected


@given(st.sampled_from(EXPRESSIONS[:5]), st.integers(0, 30 * 60 // 15), st.integers(1, 3))
def test_cron_changes_when_next_change_says(expression: str, quarter_minutes: int, length: int) -> None:
    window, step = Cron(expression, length * 15 * SECOND, ANCHOR), 15 * SECOND
    after = (quarter_minutes - 8) * step
    differs = (
        offset for offset in range(after + step, 40 * HOUR, step) if window.active(offset) != window.active(offset - 1)
    )
    assert window.next_change(after) == next(differs, window.next_change(40 * HOUR))


@pytest.mark.parametrize(
    ("expression", "length", "said"),
    [
        ("* * * *", SECOND, "has 4 fields"),
        ("60 * * * *", SECOND, "'60' is no minute: it goes from 0 to 59"),
        ("* * * JAN *", SECOND, "'JAN' is no month; write"),
        ("*/0 * * * *", SECOND, "is no minute"),
        ("5-1 * * * *", SECOND, "is no minute"),
        ("0 0 30 2 *", SECOND, "a date that there never is"),
        ("* * * * *", MINUTE, "on again before it was off"),
        ("0 * * * *", 0, "on again before it was off, or never"),
        ("20,50 * * * *", 30 * MINUTE, "on again before it was off"),
    ],
)
def test_a_crontab_line_that_is_none(expression: str, length: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Cron(expression, length, ANCHOR)


def test_a_window_may_be_on_until_just_before_it_is_on_again() -> None:
    window = Cron("20,50 * * * *", 30 * MINUTE - SECOND, ANCHOR)
    assert window.active(20 * MINUTE - ANCHOR % HOUR + HOUR)


def test_an_anchor_that_is_no_time() -> None:
    with pytest.raises(ValueError, match="between the years"):
        Cron("* * * * *", SECOND, -1)


def test_29_february_is_found() -> None:
    anchor = int(datetime(2097, 1, 1, tzinfo=UTC).timestamp()) * SECOND
    ((start, _),) = Cron("0 0 29 2 *", SECOND, anchor).spans(8 * 366 * 24 * HOUR)
    assert datetime.fromtimestamp((anchor + start) // SECOND, UTC) == datetime(2104, 2, 29, tzinfo=UTC)
