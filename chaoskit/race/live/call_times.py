"""How long a participant's calls take in virtual time: drawn from a range, or as they were measured in a live run."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from chaoskit.clock import Instant
from chaoskit.journal.events import RaceStep
from chaoskit.race.calls import Call
from chaoskit.units import MILLISECOND

CALL_NS = (5 * MILLISECOND, 40 * MILLISECOND)
"""How long a call takes without latency, at least and at most: as measured on a machine of two processors under other load."""


class CallTime(NamedTuple):
    """Nanoseconds of one call: it is sent ``late`` after it was due, reaches the zone ``there`` after that, and is answered ``back``
    after it reached the zone."""

    late: int
    there: int
    back: int


class CallTimes(Protocol):
    """The times of one participant's calls."""

    def of(self, call: Call, due: Instant) -> CallTime:
        """Those of a call that is ``due`` so long after the start of the race."""


class DrawnTimes:
    """Evenly drawn between two bounds, half of it on the way there; the answer comes later by the path's latency."""

    def __init__(self, rng: random.Random, latency_ns: int, bounds: tuple[int, int] = CALL_NS) -> None:
        self._rng = rng
        self._latency_ns = latency_ns
        self._bounds = bounds

    def of(self, call: Call, due: Instant) -> CallTime:
        takes = self._rng.randint(*self._bounds)
        return CallTime(0, takes // 2, takes - takes // 2 + self._latency_ns)


@dataclass(frozen=True, slots=True)
class MeasuredTimes:
    """Those of the measured call of the same operation that was due nearest to it; of any operation if none of this one was measured.

    ``steps`` has (due, how late it was sent, how long until its answer) in the order of ``due``, counted from the start of the race.
    A call's way there is half of what is left without the path's latency, by which its answer alone is later.
    """

    steps: Mapping[str, Sequence[tuple[Instant, int, int]]]
    latency_ns: int = 0

    def of(self, call: Call, due: Instant) -> CallTime:
        steps = self.steps.get(operation_of(call)) or self.steps[""]
        after = bisect_left(steps, (due, 0, 0))
        _, late, took = min(steps[max(0, after - 1) : after + 1], key=lambda step: abs(step[0] - due))
        there = max(0, took - self.latency_ns) // 2
        return CallTime(late, there, took - there)


def operation_of(call: Call) -> str:
    """The name of a call's class, as ``RaceStep.operation`` has it."""
    return type(call).__name__


def measured_times(
    steps: Iterable[RaceStep], origin: Instant, latencies_ns: Mapping[str, int]
) -> dict[str, MeasuredTimes]:
    """By participant, the times of its calls in a live run that started at ``origin``; of those alone that called.

    ``latencies_ns`` is the latency of the participants' paths, the rest of what their calls took being the machine's.
    """
    by_client: dict[str, dict[str, list[tuple[Instant, int, int]]]] = {}
    for step in steps:
        due_at = step.due_at or step.asked_at
        times = (due_at - origin, step.asked_at - due_at, step.at - step.asked_at)
        operations = by_client.setdefault(step.client, {})
        for operation in {"", step.operation}:
            operations.setdefault(operation, []).append(times)
    return {
        client: MeasuredTimes({name: sorted(times) for name, times in operations.items()}, latencies_ns.get(client, 0))
        for client, operations in by_client.items()
    }
