"""The margin of a field, found by Bayesian bisection: the largest value at which the expectations still hold.

What a value does is taken to be a curve: far below the margin the expectations hold, far above they do not, and between them lies a
slope, steep for a fixed back-off and shallow for one with jitter. The margin is where the curve falls through ``share``. Both the
margin and the slope are unknown; every run, held or not, moves the belief about them by Bayes' rule, and the next run is made where
it is expected to narrow the belief most. With a steep slope that is plain bisection; with a shallow one it stays near and repeats.
This is the method of psychophysics for exactly this question: Watson and Pelli, "QUEST: A Bayesian adaptive psychometric method",
Perception & Psychophysics 33(2), 1983; the slope unknown and the least expected variance as in King-Smith et al., "Efficient and
unbiased modifications of the QUEST threshold method", Vision Research 34(7), 1994, and Kontsevich and Tyler, "Bayesian adaptive
estimation of psychometric slope and threshold", Vision Research 39(16), 1999. (For a steep slope: Waeber, Frazier and Henderson,
"Bisection search with noisy responses", SIAM Journal on Control and Optimization 51(3), 2013.)

Before the first run the belief is even: over margins from half the range below it to half the range above it, and over slopes, by their
logarithm, from a quarter of the resolution to a quarter of the range. ``LAPSE`` is the chance that a run comes out wrong for a
reason of the machine's own. The interval is the belief's central ``confidence``; over problems drawn as the belief says it holds
the true margin at least that often, which ``tests/search/test_margin.py`` measures.

Everything is pure: what to do next is a function of the answers so far.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import mul, sub
from typing import Literal, TypeAlias

from chaoskit.errors import InputError

LAPSE = 0.02

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
        """How many points of the grid lie above ``low``; runs are made at ``low + n * resolution`` only."""
        return math.floor((self.high - self.low) / self.resolution + 1e-9)

    def point(self, number: int) -> float:
        """The value at grid point ``number`` from 0 to ``steps``."""
        return self.low + number * self.resolution


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

    When the ending is *holds everywhere* or *fails everywhere* the figures are the end of the range that matters.
    """

    ending: Ending
    margin: float
    lower: float
    upper: float
    runs: int


def next_step(search: Search, answers: Sequence[Answer]) -> Ask | Found:
    """What to do after these answers. The two ends of the range come first."""
    if search.rising is None:
        said = _rises(search, answers)
        if isinstance(said, int) and not isinstance(said, bool):
            return Ask(point=said, margin=math.nan, lower=search.low, upper=search.point(search.steps))
        search = replace(search, rising=said)
    belief = Belief(search)
    for answer in answers:
        belief.learn(answer)
    return belief.step(answers)


def _rises(search: Search, answers: Sequence[Answer]) -> bool | int:
    """Whether the expectations hold above the margin, or the end at which to run to know it.

    Falling is what is usual, so a rise needs to be seen twice: one run that came out wrong must not turn the search round.
    """
    at = {end: [answer.held for answer in answers if answer.point == end] for end in (0, search.steps)}
    for seen in (1, 2):
        for end, held in at.items():
            if len(held) < seen:
                return end
        if at[0][seen - 1] or not at[search.steps][seen - 1]:
            return False
    return True


