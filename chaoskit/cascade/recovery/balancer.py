"""Load balancer nodes that enter service before their network state has propagated: health checks alternate, zones fail over.

A node's checks fail while its state is not propagated and the path that a check takes needs it (every other check, on average); the checker
has a limited capacity (``chaoskit.cascade.policies.checker_capacity``): a check that comes late counts as failed. When more than a third
of a zone's nodes are out, the zone is failed over: as much of its capacity as may go, goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chaoskit.cascade.draws import Streams, base_key
from chaoskit.cascade.policies.checker_capacity import CheckerCapacity, Load
from chaoskit.cascade.policies.health_damping import FAILED, PASSED, HealthDamping, State
from chaoskit.cascade.policies.velocity_control import VelocityControl
from chaoskit.units import SECOND

ZONES = 3
CHECK_S = 10
FAILOVER_SHARE = 1 / 3
HEAL_S = 300
"""A zone that was failed over is taken back after so long without its threshold being passed."""

_UNLIMITED = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerSettings:
    """``propagated_after_s``: when the network's backlog is worked off. ``utilisation``: the load as a share of the whole capacity."""

    nodes: int = 90
    propagated_after_s: int = 3600
    length_s: int = 5400
    utilisation: float = 0.6
    damping: HealthDamping = field(default_factory=HealthDamping)
    velocity: VelocityControl | None = None
    checker: CheckerCapacity = field(default_factory=CheckerCapacity)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerCourse:
    """Per check round: nodes that serve, capacity in service as a share, share of requests that fail. ``changes`` of place in all."""

    serving: tuple[int, ...]
    capacity: tuple[float, ...]
    errors: tuple[float, ...]
    changes: int
    late_rounds: int


def play_balancer(settings: BalancerSettings, seed: int) -> BalancerCourse:
    """Round by round; equal settings and seeds give equal courses."""
    import numpy as np

    draws = Streams(base_key(seed, "health checks"), settings.nodes)
    everyone = np.arange(settings.nodes)
    zone = everyone % ZONES
    ones = np.ones(settings.nodes)
    state = State(ones.astype(np.int64), ones * 0, ones * 0.0, ones.astype(np.int64) * 0, ones * 0)
    velocity = settings.velocity or VelocityControl(most=_UNLIMITED, window_ns=SECOND)
    allowance = velocity.initial()
    removed = np.zeros(ZONES)
    since = np.zeros(ZONES)
    burden, late, changes, late_rounds = settings.checker.initial(), False, 0, 0
    serving_course, capacity_course, error_course = [], [], []
    for now in range(CHECK_S, settings.length_s, CHECK_S):
        late_rounds += late
        alternates = draws.random(everyone) < 0.5
        unpropagated = now < settings.propagated_after_s
        fails = np.full(settings.nodes, late) | (alternates if unpropagated else np.zeros(settings.nodes, bool))
        before = state.serving
        state, serving = settings.damping.step_many(state, np.where(fails, FAILED, PASSED), now * SECOND, draws)
        moved = int((state.serving != before).sum())
        changes += moved
        burden, late = settings.checker.step(burden, Load(settings.nodes, moved), now * SECOND, _NO_DRAWS)
        for each in range(ZONES):
            of_zone = zone == each
            out = 1 - serving[of_zone].mean()
            if out > FAILOVER_SHARE:
                since[each] = now
                wish = of_zone.sum() - removed[each]
                allowance, granted = velocity.step(allowance, float(wish), now * SECOND, _NO_DRAWS)
                removed[each] += granted
            elif removed[each] and now - since[each] >= HEAL_S:
                removed[each] = 0.0
        up = [serving[zone == each].sum() * (1 - removed[each] / (zone == each).sum()) for each in range(ZONES)]
        capacity = float(sum(up)) / settings.nodes
        serving_course.append(int(serving.sum()))
        capacity_course.append(capacity)
        error_course.append(max(0.0, 1 - capacity / settings.utilisation))
    return BalancerCourse(
        serving=tuple(serving_course),
        capacity=tuple(capacity_course),
        errors=tuple(error_course),
        changes=changes,
        late_rounds=late_rounds,
    )


class _NoDraws:
    def random(self) -> float:
        raise AssertionError("neither velocity control nor the checker draws")


_NO_DRAWS = _NoDraws()
