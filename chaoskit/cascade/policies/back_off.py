"""Back-off with each jitter: how long to sleep before the next try.

With ``v`` = min(cap, base * 2 ** n) before retry n: *none* sleeps v, *equal* from v/2 to v, *full* from 0 to v; *decorrelated* sleeps from
base to three times its last sleep, at most cap; *zero* does not sleep (Brooker, "Exponential Backoff And Jitter", AWS Architecture
Blog, 2015). Events: ``FAILED``, ``DONE``. Effect: the sleep in nanoseconds, 0 after ``DONE``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias

from chaoskit.cascade.policies import Draw, ManyDraws, T
from chaoskit.clock import Instant

if TYPE_CHECKING:
    from numpy.typing import NDArray

DONE, FAILED = 0, 1

Jitter: TypeAlias = Literal["zero", "none", "equal", "full", "decorrelated"]

_MOST_DOUBLINGS = 60


class State(NamedTuple, Generic[T]):
    """``failures`` since the last success, and the ``last`` sleep."""

    failures: T
    last: T


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """``first``: the exponent n of the first retry; 0 in AWS's guide, 1 in Brooker's simulator."""

    base_ns: int
    cap_ns: int
    jitter: Jitter = "full"
    first: int = 0

    def initial(self) -> State[int]:
        """Nothing has failed."""
        return State(0, self.base_ns)

    def step(self, state: State[int], event: int, at: Instant, rng: Draw) -> tuple[State[int], int]:
        """A try ended at ``at``."""
        if event == DONE:
            return self.initial(), 0
        sleep = self._sleep(state, rng)
        return State(state.failures + 1, sleep if self.jitter == "decorrelated" else state.last), sleep

    def _sleep(self, state: State[int], rng: Draw) -> int:
        if self.jitter == "zero":
            return 0
        if self.jitter == "decorrelated":
            return round(min(self.cap_ns, self.base_ns + rng.random() * (3.0 * state.last - self.base_ns)))
        longest = min(self.cap_ns, self.base_ns * 2.0 ** min(self.first + state.failures, _MOST_DOUBLINGS))
        if self.jitter == "none":
            return round(longest)
        if self.jitter == "equal":
            return round(longest / 2 + rng.random() * (longest / 2))
        return round(rng.random() * longest)

    def step_many(
        self, states: State[NDArray[Any]], events: NDArray[Any], at: NDArray[Any] | Instant, rng: ManyDraws
    ) -> tuple[State[NDArray[Any]], NDArray[Any]]:
        """``step`` of every entity."""
        import numpy as np

        failed = np.broadcast_to(events == FAILED, states.failures.shape)
        sleeps = np.zeros(len(states.failures), dtype=np.int64)
        chosen = State(states.failures[failed], states.last[failed])
        sleeps[failed] = self._sleeps(chosen, failed, rng)
        last = states.last
        if self.jitter == "decorrelated":
            last = np.where(failed, sleeps, states.last)
        return State(np.where(failed, states.failures + 1, 0), np.where(failed, last, self.base_ns)), sleeps

    def _sleeps(self, chosen: State[NDArray[Any]], failed: NDArray[Any], rng: ManyDraws) -> NDArray[Any]:
        import numpy as np

        if self.jitter == "zero":
            return np.zeros(len(chosen.failures))
        if self.jitter == "decorrelated":
            spans = 3.0 * chosen.last - self.base_ns
            sleeps: NDArray[Any] = np.rint(np.minimum(self.cap_ns, self.base_ns + rng.random(failed) * spans))
            return sleeps
        doublings = np.minimum(self.first + chosen.failures, _MOST_DOUBLINGS).astype(np.int64)
        longest: NDArray[Any] = np.minimum(self.cap_ns, np.ldexp(float(self.base_ns), doublings))
        if self.jitter == "none":
            sleeps = longest
        elif self.jitter == "equal":
            sleeps = longest / 2 + rng.random(failed) * (longest / 2)
        else:
            sleeps = rng.random(failed) * longest
        rounded: NDArray[Any] = np.rint(sleeps)
        return rounded