@dataclass(slots=True)
class Belief:
    """The belief about margin and slope: a weight for each pair of a grid. ``learn`` each answer once.

    Inside, a margin is counted in half resolutions above ``low`` (``cells``), points in whole ones, and the expectations hold below the
    margin always: a search that rises is looked at in a mirror.
    """

    search: Search
    cells: list[float] = field(init=False)
    weights: list[list[float]] = field(init=False)
    _likelihoods: list[list[float]] = field(init=False)

    def __post_init__(self) -> None:
        steps = self.search.steps
        beyond = steps  # cells on each side, so half the range
        self.cells = [number + 0.5 for number in range(-beyond, 2 * steps + beyond)]
        slopes = [0.5]
        while 2 * slopes[-1] <= steps / 2:
            slopes.append(2 * slopes[-1])
        self.weights = [[1.0] * len(self.cells) for _ in slopes]
        # The chance to hold depends on how far the margin lies above the point, so one row per slope serves every point.
        offset = math.log(self.search.share / (1 - self.search.share))
        reach = range(-beyond - 2 * steps, 2 * steps + beyond)
        self._likelihoods = [
            [LAPSE + (1 - 2 * LAPSE) * _logistic(offset + (number + 0.5) / slope) for number in reach]
            for slope in slopes
        ]

    def _chances(self, point: int) -> Iterator[tuple[list[float], list[float]]]:
        """For each slope the weights of the margins, and the chance of each that a run at ``point`` holds."""
        start = 2 * (self.search.steps - point)
        for weights, row in zip(self.weights, self._likelihoods, strict=True):
            yield weights, row[start : start + len(weights)]

    def learn(self, answer: Answer) -> None:
        """Bayes' rule for one answer."""
        learnt = []
        for weights, chances in self._chances(self._mirrored(answer.point)):
            held = list(map(mul, weights, chances))
            learnt.append(held if answer.held else list(map(sub, weights, held)))
        total = sum(map(sum, learnt))
        self.weights = [[weight / total for weight in weights] for weights in learnt]

    def step(self, answers: Sequence[Answer]) -> Ask | Found:
        """See ``next_step``; ``answers`` are those that were learnt."""
        search = self.search
        tail = (1 - search.confidence) / 2
        lower, margin, upper = self._quantiles(tail, 0.5, 1 - tail)
        asked = {self._mirrored(answer.point) for answer in answers}
        for end in (0, search.steps):
            if end not in asked:
                return self._ask(end, lower, margin, upper)
        top = 2.0 * search.steps
        if self._above(top) >= search.confidence and self._made_near(answers, top) >= search.repeats:
            return self._found("holds everywhere", top, top, answers)
        if 1 - self._above(0) >= search.confidence and self._made_near(answers, 0) >= search.repeats:
            return self._found("fails everywhere", 0, 0, answers)
        narrow = upper - lower <= 4 and self._made_near(answers, margin) >= search.repeats
        if narrow and 0 <= margin <= top:
            return self._found("found", lower, upper, answers)
        if len(answers) >= search.runs_max:
            return self._found("out of runs", lower, upper, answers)
        return self._ask(self._best_point(), lower, margin, upper)

    def _best_point(self) -> int:
        """The point whose answer leaves the least expected variance of the margin; looked for among quantiles of the belief."""
        steps = self.search.steps
        places = self._quantiles(0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.98)
        candidates = {min(max(round(cell / 2), 0), steps) for cell in places}
        return min(sorted(candidates), key=self._expected_variance)

    def _expected_variance(self, point: int) -> float:
        held, failed = [0.0] * 3, [0.0] * 3
        for weights, chances in self._chances(point):
            moments = weights
            for power in range(3):
                part = sum(map(mul, moments, chances))
                held[power] += part
                failed[power] += sum(moments) - part
                moments = list(map(mul, moments, self.cells))
        return sum(square - mean * mean / weight for weight, mean, square in (held, failed) if weight > 1e-12)

    def _ask(self, point: int, lower: float, margin: float, upper: float) -> Ask:
        a, b = sorted((self._value(lower), self._value(upper)))
        return Ask(point=self._mirrored(point), margin=self._value(margin), lower=a, upper=b)

    def _found(self, ending: Ending, lower: float, upper: float, answers: Sequence[Answer]) -> Found:
        a, b = sorted((self._value(lower), self._value(upper)))
        return Found(ending=ending, margin=(a + b) / 2, lower=a, upper=b, runs=len(answers))

    def _mirrored(self, point: int) -> int:
        return self.search.steps - point if self.search.rising else point

    def _value(self, cells: float) -> float:
        steps = self.search.steps - cells / 2 if self.search.rising else cells / 2
        return self.search.low + steps * self.search.resolution

    def _made_near(self, answers: Sequence[Answer], cells: float) -> int:
        return sum(abs(2 * self._mirrored(answer.point) - cells) <= 4 for answer in answers)

    def _above(self, cells: float) -> float:
        """The weight of margins above."""
        above = sum(
            weight for weights in self.weights for cell, weight in zip(self.cells, weights, strict=True) if cell > cells
        )
        return above / sum(map(sum, self.weights))

    def _quantiles(self, *shares: float) -> tuple[float, ...]:
        """Below which margin each share of the weight lies; within a cell the weight is even."""
        columns = [sum(column) for column in zip(*self.weights, strict=True)]
        total, summed, found = sum(columns), 0.0, []
        waiting = list(shares)
        for cell, weight in zip(self.cells, columns, strict=True):
            while waiting and summed + weight >= waiting[0] * total:
                found.append(cell - 0.5 + ((waiting.pop(0) * total - summed) / weight if weight else 0))
            summed += weight
        return (*found, *([self.cells[-1] + 0.5] * len(waiting)))


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0
