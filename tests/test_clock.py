from __future__ import annotations

import asyncio
import time

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.clock import VirtualClock, WallClock
from chaoskit.units import HOUR, MILLISECOND


def sleepers(clock: VirtualClock, plans: list[list[int]]) -> list[tuple[int, int]]:
    """Run one task per plan, each sleeping for its lengths in turn; (task, instant) of every wake, in order."""
    woke: list[tuple[int, int]] = []

    async def sleep(task: int, lengths: list[int]) -> None:
        for length in lengths:
            await clock.sleep_until(clock.now() + length)
            woke.append((task, clock.now()))

    async def run() -> None:
        await asyncio.gather(*(sleep(task, lengths) for task, lengths in enumerate(plans)))

    asyncio.run(asyncio.wait_for(run(), 60))
    return woke


def test_virtual_hours_pass_at_once() -> None:
    assert sleepers(VirtualClock(start=5), [[HOUR] * 100]) == [(0, 5 + HOUR * (n + 1)) for n in range(100)]


def test_equal_instants_wake_in_order_of_arrival() -> None:
    assert sleepers(VirtualClock(), [[10], [10], [10]]) == [(0, 10), (1, 10), (2, 10)]


@given(st.lists(st.lists(st.integers(0, 50), max_size=4), max_size=5))
def test_time_never_goes_back_and_sleepers_wake_on_time(plans: list[list[int]]) -> None:
    woke = sleepers(VirtualClock(), plans)
    instants = [instant for _, instant in woke]
    assert instants == sorted(instants)
    for task, lengths in enumerate(plans):
        expected = [sum(lengths[: n + 1]) for n in range(len(lengths))]
        assert [instant for who, instant in woke if who == task] == expected


@given(st.lists(st.lists(st.integers(0, 50), max_size=4), max_size=5))
def test_the_same_sleepers_wake_in_the_same_order(plans: list[list[int]]) -> None:
    assert sleepers(VirtualClock(), plans) == sleepers(VirtualClock(), plans)


def test_the_past_is_not_slept_for() -> None:
    clock = VirtualClock(start=100)
    asyncio.run(asyncio.wait_for(clock.sleep_until(100), 5))
    asyncio.run(asyncio.wait_for(clock.sleep_until(-1), 5))
    assert clock.now() == 100


def test_a_cancelled_sleeper_does_not_move_time() -> None:
    clock = VirtualClock()

    async def run() -> None:
        far = asyncio.create_task(clock.sleep_until(1_000))
        await asyncio.sleep(0)
        far.cancel()
        await clock.sleep_until(10)
        assert clock.now() == 10
        for _ in range(200):  # long enough for the mover to reach the cancelled one
            await asyncio.sleep(0)
        assert clock.now() == 10

    asyncio.run(asyncio.wait_for(run(), 5))


def test_a_clock_can_be_used_by_one_loop_after_another() -> None:
    clock = VirtualClock()
    for expected in (10, 20, 30):
        asyncio.run(asyncio.wait_for(clock.sleep_until(expected), 5))
        assert clock.now() == expected


def test_a_loop_left_with_sleepers_does_not_hold_up_the_next() -> None:
    clock = VirtualClock()

    async def leave() -> None:
        waiting = asyncio.create_task(clock.sleep_until(1_000_000))
        await asyncio.sleep(0)
        assert not waiting.done()

    asyncio.run(leave())
    asyncio.run(asyncio.wait_for(clock.sleep_until(10), 5))
    assert clock.now() == 10


def test_advance_moves_time_by_hand() -> None:
    clock = VirtualClock(start=1)
    clock.advance(5)
    assert clock.now() == 6


def test_the_wall_clock_is_the_machines_monotonic_one() -> None:
    clock = WallClock()
    before = time.monotonic_ns()
    now = clock.now()
    assert before <= now <= time.monotonic_ns()
    asyncio.run(clock.sleep_until(now + 2 * MILLISECOND))
    assert clock.now() >= now + 2 * MILLISECOND, "never early"
