"""Every policy's vector form is equal to its scalar form: each state, each effect, each draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.cascade.draws import Stream, Streams
from chaoskit.cascade.policies import POLICIES
from chaoskit.cascade.policies.back_off import BackOff
from chaoskit.cascade.policies.checker_capacity import CheckerCapacity, Load
from chaoskit.cascade.policies.circuit_breaker import CircuitBreaker
from chaoskit.cascade.policies.connection_ramp import ConnectionRamp
from chaoskit.cascade.policies.deadline import Deadline, Work
from chaoskit.cascade.policies.health_damping import HealthDamping
from chaoskit.cascade.policies.lease import Lease
from chaoskit.cascade.policies.load_shedding import LoadShedding
from chaoskit.cascade.policies.queue import Offer, Queue
from chaoskit.cascade.policies.queue_throttle import Offer as ThrottleOffer
from chaoskit.cascade.policies.queue_throttle import QueueThrottle
from chaoskit.cascade.policies.retry_budget import RetryBudget
from chaoskit.cascade.policies.state_check import StateCheck
from chaoskit.cascade.policies.velocity_control import VelocityControl
from chaoskit.units import SECOND

ENTITIES = 4
INSTANTS = st.integers(0, 5 * SECOND)
TWO_KINDS = st.integers(0, 1)
THREE_KINDS = st.integers(0, 2)
FRACTIONS = st.floats(0, 50, allow_nan=False)
WHOLE = st.integers(0, 40)

CASES: dict[str, tuple[list[Any], Any]] = {
    "lease": ([Lease(length_ns=SECOND)], TWO_KINDS),
    "state_check": ([StateCheck(period_ns=SECOND, retry_ns=SECOND // 3, spread=0.9)], TWO_KINDS),
    "queue": ([Queue(limit=30), Queue()], st.builds(Offer, WHOLE, FRACTIONS)),
    "queue_throttle": ([QueueThrottle(low=3, high=17.5)], st.builds(ThrottleOffer, WHOLE, WHOLE)),
    "velocity_control": ([VelocityControl(most=7.5, window_ns=3 * SECOND)], st.floats(-5, 20, allow_nan=False)),
    "health_damping": (
        [HealthDamping(rise=2, fall=1, suppress=2.5, decay_per_s=0.3), HealthDamping(rise=1, fall=2)],
        TWO_KINDS,
    ),
    "back_off": (
        [
            BackOff(base_ns=SECOND // 7, cap_ns=3 * SECOND, jitter=jitter, first=1)
            for jitter in ("zero", "none", "equal", "full", "decorrelated")
        ],
        TWO_KINDS,
    ),
    "retry_budget": ([RetryBudget(earn=0.3, capacity=2)], TWO_KINDS),
    "circuit_breaker": ([CircuitBreaker(failures=2, open_ns=2 * SECOND, probes=2)], THREE_KINDS),
    "checker_capacity": ([CheckerCapacity(spare=1.1, change_cost=3.5)], st.builds(Load, WHOLE, WHOLE)),
    "load_shedding": ([LoadShedding(low=5, high=25)], WHOLE),
    "deadline": (
        [Deadline(margin_ns=7)],
        st.builds(Work, st.integers(0, 60 * SECOND), st.integers(0, SECOND)),
    ),
    "connection_ramp": (
        [ConnectionRamp(start_per_s=0.7, most_per_s=9, double_ns=2 * SECOND)],
        st.integers(-1, 20),
    ),
}


def columns(rows: list[Any]) -> Any:
    """One tuple of arrays for many tuples of numbers; one array for many numbers."""
    if isinstance(rows[0], tuple):
        return type(rows[0])(*(np.array(column) for column in zip(*rows, strict=True)))
    return np.array(rows)


def same(one: Any, other: Any) -> bool:
    pairs = zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]
    return all(np.array_equal(np.asarray(left, float), np.asarray(right, float)) for left, right in pairs)


def test_every_policy_has_its_case() -> None:
    assert set(CASES) == set(POLICIES.kinds)
    assert all(isinstance(policies[0], POLICIES.get(kind)) for kind, (policies, _) in CASES.items())


@pytest.mark.parametrize("kind", CASES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_vector_form_equals_scalar_form(kind: str, data: st.DataObject) -> None:
    policies, events = CASES[kind]
    policy = data.draw(st.sampled_from(policies))
    seed = data.draw(st.integers(0, 2**64 - 1))
    steps = data.draw(
        st.lists(st.tuples(INSTANTS, st.lists(events, min_size=ENTITIES, max_size=ENTITIES)), max_size=12)
    )
    alone = [Stream(seed, entity) for entity in range(ENTITIES)]
    together = Streams(seed, ENTITIES)
    states = [policy.initial() for _ in range(ENTITIES)]
    vector = columns(states)
    at = 0
    for passed, happening in steps:
        at += passed
        outcomes = [
            policy.step(state, event, at, rng) for state, event, rng in zip(states, happening, alone, strict=True)
        ]
        states = [state for state, _ in outcomes]
        vector, effects = policy.step_many(vector, columns(happening), at, together)
        assert same(vector, columns(states))
        assert same(effects, columns([effect for _, effect in outcomes]))
    everyone = np.arange(ENTITIES)
    assert together.random(everyone).tolist() == [rng.random() for rng in alone], "as many draws were taken"
