"""The margin of a field, found by Bayesian bisection: the largest value at which the expectations still hold.

What a value does is taken to be a curve: far below the margin the expectations hold as often as they do when nothing much is asked,
far above they do not, and between them lies a slope, steep for a fixed back-off and shallow for one with jitter. The margin is where
the curve falls through ``share``; with a plateau below ``share`` there is none. Margin, slope and plateau are unknown; every run, held
or not, moves the belief about them by Bayes' rule (``Posterior``), and the next run is made where it is expected to narrow the belief most.
With a steep slope that is plain bisection; with a shallow one it stays near and repeats. Runs are taken to be independent.
This is the method of psychophysics for exactly this question: Watson and Pelli, "QUEST: A Bayesian adaptive psychometric method",
Perception & Psychophysics 33(2), 1983; the slope unknown and the least expected variance as in King-Smith et al., "Efficient and
unbiased modifications of the QUEST threshold method", Vision Research 34(7), 1994, and Kontsevich and Tyler, "Bayesian adaptive
estimation of psychometric slope and threshold", Vision Research 39(16), 1999. (For a steep slope: Waeber, Frazier and Henderson,
"Bisection search with noisy responses", SIAM Journal on Control and Optimization 51(3), 2013.)

The interval is the belief's central ``confidence``, widened to points of the grid. How often it holds the true margin, also of curves with
one plateau or another, ``tests/search/test_margin.py`` measures.

Everything is pure: what to do next is a function of the answers so far.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from chaoskit.errors import InputError
from chaoskit.search.belief import Posterior

Ending: TypeAlias = Literal["found", "holds everywhere", "fails everywhere", "out of runs"]
"""How a search ended; *everywhere* is between its two ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched: between ``low`` and ``high``, to within ``resolution`` either way (all in one unit).

    ``share``: the expectations count as holding where at least this share of runs holds. ``repeats``: at least so many runs are
    made within two resolutions of the margin, so that chance is seen. ``rising``: they hold above the margin, not below it;
    None: the runs at the two ends say which.
    """

    low: float
    high: float
    resolution: float
    confidence: float = 0.9
    share: float = 0.8
    repeats: int = 5
    runs_max: int = 40
    rising: bool | None = None

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise InputError("--from must be less than --to")
        if not 0 < self.resolution <= (self.high - self.low) / 2:
            raise InputError("--resolution must be above 0, and at most half of what lies between --from and --to")
        if (self.high - self.low) / self.resolution > 2000:
            raise InputError(
                "--resolution is finer than 1/2000 of the range; narrow --from and --to, or make it coarser"
            )
        if not 0.5 <= self.confidence < 1:
            raise InputError(f"--confidence {self.confidence:g}: write a share from 0.5, below 1, for example 0.9")
        if not 0.5 <= self.share <= 0.95:
            raise InputError(f"--share {self.share:g}: write a share from 0.5 to 0.95, for example 0.8")
        if self.repeats < 1 or self.runs_max < self.repeats + 2:
            raise InputError("--repeats must be at least 1, and --most-runs at least two more than --repeats")

    @property
    def steps(self) -> int:
        """How many points of the grid lie above ``low``; runs are made at grid points only."""
        return math.ceil((self.high - self.low) / self.resolution - 1e-9)

    def point(self, number: int) -> float:
        """The value at grid point ``number`` from 0 to ``steps``; the last step may be shorter, so that it ends at ``high``."""
        return self.high if number == self.steps else self.low + number * self.resolution


@dataclass(frozen=True, slots=True)
class Answer:
    """One run that counts: at which grid point, and whether every expectation held."""

    point: int
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Make a run at this grid point next; ``margin``, ``lower`` and ``upper`` are the belief so far."""

    point: int
    margin: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The end. The margin lies between ``lower`` and ``upper`` with the search's confidence; ``margin`` is their middle.

    They lie within the range: where the margin may as well be below or above all of it, ``may_be_below`` or ``may_be_above`` says so.
    When the ending is *holds everywhere* or *fails everywhere* the figures are the end of the range that matters. ``rising``: which way
    it was found to be. ``held`` of the ``runs`` held.
    """

    ending: Ending
    margin: float
    lower: float
    upper: float
    may_be_below: bool
    may_be_above: bool
    rising: bool
    held: int
    runs: int


def next_step(search: Search, answers: Sequence[Answer]) -> Ask | Found:
    """What to do after these answers. The two ends of the range come first."""
    rising = search.rising
    if rising is None:
        rises = _rises(search, answers)
        if not isinstance(rises, bool):
            return Ask(point=rises, margin=math.nan, lower=search.low, upper=search.high)
        rising = rises
    belief = Posterior(search.steps, search.share)
    for answer in answers:
        belief.learn(search.steps - answer.point if rising else answer.point, answer.held)
    return Policy(replace(search, rising=rising), belief, answers).step()


def _rises(search: Search, answers: Sequence[Answer]) -> bool | int:
    """Whether the expectations hold above the margin, or the end at which to run to know it.

    Falling is what is usual, so a rise needs to be seen twice: one run that came out wrong must not turn the search round.
    """
    at = {end: [answer.held for answer in answers if answer.point == end] for end in (0, search.steps)}
    for number in (1, 2):
        for end, held in at.items():
            if len(held) < number:
                return end
        if at[0][number - 1] or not at[search.steps][number - 1]:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Policy:
    """What to do, given a belief that has learnt the ``answers``.

    Inside, places are counted in cells (see ``Posterior``), and the expectations hold below the margin always: a search that rises is
    looked at in a mirror.
    """

    search: Search
    belief: Posterior
    answers: Sequence[Answer]

    def step(self) -> Ask | Found:
        """See ``next_step``."""
        search = self.search
        tail = (1 - search.confidence) / 2
        # Whether there is a margin at all and, if so, how high at most are two questions: a doubt about the one narrows not the other.
        low, margin, high = self.belief.quantiles(tail, 0.5, 1 - tail * self.belief.above(-math.inf))
        # Between two points of the grid nothing is ever seen, so the interval ends at points.
        lower, upper = 2 * math.floor(low / 2), 2 * math.ceil(high / 2)
        asked = {self._mirrored(answer.point) for answer in self.answers}
        for end in (0, search.steps):
            if end not in asked:
                return self._ask(end, lower, margin, upper)
        top, above = 2 * search.steps, self.belief.above
        if above(top) >= search.confidence and self._made_near(top) >= search.repeats:
            return self._found("holds everywhere", top, math.inf)
        if above(0) <= tail and self._made_near(0) >= search.repeats:
            return self._found("fails everywhere", -math.inf, 0)
        narrow = upper - lower <= 4 and self._made_near(margin) >= search.repeats
        if narrow and 0 <= margin <= top:
            return self._found("found", lower, upper)
        if len(self.answers) >= search.runs_max:
            return self._found("out of runs", lower, upper)
        return self._ask(self.belief.best_point(), lower, margin, upper)

    def _ask(self, point: int, lower: float, margin: float, upper: float) -> Ask:
        a, b = sorted((self._value(lower), self._value(upper)))
        return Ask(point=self._mirrored(point), margin=self._value(margin), lower=a, upper=b)

    def _found(self, ending: Ending, lower: float, upper: float) -> Found:
        a, b = sorted((self._value(lower), self._value(upper)))
        below, above = lower < 0, upper > 2 * self.search.steps
        return Found(
            ending=ending,
            margin=(a + b) / 2,
            lower=a,
            upper=b,
            may_be_below=above if self.search.rising else below,
            may_be_above=below if self.search.rising else above,
            rising=bool(self.search.rising),
            held=sum(answer.held for answer in self.answers),
            runs=len(self.answers),
        )

    def _mirrored(self, point: int) -> int:
        return self.search.steps - point if self.search.rising else point

    def _value(self, cells: float) -> float:
        """The value at a place; what lies beyond the range is put to its end."""
        steps = min(max(cells / 2, 0), self.search.steps)
        steps = self.search.steps - steps if self.search.rising else steps
        below = self.search.point(math.floor(steps))
        return below + (steps % 1) * (self.search.point(math.ceil(steps)) - below)

    def _made_near(self, cells: float) -> int:
        return sum(abs(2 * self._mirrored(answer.point) - cells) <= 4 for answer in self.answers)
