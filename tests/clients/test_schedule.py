from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, VirtualClock


@given(st.integers(1, 50), st.integers(0, 50), st.integers(-200, 200))
def test_due_is_the_first_of_the_grid_from_there_on(every: int, first: int, after: int) -> None:
    grid = [first + n * every for n in range(400)]
    assert Lane(every, first).due(after) == next(offset for offset in grid if offset >= after)


@pytest.mark.parametrize("wrong", [{"every": 0}, {"every": -1}, {"every": 1, "size": 0}, {"every": 1, "first": -1}])
def test_a_lane_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="a lane needs"):
        Lane(**wrong)


def driven(
    lanes: Sequence[Lane], ends: int, lasts: Callable[[Slot], int], origin: int = 1000, start: int = 0
) -> list[tuple[Slot, Instant, Instant]]:
    """Every call as (slot, began, ended), in order of beginning, in virtual time."""
    clock = VirtualClock(start)
    made: list[tuple[Slot, Instant, Instant]] = []

    async def call(slot: Slot) -> None:
        began = clock.now()
        await clock.sleep_until(began + lasts(slot))
        made.append((slot, began, clock.now()))

    async def run() -> None:
        await drive(lanes, clock, origin, origin + ends, call)

    asyncio.run(asyncio.wait_for(run(), 60))
    return sorted(made, key=lambda one: one[0].number)


def test_quick_calls_keep_the_grid() -> None:
    made = driven([Lane(250)], 1000, lambda slot: 10)
    assert [(slot.number, slot.due, began) for slot, began, _ in made] == [
        (1, 1000, 1000),
        (2, 1250, 1250),
        (3, 1500, 1500),
        (4, 1750, 1750),
    ]
    assert not any(slot.concurrent for slot, _, _ in made)


def test_a_call_that_takes_no_time_is_made_once() -> None:
    assert [slot.due for slot, _, _ in driven([Lane(250)], 600, lambda slot: 0)] == [1000, 1250, 1500]


def test_what_fell_due_during_a_slow_call_is_skipped() -> None:
    made = driven([Lane(250)], 2000, lambda slot: 600 if slot.number == 1 else 10)
    assert [slot.due for slot, _, _ in made] == [1000, 1750, 2000, 2250, 2500, 2750]


def test_a_call_that_ends_just_when_the_next_is_due_skips_none() -> None:
    assert [slot.due for slot, _, _ in driven([Lane(250)], 750, lambda slot: 250)] == [1000, 1250, 1500]


def test_no_call_starts_at_the_end_those_under_way_finish() -> None:
    made = driven([Lane(250)], 500, lambda slot: 10_000 if slot.number == 2 else 1)
    assert [(slot.due, ended) for slot, _, ended in made] == [(1000, 1001), (1250, 11_250)]


def test_a_burst_starts_all_its_calls_at_once() -> None:
    made = driven([Lane(1000), Lane(5000, first=2500, size=3)], 4000, lambda slot: 10)
    burst = [(slot, began) for slot, began, _ in made if slot.due == 3500]
    assert [began for _, began in burst] == [3500] * 3
    assert all(slot.concurrent for slot, _ in burst)
    assert sorted(slot.number for slot, _, _ in made) == list(range(1, 8))


def test_a_single_call_beside_a_burst_knows_that_it_is_not_alone() -> None:
    made = driven([Lane(1000), Lane(5000, first=2500, size=3)], 4000, lambda slot: 700)
    assert [slot.concurrent for slot, _, _ in made if slot.due == 4000] == [True]
    assert [slot.concurrent for slot, _, _ in made if slot.due == 1000] == [False]


def test_a_burst_that_is_not_over_is_not_followed_by_another() -> None:
    made = driven([Lane(100, size=2)], 400, lambda slot: 250)
    assert [slot.due for slot, _, _ in made] == [1000, 1000, 1300, 1300]


def test_a_late_start_does_not_catch_up() -> None:
    made = driven([Lane(250)], 1000, lambda slot: 1, start=1300)
    assert [slot.due for slot, _, _ in made] == [1500, 1750]


def test_a_client_that_breaks_is_heard() -> None:
    def broken(slot: Slot) -> int:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        driven([Lane(250)], 1000, broken)
    assert caught.group_contains(ZeroDivisionError)


@given(
    st.lists(
        st.builds(Lane, every=st.integers(1, 60), first=st.integers(0, 60), size=st.integers(1, 3)),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 200),
    st.lists(st.integers(0, 150), min_size=1, max_size=5),
)
def test_whatever_the_calls_do(lanes: list[Lane], ends: int, lengths: list[int]) -> None:
    made = driven(lanes, ends, lambda slot: lengths[slot.number % len(lengths)])
    assert [slot.number for slot, _, _ in made] == list(range(1, len(made) + 1))
    for slot, began, _ in made:
        assert 1000 <= slot.due == began < 1000 + ends
        assert any(lane.due(slot.due - 1000) == slot.due - 1000 for lane in lanes), "on the grid"
    for instant in {began for _, began, _ in made}:
        under_way = sum(began <= instant < ended for _, began, ended in made)
        assert under_way <= sum(lane.size for lane in lanes), "never piled up"
