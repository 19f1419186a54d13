"""How samples of one quantity spread, and how sure a share is of which so many were seen: what reports and tables print."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

Z_95, Z_99 = 1.959964, 2.575829
"""The normal quantiles of two-sided intervals of 95 % and 99 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """``n`` samples of one quantity, in the quantity's own unit. ``middle`` is a real sample (the lower median)."""

    n: int
    least: int
    middle: int
    most: int


def spread(samples: Iterable[int]) -> Spread | None:
    """The spread of ``samples``; None without any."""
    values = sorted(samples)
    if not values:
        return None
    return Spread(n=len(values), least=values[0], middle=statistics.median_low(values), most=values[-1])


def percentile(samples: Iterable[int], share: float) -> int | None:
    """The smallest sample that at least ``share`` of all samples do not exceed (nearest rank); None without any."""
    values = sorted(samples)
    if not values:
        return None
    return values[max(0, min(len(values) - 1, -int(-share * len(values) // 1) - 1))]


def wilson(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The interval of a probability of which ``successes`` in ``trials`` were seen (E. B. Wilson, JASA, 1927). Without trials: 0 to 1."""
    if not trials:
        return 0.0, 1.0
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return (0.0 if successes == 0 else middle - half), (1.0 if successes == trials else middle + half)
