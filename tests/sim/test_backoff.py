"""The documented policies, and a client that keeps them in virtual time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.sim.backoff import BackOff, Quota
from chaoskit.sim.client import Outage, SimulatedCall, simulate
from chaoskit.sim.documented import (
    LEGACY,
    LEGACY_DYNAMODB,
    NEW_2026,
    NEW_2026_DYNAMODB,
    POLICIES,
    STANDARD,
    botocore,
    numbers,
)
from chaoskit.sim.heap import EventHeap
from chaoskit.units import MILLISECOND, SECOND

POLICY = st.builds(
    BackOff,
    name=st.just("any"),
    source=st.just("drawn"),
    attempts=st.integers(1, 12),
    base_ns=st.integers(1, SECOND),
    cap_ns=st.integers(1, 20 * SECOND),
    jitter=st.sampled_from(["none", "full"]),
    quota=st.none()
    | st.builds(Quota, capacity=st.integers(0, 600), cost=st.integers(1, 20), timeout_cost=st.integers(1, 20)),
)


def during(trouble: str = "not found", seconds: int = 60) -> Outage:
    return Outage(start=0, end=seconds * SECOND, trouble=trouble, failing_ns=MILLISECOND, healthy_ns=MILLISECOND)  # type: ignore[arg-type]


def calls_of(
    policy: BackOff, outage: Outage, *, every: int = SECOND, ends: int = 60 * SECOND, seed: int = 1
) -> list[SimulatedCall]:
    return list(simulate(policy, outage, every=every, ends=ends, rng=random.Random(seed)))


def test_legacy_dynamodb_sleeps_25_and_a_half_seconds() -> None:
    """50 ms, 100 ms … 12.8 s: 511 times 50 ms."""
    (call, *_) = calls_of(LEGACY_DYNAMODB, during())
    assert call.attempts == 10
    assert sum(call.sleeps) == 511 * 50 * MILLISECOND
    assert call.sleeps[-1] == 12_800 * MILLISECOND


@pytest.mark.parametrize(
    ("policy", "attempts", "longest_ms"),
    [(LEGACY, 5, 15_000), (STANDARD, 3, 3_000), (NEW_2026, 3, 150), (NEW_2026_DYNAMODB, 4, 175)],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_call_takes_the_documented_attempts(policy: BackOff, attempts: int, longest_ms: int) -> None:
    for seed in range(20):
        (call, *_) = calls_of(policy, during(), seed=seed)
        assert call.attempts == attempts
        assert 0 < sum(call.sleeps) <= longest_ms * MILLISECOND
    assert policy.longest_call("not found", 0) == longest_ms * MILLISECOND


def test_the_quota_of_2026_lasts_eleven_calls_and_two_retries() -> None:
    """500 tokens at 14 a retry are 35 retries: 11 calls of 3 retries, one of 2, then none."""
    attempts = [call.attempts for call in calls_of(NEW_2026_DYNAMODB, during())]
    assert attempts[:14] == [4] * 11 + [3, 1, 1]


def test_the_quota_before_lasts_for_fifty_calls() -> None:
    outage = during(seconds=600)
    attempts = [call.attempts for call in calls_of(STANDARD, outage, every=4 * SECOND, ends=600 * SECOND)]
    assert attempts[:52] == [3] * 50 + [1, 1]


def test_legacy_has_no_quota() -> None:
    attempts = [call.attempts for call in calls_of(LEGACY, during(seconds=3600), ends=3600 * SECOND)]
    assert len(attempts) > 200
    assert set(attempts) == {5}


def test_a_trouble_that_is_not_retried_is_tried_once() -> None:
    picky = BackOff(name="picky", source="made up", attempts=3, base_ns=SECOND, retried=frozenset(("temporary",)))
    assert [call.attempts for call in calls_of(picky, during("not found"))][:3] == [1, 1, 1]
    assert calls_of(picky, during("temporary"))[0].attempts == 3


def test_success_gives_a_token_back_a_late_one_what_it_took() -> None:
    policy = BackOff(
        name="p",
        source="",
        attempts=2,
        base_ns=SECOND,
        jitter="none",
        quota=Quota(capacity=10, cost=10, timeout_cost=10),
    )
    # The first call fails twice and empties the bucket, so the next failing ones are not retried; a second for each call.
    blank = Outage(start=0, end=4 * SECOND, trouble="not found", failing_ns=1, healthy_ns=1)
    assert [call.attempts for call in calls_of(policy, blank, ends=4 * SECOND)] == [2, 1, 1]
    late = Outage(start=0, end=SECOND, trouble="not found", failing_ns=1, healthy_ns=1)
    (first, *_) = calls_of(policy, late, ends=3 * SECOND)
    assert (first.ok, first.attempts) == (True, 2)


@given(policy=POLICY, seed=st.integers(0, 1000), seconds=st.integers(0, 20))
def test_a_simulated_client_keeps_its_policy(policy: BackOff, seed: int, seconds: int) -> None:
    outage = Outage(
        start=2 * SECOND,
        end=(2 + seconds) * SECOND,
        trouble="not found",
        failing_ns=MILLISECOND,
        healthy_ns=MILLISECOND,
    )
    calls = calls_of(policy, outage, ends=30 * SECOND, seed=seed)
    assert calls == calls_of(policy, outage, ends=30 * SECOND, seed=seed), "equal inputs give equal calls"
    spent = 0
    for before, call in zip([None, *calls], calls, strict=False):
        assert call.started % SECOND == 0
        assert before is None or call.started >= before.finished
        assert 1 <= call.attempts <= policy.attempts
        assert len(call.sleeps) == call.attempts - 1
        for retry, slept in enumerate(call.sleeps, 1):
            shortest, longest = policy.bounds(retry)
            assert shortest <= slept <= longest <= policy.cap_ns
        assert call.elapsed_ns == call.attempts * MILLISECOND + sum(call.sleeps)
        assert call.ok or call.out_of_quota or call.attempts == policy.attempts
        spent += 0 if call.ok else len(call.sleeps)
    if policy.quota:
        earned = sum(call.ok for call in calls) * policy.quota.refund
        assert spent * policy.quota.cost <= policy.quota.capacity + earned


@given(policy=POLICY, retry=st.integers(1, 12))
def test_bounds_never_shrink(policy: BackOff, retry: int) -> None:
    assert policy.bounds(retry + 1) >= policy.bounds(retry)


def test_which_policy_a_version_of_botocore_keeps() -> None:
    assert botocore("1.43.11", None, "dynamodb") is LEGACY_DYNAMODB
    assert botocore("1.43.11", None, "sts") is LEGACY
    assert botocore("1.43.11", "standard", "dynamodb") is STANDARD
    assert botocore("1.44.0", None, "dynamodb") is NEW_2026_DYNAMODB
    assert botocore("1.44.5", "adaptive", "ec2") is NEW_2026
    assert botocore("1.44.5", "legacy", "dynamodb") is LEGACY_DYNAMODB
    assert botocore("1.100.0", None, "sts") is NEW_2026
    assert numbers("3.1166.0-rc1") == (3, 1166)
    assert len({policy.name for policy in POLICIES}) == len(POLICIES)


def test_the_heap_keeps_the_order_of_instants_then_of_arrival() -> None:
    heap = EventHeap()
    seen: list[str] = []

    def first() -> None:
        seen.append("a")
        heap.at(1, lambda: seen.append("b"))

    heap.at(2, lambda: seen.append("c"))
    heap.at(1, first)
    heap.at(2, lambda: seen.append("d"))
    heap.run()
    assert (seen, heap.now) == (["a", "b", "c", "d"], 2)
    with pytest.raises(ValueError, match="past"):
        heap.at(1, heap.run)
