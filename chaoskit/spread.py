"""How samples of one quantity spread: the one summary that reports and the lab's tables print."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


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
