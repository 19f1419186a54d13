"""What each policy promises, held for any course of events. ``step`` is tested here; its vector form is equal (test_vector_forms.py)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.cascade.policies import (
    checker_capacity,
    circuit_breaker,
    connection_ramp,
    deadline,
    health_damping,
    lease,
    load_shedding,
    queue,
    queue_throttle,
    retry_budget,
    state_check,
    velocity_control,
)
from chaoskit.cascade.policies.back_off import DONE, FAILED, BackOff, Jitter
from chaoskit.units import MILLISECOND, SECOND

RNG = random.Random(1)
GAPS = st.lists(st.integers(0, 20 * SECOND), max_size=40)
SEEDS = st.integers(0, 2**32)


@given(GAPS, st.integers(1, 30 * SECOND))
def test_a_lease_is_held_only_so_long_after_a_renewal(gaps: list[int], length: int) -> None:
    policy, state, renewed = lease.Lease(length_ns=length), lease.State(0), None
    for number, at in enumerate(accumulate(gaps)):
        event = lease.RENEW if number % 3 == 0 else lease.ASK
        renewed = at if event == lease.RENEW else renewed
        state, held = policy.step(state, event, at, RNG)
        assert held == (renewed is not None and at < renewed + length)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.floats(0, 1), SEEDS)
def test_a_failed_state_check_comes_back_within_its_spread(passes: list[bool], spread: float, seed: int) -> None:
    policy, rng = (
        state_check.StateCheck(period_ns=300 * SECOND, retry_ns=40 * SECOND, spread=spread),
        random.Random(seed),
    )
    state, misses = policy.initial(), 0
    for number, passed in enumerate(passes):
        at = number * SECOND
        state, due = policy.step(state, state_check.PASSED if passed else state_check.FAILED, at, rng)
        misses = 0 if passed else misses + 1
        assert state.misses == misses
        if passed:
            assert due - at == 300 * SECOND
        else:
            assert 40 * SECOND * (1 - spread) - 1 <= due - at <= 40 * SECOND * (1 + spread) + 1


OFFERS = st.lists(st.builds(queue.Offer, st.integers(0, 30), st.floats(0, 9)), max_size=40)


@given(OFFERS, st.none() | st.integers(0, 40))
def test_a_queue_loses_nothing_and_keeps_its_bound(offers: list[queue.Offer[float]], limit: int | None) -> None:
    policy = queue.Queue(limit=limit)
    state, served = policy.initial(), 0.0
    for offer in offers:
        state, moved = policy.step(state, offer, 0, RNG)
        served += moved.served
        assert moved.admitted + moved.refused == offer.arriving
        assert limit is None or state.waiting <= limit
        assert state.credit >= 0
        assert state.credit < 1 or state.waiting > 0
    arrived = sum(offer.arriving for offer in offers)
    assert arrived == served + state.waiting + state.refused
    assert served <= sum(offer.capacity for offer in offers) + 1e-6


@given(st.floats(0.001, 3), st.integers(50, 200))
def test_a_rate_below_one_a_step_still_drains_a_queue(rate: float, steps: int) -> None:
    """A whole number a step would serve nothing at all."""
    policy = queue.Queue()
    state = queue.State[float](10_000, 0.0, 0)
    for _ in range(steps):
        state, _ = policy.step(state, queue.Offer(0, rate), 0, RNG)
    assert abs((10_000 - state.waiting) - rate * steps) <= 1


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 60)), max_size=40), st.integers(0, 20), st.integers(1, 30))
def test_a_throttle_never_admits_beyond_its_high_mark(offers: list[tuple[int, int]], low: int, span: int) -> None:
    policy, high = queue_throttle.QueueThrottle(low=low, high=low + span), low + span
    state, admitted_in_all = policy.initial(), 0.0
    for arriving, waiting in offers:
        state, admitted = policy.step(state, queue_throttle.Offer(arriving, waiting), 0, RNG)
        admitted_in_all += admitted
        assert 0 <= admitted <= arriving
        assert waiting + admitted <= max(high, waiting)
        if waiting + arriving <= low:
            assert admitted == arriving
        assert 0 <= state.carry < 1
    assert admitted_in_all + state.throttled == sum(arriving for arriving, _ in offers)


@given(st.lists(st.tuples(st.integers(0, 5 * SECOND), st.floats(-3, 30)), max_size=30), st.floats(0.1, 20))
def test_velocity_control_bounds_what_goes_in_any_time(wishes: list[tuple[int, float]], most: float) -> None:
    window = 10 * SECOND
    policy = velocity_control.VelocityControl(most=most, window_ns=window)
    state, gone, at = policy.initial(), [], 0
    for gap, wish in wishes:
        at += gap
        state, granted = policy.step(state, wish, at, RNG)
        assert 0 <= granted <= max(0.0, wish)
        gone.append((at, granted))
    for first in range(len(gone)):
        for last in range(first, len(gone)):
            removed = sum(granted for _, granted in gone[first : last + 1])
            assert removed <= most * (1 + (gone[last][0] - gone[first][0]) / window) * (1 + 1e-9)


@given(st.lists(st.booleans(), max_size=80), st.integers(1, 4), st.integers(1, 4))
def test_a_target_changes_place_only_after_its_thresholds(passes: list[bool], rise: int, fall: int) -> None:
    policy = health_damping.HealthDamping(rise=rise, fall=fall)
    state = policy.initial()
    for number, passed in enumerate(passes):
        before = state.serving
        state, serving = policy.step(state, 0 if passed else 1, number * SECOND, RNG)
        if serving != bool(before):
            last = passes[number + 1 - (fall if before else rise) : number + 1]
            assert last == [not before] * (fall if before else rise)


@given(st.integers(2, 6), st.integers(50, 300))
def test_damping_bounds_how_often_a_flapping_target_moves(suppress: int, checks: int) -> None:
    """Failing and passing in turn: without damping it moves at every check; with it the penalty pays for each move."""
    damped = health_damping.HealthDamping(rise=1, fall=1, suppress=suppress, reuse=1, decay_per_s=0.1)
    free = health_damping.HealthDamping(rise=1, fall=1)
    moves = {}
    for policy in (damped, free):
        state, places = policy.initial(), [1]
        for number in range(checks):
            state, serving = policy.step(state, 1 - number % 2, number * SECOND, RNG)
            places.append(int(serving))
        moves[policy] = sum(one != other for one, other in pairwise(places))
    assert moves[free] == checks
    assert moves[damped] <= suppress + 1 + 0.1 * checks


JITTERS: Sequence[Jitter] = ("zero", "none", "equal", "full", "decorrelated")


@given(st.sampled_from(JITTERS), st.lists(st.booleans(), max_size=60), st.integers(0, 1), SEEDS)
def test_every_sleep_lies_within_its_jitters_bounds(
    jitter: Jitter, failures: list[bool], first: int, seed: int
) -> None:
    base, cap = 50 * MILLISECOND, 20 * SECOND
    policy, rng = BackOff(base_ns=base, cap_ns=cap, jitter=jitter, first=first), random.Random(seed)
    state, last, row = policy.initial(), base, 0
    for failed in failures:
        state, sleep = policy.step(state, FAILED if failed else DONE, 0, rng)
        if not failed:
            assert sleep == 0
            last, row = base, 0
            continue
        longest = min(cap, base * 2 ** (first + row))
        low, high = {
            "zero": (0, 0),
            "none": (longest, longest),
            "equal": (longest / 2, longest),
            "full": (0, longest),
            "decorrelated": (base, min(cap, 3 * last)),
        }[jitter]
        assert low - 1 <= sleep <= high + 1
        last, row = sleep, row + 1


@given(st.lists(st.booleans(), max_size=200), st.floats(0, 1), st.floats(1, 20))
def test_a_budget_never_lets_through_more_than_was_earned(events: list[bool], earn: float, capacity: float) -> None:
    policy = retry_budget.RetryBudget(earn=earn, capacity=capacity)
    state, retries, successes = policy.initial(), 0, 0
    for success in events:
        state, allowed = policy.step(state, retry_budget.SUCCESS if success else retry_budget.RETRY, 0, RNG)
        successes += success
        retries += allowed
        assert 0 <= state.tokens <= capacity
        assert retries <= capacity + earn * successes + 1e-6


@given(st.lists(st.tuples(st.integers(0, 20 * SECOND), st.integers(0, 2)), max_size=60))
def test_an_open_breaker_lets_nothing_through_before_its_time(course: list[tuple[int, int]]) -> None:
    policy = circuit_breaker.CircuitBreaker(failures=3, open_ns=30 * SECOND, probes=1)
    state, at, in_a_row = policy.initial(), 0, 0
    for gap, event in course:
        at += gap
        before = state
        state, allowed = policy.step(state, event, at, RNG)
        if before.phase == circuit_breaker.OPEN and at - before.opened < 30 * SECOND:
            assert not allowed
            assert state == before
        if before.phase == circuit_breaker.CLOSED:
            in_a_row = (
                in_a_row + 1
                if event == circuit_breaker.FAILURE
                else 0
                if event == circuit_breaker.SUCCESS
                else in_a_row
            )
            assert (state.phase == circuit_breaker.OPEN) == (in_a_row >= 3)
        else:
            in_a_row = state.failures if state.phase == circuit_breaker.CLOSED else 0


@given(st.integers(0, 20), st.integers(1, 30), st.integers(0, 60), SEEDS)
def test_shedding_is_certain_only_outside_its_marks(low: int, span: int, waiting: int, seed: int) -> None:
    policy, rng = load_shedding.LoadShedding(low=low, high=low + span), random.Random(seed)
    state = policy.initial()
    outcomes = []
    for _ in range(20):
        state, shed = policy.step(state, waiting, 0, rng)
        outcomes.append(shed)
    assert state.shed == sum(outcomes)
    if waiting <= low:
        assert not any(outcomes)
    if waiting >= low + span:
        assert all(outcomes)


def test_the_share_shed_between_the_marks_is_the_chance() -> None:
    policy, rng = load_shedding.LoadShedding(low=10, high=30), random.Random(4)
    state = policy.initial()
    for _ in range(10_000):
        state, _ = policy.step(state, 15, 0, rng)
    assert 2_300 < state.shed < 2_700  # a quarter; five standard deviations are 217


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**11), st.integers(0, 10**9))
def test_no_work_is_done_for_a_caller_who_has_gone(at: int, ends: int, service: int, margin: int) -> None:
    policy = deadline.Deadline(margin_ns=margin)
    state, decision = policy.step(policy.initial(), deadline.Work(ends, service), at, RNG)
    assert decision.served == (at + service <= ends)
    assert state.dropped == 1 - decision.served
    assert decision.deadline == ends - margin


@given(st.lists(st.tuples(st.integers(0, 3 * SECOND), st.integers(0, 500)), min_size=1, max_size=60))
def test_a_ramp_dials_no_faster_than_its_rate(wishes: list[tuple[int, int]]) -> None:
    policy = connection_ramp.ConnectionRamp(start_per_s=2, most_per_s=100, double_ns=5 * SECOND)
    state, at, dialled_in_all, allowed = policy.initial(), 0, 0.0, 0.0
    for gap, wish in wishes:
        at += gap
        state, dialled = policy.step(state, wish, at, RNG)
        dialled_in_all += dialled
        allowed += policy.rate_per_s(at) * gap / SECOND
        assert 0 <= dialled <= wish
        assert dialled_in_all <= allowed + 1e-6


def test_a_ramp_doubles_and_begins_anew() -> None:
    policy = connection_ramp.ConnectionRamp(start_per_s=4, most_per_s=100, double_ns=SECOND)
    state = policy.initial()
    dialled = []
    for second in range(1, 7):
        state, number = policy.step(state, 1_000, second * SECOND, RNG)
        dialled.append(number)
    assert dialled == [8, 16, 32, 64, 100, 100]
    state, number = policy.step(state, connection_ramp.RESET, 7 * SECOND, RNG)
    assert number == 0
    assert policy.step(state, 1_000, 7 * SECOND + SECOND // 2, RNG)[1] == 2


@pytest.mark.parametrize("kind", [queue_throttle.QueueThrottle, load_shedding.LoadShedding])
def test_marks_in_the_wrong_order_are_refused(kind: type) -> None:
    with pytest.raises(ValueError, match="must be"):
        kind(low=5, high=5)


ROUNDS = st.lists(st.integers(0, 40), max_size=30)


@given(ROUNDS, st.integers(1, 40), st.floats(1, 3), st.floats(0, 9))
def test_a_checker_is_late_only_for_the_changes_it_has_to_write(
    changes: list[int], checks: int, spare: float, cost: float
) -> None:
    policy = checker_capacity.CheckerCapacity(spare=spare, change_cost=cost)
    state, owed = policy.initial(), 0.0
    for number in changes:
        owed += cost * number
        state, late = policy.step(state, checker_capacity.Load(checks, number), 0, RNG)
        assert 0 <= state.left_over <= owed + 1e-6
        assert late == (state.left_over > spare * checks)
    for _ in range(60):
        before = state.left_over
        state, late = policy.step(state, checker_capacity.Load(checks, 0), 0, RNG)
        assert state.left_over == max(0.0, before + checks - spare * checks)


def test_a_checker_that_cannot_do_its_checks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"spare 0\.5 must be at least 1"):
        checker_capacity.CheckerCapacity(spare=0.5)
