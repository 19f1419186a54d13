"""How retries multiply work: (1 + N) times with N retries, 243 times with three tries in five layers, 1.1 times with a budget of a tenth.

Sources: M. Brooker, "Fixing retries with token buckets and circuit breakers", 2022; "Timeouts, retries, and backoff with jitter", Amazon
Builders' Library.
"""

from __future__ import annotations

import random

from chaoskit.cascade.policies.retry_budget import RETRY, SUCCESS, RetryBudget
from chaoskit.cascade.results import Row
from chaoskit.cascade.system.events import Simulation
from chaoskit.cascade.system.model import Call, Outage, Service, System
from chaoskit.units import MILLISECOND, SECOND

BROOKER, LIBRARY = "Brooker 2022, retries", "Builders' Library"
BUDGET_CALLS = 100_000


def rows() -> list[Row]:
    """Amplification in the simulation, event by event, while the last service refuses everything; and the budget alone."""
    table = [
        Row(
            source=BROOKER,
            what=f"{retries} retries while everything fails: times the work",
            published=1 + retries,
            ours=offered_per_call(layers=1, tries=1 + retries),
            tolerance=1e-9,
        )
        for retries in (1, 2, 3, 5)
    ]
    table.append(
        Row(
            source=LIBRARY,
            what="3 tries in each of 5 layers: times the work at the bottom",
            published=243,
            ours=offered_per_call(layers=5, tries=3),
            tolerance=1e-9,
        )
    )
    for failing in (0.02, 0.5, 0.9):
        published = 1 + min(0.1 * (1 - failing), failing)
        table.append(
            Row(
                source=BROOKER,
                what=f"a budget of 0.1 a success, {failing:.0%} of tries fail: times the work",
                published=published,
                ours=budgeted_per_call(failing),
                tolerance=0.01,
                assumed="a retry fails as often as a first try, and is not retried; as 0.1 retries: 1 + min(0.1 * successes, failures)",
            )
        )
    return table


def offered_per_call(*, layers: int, tries: int) -> float:
    """Tries at the bottom for one call at the top, when each of ``layers`` kinds of call makes ``tries`` and the bottom refuses all."""
    names = [f"layer-{number}" for number in range(1, layers + 1)]
    second = SECOND
    calls = [Call(to=name, timeout_ns=1000 * second, tries=tries) for name in names]
    services = {
        name: Service(
            name=name,
            capacity_per_s=1e6,
            queue=1 if name == names[-1] else None,
            calls=tuple(calls[number : number + 1]),
        )
        for number, name in enumerate(names, 1)
    }
    outage = Outage(for_ns=1000 * second, service=names[-1], capacity_left=0.0)
    system = System(title="layers", load_per_s=5, callers=calls[0], services=services, outage=outage)
    simulation = Simulation(system, seed=1, outage_at_ns=1 * MILLISECOND, regular=True)
    seconds = simulation.run(22 * second)[5:20]  # by then the one place in the queue, and the server, are taken
    fresh = sum(each.fresh for each in seconds)
    return sum(each.offered.get(names[-1], 0) for each in seconds) / fresh


def budgeted_per_call(failing: float) -> float:
    """Tries a call with at most one retry each, paid from one budget, when each try fails with the chance ``failing``."""
    policy, rng = RetryBudget(earn=0.1, capacity=10), random.Random(2022)
    state, tries = policy.initial(), 0
    for _ in range(BUDGET_CALLS):
        tries += 1
        if rng.random() >= failing:
            state, _ = policy.step(state, SUCCESS, 0, rng)
            continue
        state, allowed = policy.step(state, RETRY, 0, rng)
        tries += allowed
        if allowed and rng.random() >= failing:
            state, _ = policy.step(state, SUCCESS, 0, rng)
    return tries / BUDGET_CALLS
