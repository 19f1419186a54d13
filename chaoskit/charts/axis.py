"""Axes: where a value stands in px, and round numbers to label it with. Pure geometry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["linear", "log"]


@dataclass(frozen=True, slots=True)
class Axis:
    """From ``low`` at ``begin`` px to ``high`` at ``end`` px. A ``log`` axis needs ``low`` above 0; values beyond stand at its ends."""

    low: float
    high: float
    begin: float
    end: float
    kind: Kind = "linear"

    def place(self, value: float) -> float:
        """The place of ``value`` in px, with one decimal."""
        low, high = self.low, self.high
        value = min(max(value, low), high)
        if self.kind == "log":
            low, high, value = math.log(low), math.log(high), math.log(value)
        share = (value - low) / (high - low) if high > low else 0.0
        return round(self.begin + share * (self.end - self.begin), 1)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values to label, at most ``most`` of them (one more on a linear axis that begins at a round one)."""
        if self.kind == "log":
            return _log_ticks(self.low, self.high, most)
        step = round_step((self.high - self.low) / max(1, most - 1))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(number * step, 9) for number in range(first, last + 1)]


def round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below ``least``; 1 where that is 0."""
    if least <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def log_axis(values: Sequence[float], least: float, begin: float, end: float) -> Axis:
    """A logarithmic axis over whole decades that holds all ``values``, none of them shown below ``least``; a decade at least."""
    low = max(least, min((value for value in values if value > 0), default=least))
    high = max([low, *values])
    floor, ceiling = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return Axis(10.0**floor, 10.0 ** max(ceiling, floor + 1), begin, end, "log")


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / most))
    return [10.0**power for power in range(first, last + 1, step)]


def seconds_label(value: float) -> str:
    """A round length of time on an axis, in one unit: ``100 ms``, ``2 s``, ``1000 s``."""
    if value <= 0 or value >= 1:
        return f"{value:g} s"
    return f"{value * 1000:g} ms" if value >= 0.001 else f"{value * 1_000_000:g} µs"
