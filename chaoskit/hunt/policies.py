"""Which program goes next: pure policies, asked whenever no call is under way. They see no clock and no arrival order.

A program that computes and one whose call is held look the same to a policy: whoever is chosen is waited for. So a decision does not
depend on who was quicker.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chaoskit.hunt.schedule import CallId, Schedule


@dataclass(frozen=True, slots=True)
class ProgramView:
    """What a policy sees of a program that has not ended. ``upcoming`` is the call that it makes next, held already or not.

    ``idle``: it neither computes nor calls, such as one that sleeps between two rounds.
    """

    name: str
    upcoming: CallId
    idle: bool = False


class Policy(Protocol):
    """Chooses; it is asked once for each call that is released, and again when the chosen program ended or turned idle."""

    def choose(self, programs: Sequence[ProgramView], answered: Mapping[str, int]) -> str | None:
        """The program whose next call is released, or None if none can go on.

        ``answered`` is the number of the last answered call of each program, those that have ended included.
        """

    def released(self, program: str) -> None:
        """The call of ``program`` has been released."""


class InOrder:
    """The programs one after the other, but for the holds of a ``Schedule``. See there."""

    def __init__(self, schedule: Schedule) -> None:
        self._order = schedule.order
        self._holds = schedule.holds
        self._current = schedule.order[0]

    def choose(self, programs: Sequence[ProgramView], answered: Mapping[str, int]) -> str | None:
        able = {view.name: view for view in programs if not view.idle}
        live = {view.name for view in programs}
        free = [name for name, view in able.items() if not self._is_held(view.upcoming, answered, live)]
        # Where every program that could move is held, a hold can never be kept to: the first gives way.
        candidates = free or list(able)
        if self._current in candidates:
            return self._current
        return min(candidates, key=self._order.index, default=None)

    def released(self, program: str) -> None:
        self._current = program

    def _is_held(self, call: CallId, answered: Mapping[str, int], live: set[str]) -> bool:
        until = self._holds.get(call)
        return until is not None and until.program in live and answered.get(until.program, 0) < until.number


@dataclass(frozen=True, slots=True)
class PctDraw:
    """What a seed draws for PCT: each program's priority, and the change points as (place of the call in the run, priority)."""

    priorities: tuple[tuple[str, int], ...]
    change_points: tuple[tuple[int, int], ...]


def draw_pct(programs: Sequence[str], calls: int, depth: int, seed: int) -> PctDraw:
    """Priorities from ``depth`` on in random order, and ``depth`` − 1 change points among the first ``calls`` calls, below all of them."""
    rng = random.Random(seed)
    shuffled = rng.sample(list(programs), len(programs))
    priorities = sorted((name, depth + place) for place, name in enumerate(shuffled))
    change_points = {rng.randint(1, calls): priority for priority in range(1, depth)}
    return PctDraw(tuple(priorities), tuple(sorted(change_points.items())))


class Pct:
    """Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010, §2.3).

    Each program has a random priority above all change points; the highest goes on. Whoever makes the call of a change point falls to that
    point's own low priority.
    """

    def __init__(self, draw: PctDraw) -> None:
        self._priorities = dict(draw.priorities)
        self._change_points = dict(draw.change_points)
        self._released = 0

    def choose(self, programs: Sequence[ProgramView], answered: Mapping[str, int]) -> str | None:
        able = [view.name for view in programs if not view.idle]
        return max(able, key=self._priorities.__getitem__, default=None)

    def released(self, program: str) -> None:
        self._released += 1
        if self._released in self._change_points:
            self._priorities[program] = self._change_points[self._released]


def pct_bound(programs: int, calls: int, depth: int) -> float:
    """The least probability that one run meets a bug of this depth: 1/(n·k^(d−1)) (ibid., theorem 9)."""
    return 1 / (programs * float(calls) ** (depth - 1))


def pct_bound_of_runs(bound: float, runs: int) -> float:
    """The least probability that ``runs`` independent runs meet it."""
    return 1 - (1 - bound) ** runs
