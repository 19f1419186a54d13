"""Brooker's jitter table: clients that each update one row under optimistic concurrency, and the sleep between their tries.

Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, and its simulator
(aws-samples/aws-arch-backoff-simulator). A try is four hops of |N(10, 2)| ms: read, reply, compare-and-swap, reply. Base 5 ms, cap 2 s, the
first sleep from base * 2. Calls are the compare-and-swaps; the time is the last commit's. The published figures are the mean of 100
seeds of that simulator, re-implemented.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from chaoskit.cascade.policies.back_off import FAILED, BackOff, Jitter, State
from chaoskit.cascade.results import Row
from chaoskit.sim.heap import EventHeap
from chaoskit.units import MILLISECOND

SOURCE = "Brooker 2015, jitter"
CALLS_TOLERANCE, TIME_TOLERANCE = 0.03, 0.05

NAMES: dict[Jitter, str] = {
    "zero": "no back-off",
    "none": "exponential, no jitter",
    "equal": "equal jitter",
    "full": "full jitter",
    "decorrelated": "decorrelated jitter",
}

PUBLISHED: dict[tuple[int, Jitter], tuple[int, int]] = {
    (50, "zero"): (1_131, 691),
    (50, "none"): (36_849, 627),
    (50, "equal"): (4_235, 348),
    (50, "full"): (2_842, 333),
    (50, "decorrelated"): (2_168, 374),
    (100, "zero"): (2_032, 2_422),
    (100, "none"): (63_249, 1_857),
    (100, "equal"): (6_587, 813),
    (100, "full"): (4_835, 794),
    (100, "decorrelated"): (4_616, 1_006),
}
"""(clients, jitter): milliseconds and calls."""


def rows(seeds: int = 100) -> list[Row]:
    """Two rows a cell of the table: milliseconds and calls, each the mean over ``seeds`` plays."""
    table = []
    for (clients, jitter), (published_ms, published_calls) in PUBLISHED.items():
        plays = [play(clients, jitter, seed) for seed in range(seeds)]
        what = f"{clients} clients, {NAMES[jitter]}"
        table.append(
            Row(
                source=SOURCE,
                what=f"{what}: ms",
                published=published_ms,
                ours=sum(ms for ms, _ in plays) / seeds,
                tolerance=TIME_TOLERANCE,
            )
        )
        table.append(
            Row(
                source=SOURCE,
                what=f"{what}: calls",
                published=published_calls,
                ours=sum(calls for _, calls in plays) / seeds,
                tolerance=CALLS_TOLERANCE,
            )
        )
    return table


def play(clients: int, jitter: Jitter, seed: int) -> tuple[float, int]:
    """Milliseconds until the last commit, and compare-and-swaps until then."""
    contest = _Contest(BackOff(base_ns=5 * MILLISECOND, cap_ns=2000 * MILLISECOND, jitter=jitter, first=1), seed)
    for _ in range(clients):
        _Client(contest).read()
    contest.heap.run()
    return contest.last_commit / MILLISECOND, contest.calls


class _Contest:
    """The row, its version, and the network before it."""

    def __init__(self, policy: BackOff, seed: int) -> None:
        self.policy, self.rng, self.heap = policy, random.Random(seed), EventHeap()
        self.version, self.calls, self.last_commit = 0, 0, 0

    def hop(self) -> int:
        """One way through the network, in nanoseconds."""
        return round(abs(self.rng.normalvariate(10, 2)) * MILLISECOND)


class _Client:
    """Wants one commit."""

    def __init__(self, contest: _Contest) -> None:
        self._contest = contest
        self._sleeping: State[int] = contest.policy.initial()
        self._version = 0

    def _after_hop(self, action: Callable[[], None], sleep: int = 0) -> None:
        contest = self._contest
        contest.heap.at(contest.heap.now + sleep + contest.hop(), action)

    def read(self, sleep: int = 0) -> None:
        """Begin a try after ``sleep`` nanoseconds."""
        self._after_hop(self._answer_read, sleep)

    def _answer_read(self) -> None:
        self._version = self._contest.version
        self._after_hop(self._write)

    def _write(self) -> None:
        self._after_hop(self._swap)

    def _swap(self) -> None:
        contest = self._contest
        contest.calls += 1
        if self._version == contest.version:
            contest.version += 1
            contest.last_commit = contest.heap.now
        else:
            self._after_hop(self._fail)

    def _fail(self) -> None:
        contest = self._contest
        self._sleeping, sleep = contest.policy.step(self._sleeping, FAILED, contest.heap.now, contest.rng)
        self.read(sleep)
