"""What is believed about a curve after some runs: a weight for each shape it may have and each place where it may fall.

A curve falls from a plateau, the chance to hold where nothing much is asked, to almost nothing, with a logistic slope. The margin is
where it falls through ``share``; a plateau at or below ``share`` has none, wherever it ends. Plateau, slope and place are all unknown:
with the plateau taken as known, a client that fails now and then would be given a margin too low or, worse, one that it has not. (That a
lapse rate fixed too low biases the threshold: Wichmann and Hill, "The psychometric function: I", Perception & Psychophysics 63(8), 2001.)

Places are counted in ``cells``, half steps of the grid of runs; point ``n`` of that grid lies at ``2 n``. The curve always falls here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import mul, sub

LAPSE = 0.02
"""The chance that a run comes out wrong whatever the value, either way, at the least: for a reason of the machine's own."""

PLATEAUS_ABOVE = ((0.0, 0.4), (1 / 6, 0.2), (0.4, 0.2), (0.7, 0.2))
"""Plateaus above ``share``: how far from ``1 - LAPSE`` towards it, and the weight before the first run."""

PLATEAUS_BELOW = ((0.94, 0.12), (0.87, 0.12), (0.75, 0.08), (0.5, 0.04))
"""Plateaus below ``share``, as a part of it, and their weights."""

NOWHERE = -1.0
"""The cell that stands for having no margin when the next point is chosen: just below the range."""

Row = tuple[float, ...]


class Posterior:
    """Even at first over places from half the range below it to half the range above it, and over slopes by their logarithm.

    The slopes go from a sixteenth of a step to a quarter of the range: one too shallow for a sharp fall puts the margin too low, for
    with a plateau near ``share`` it lies on the shoulder of the curve.
    """

    def __init__(self, steps: int, share: float) -> None:
        self.steps = steps
        self.cells = [number + 0.5 for number in range(-steps, 3 * steps)]
        self._curves = curves(steps, share)
        self._weights = [[prior] * len(self.cells) for prior, _, _ in self._curves]

    def _chances(self, point: int) -> Iterator[Row]:
        """For each curve the chance that a run at ``point`` holds, by the place of its fall."""
        start = 2 * (self.steps - point)
        return (row[start : start + len(self.cells)] for _, _, row in self._curves)

    def learn(self, point: int, held: bool) -> None:
        """Bayes' rule for one run."""
        learnt = []
        for weights, chances in zip(self._weights, self._chances(point), strict=True):
            holding = list(map(mul, weights, chances))
            learnt.append(holding if held else list(map(sub, weights, holding)))
        if (total := sum(map(sum, learnt))) < 1e-50:
            learnt = [[weight / total for weight in weights] for weights in learnt]
        self._weights = learnt

    def quantiles(self, *shares: float) -> tuple[float, ...]:
        """Below which margin (in cells) each share of the belief lies, in their order; no margin is one below all."""
        columns = self._columns()
        nowhere = sum(sum(row) for (_, crosses, _), row in zip(self._curves, self._weights, strict=True) if not crosses)
        total, summed, quantiles = nowhere + sum(columns), nowhere, []
        waiting = list(shares)
        while waiting and waiting[0] * total <= summed:
            quantiles.append(self.cells[0] - 0.5)
            waiting.pop(0)
        for cell, weight in zip(self.cells, columns, strict=True):
            while waiting and summed + weight >= waiting[0] * total:
                quantiles.append(cell - 0.5 + ((waiting.pop(0) * total - summed) / weight if weight else 0))
            summed += weight
        return (*quantiles, *([self.cells[-1] + 0.5] * len(waiting)))

    def above(self, cells: float) -> float:
        """The belief in a margin above."""
        above = sum(weight for cell, weight in zip(self.cells, self._columns(), strict=True) if cell > cells)
        return above / sum(map(sum, self._weights))

    def _columns(self) -> list[float]:
        rows = [row for (_, crosses, _), row in zip(self._curves, self._weights, strict=True) if crosses]
        return [sum(column) for column in zip(*rows, strict=True)]

    def best_point(self) -> int:
        """The point whose answer leaves the least expected variance of the margin; looked for among quantiles of the belief."""
        moments = []
        for (_, crosses, _), weights in zip(self._curves, self._weights, strict=True):
            first = list(map(mul, weights, self.cells)) if crosses else []
            moments.append((weights, first, list(map(mul, first, self.cells)) if crosses else []))
        sums = _sums(moments)
        places = self.quantiles(0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.98)
        candidates = {min(max(round(cell / 2), 0), self.steps) for cell in places}

        def expected_variance(point: int) -> float:
            held = [0.0, 0.0, 0.0]
            for (weights, first, second), chances in zip(moments, self._chances(point), strict=True):
                part = sum(map(mul, weights, chances))
                held[0] += part
                held[1] += sum(map(mul, first, chances)) if first else part * NOWHERE
                held[2] += sum(map(mul, second, chances)) if first else part * NOWHERE**2
            failed = [whole - part for whole, part in zip(sums, held, strict=True)]
            return sum(s - m * m / w for w, m, s in (held, failed) if w > 1e-12 * sums[0])

        return min(sorted(candidates), key=expected_variance)


def _sums(moments: Sequence[tuple[list[float], list[float], list[float]]]) -> list[float]:
    sums = [0.0, 0.0, 0.0]
    for weights, first, second in moments:
        whole = sum(weights)
        sums[0] += whole
        sums[1] += sum(first) if first else whole * NOWHERE
        sums[2] += sum(second) if first else whole * NOWHERE**2
    return sums


@lru_cache(maxsize=8)
def curves(steps: int, share: float) -> tuple[tuple[float, bool, Row], ...]:
    """Each curve: its weight before the first run, whether it crosses ``share``, and the chance to hold by how far above its fall lies.

    A row serves every point: it begins at ``3 steps`` cells below.
    """
    slopes = [0.125]
    while 4 * slopes[-1] <= steps / 2:
        slopes.append(4 * slopes[-1])
    top = 1 - LAPSE
    plateaus = [(top + part * (share - top), prior) for part, prior in PLATEAUS_ABOVE]
    plateaus += [(part * share, prior) for part, prior in PLATEAUS_BELOW]
    curves = []
    for plateau, prior in plateaus:
        crosses = plateau > share
        reached = (share - LAPSE) / (plateau - LAPSE) if crosses else 0.5
        offset = math.log(reached / (1 - reached))
        for slope in slopes:
            row = (
                LAPSE + (plateau - LAPSE) * _logistic(offset + (number + 0.5) / slope)
                for number in range(-3 * steps, 5 * steps)
            )
            curves.append((prior / len(slopes), crosses, tuple(row)))
    return tuple(curves)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0
