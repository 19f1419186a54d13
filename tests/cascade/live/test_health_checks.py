"""Rounds of health checks: thresholds as the policy has them, and a checker that comes late fails all."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.cascade.live.health_checks import HealthChecks
from chaoskit.cascade.live.parts.balancer import Balancer, Checker
from chaoskit.cascade.policies.checker_capacity import CheckerCapacity
from chaoskit.cascade.policies.health_damping import FAILED, PASSED, HealthDamping
from chaoskit.units import SECOND

TARGETS = ("a", "b", "c")
DRAWS = random.Random(1)
OUTCOMES = st.lists(st.fixed_dictionaries({target: st.booleans() for target in TARGETS}), max_size=30)


def filled(capacity: CheckerCapacity | None) -> HealthChecks:
    checks = HealthChecks(HealthDamping(rise=1, fall=1), capacity, DRAWS)
    for target in TARGETS:
        checks.add(target, 0)
    return checks


@given(OUTCOMES)
def test_without_a_capacity_only_its_own_checks_move_a_target(rounds: list[dict[str, bool]]) -> None:
    checks, policy = filled(None), HealthDamping(rise=1, fall=1)
    states = {target: policy.initial() for target in TARGETS}
    for number, passes in enumerate(rounds, 1):
        checks.end_round(passes, number * SECOND)
        for target, passed in passes.items():
            states[target], _ = policy.step(states[target], PASSED if passed else FAILED, number * SECOND, DRAWS)
        assert [checks.serves(target) for target in TARGETS] == [bool(state.serving) for state in states.values()]
        assert not checks.late


@given(OUTCOMES, st.floats(1, 2), st.floats(0, 9))
def test_a_late_round_leaves_no_target_in_service(rounds: list[dict[str, bool]], spare: float, cost: float) -> None:
    checks = filled(CheckerCapacity(spare=spare, change_cost=cost))
    for number, passes in enumerate(rounds, 1):
        late = checks.late
        checks.end_round(passes, number * SECOND)
        assert [checks.serves(target) for target in TARGETS] == [passes[target] and not late for target in TARGETS]


def test_one_blip_can_keep_a_checker_late_for_good() -> None:
    """Each return of the targets costs the checker so much that it is late again, and takes them out again."""
    tight, ample = filled(CheckerCapacity(spare=2, change_cost=5)), filled(CheckerCapacity(spare=4, change_cost=5))
    for checks in (tight, ample):
        checks.end_round(dict.fromkeys(TARGETS, False), 0)
        for number in range(1, 101):
            checks.end_round(dict.fromkeys(TARGETS, True), number * SECOND)
    assert ample.changes == 2 * len(TARGETS)
    assert tight.changes > 10 * len(TARGETS)


def test_a_balancer_has_a_capacity_only_where_it_is_set() -> None:
    plain, charged = Balancer(), Balancer(checker=Checker(spare=1, change_cost=99))
    for balancer, late in ((plain, False), (charged, True)):
        checks = balancer.checks(DRAWS)
        checks.add("a", 0)
        for number in (1, 2):
            checks.end_round({"a": False}, number * SECOND)
        assert (checks.late, checks.changes) == (late, 1)
