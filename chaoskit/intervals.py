"""How sure a share is of which so many were seen."""

from __future__ import annotations

import math

Z_95, Z_99 = 1.959964, 2.575829
"""The normal quantiles of two-sided intervals of 95 % and 99 %."""


def wilson(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The interval of a probability of which ``successes`` in ``trials`` were seen (E. B. Wilson, JASA, 1927). Without trials: 0 to 1."""
    if not trials:
        return 0.0, 1.0
    share = successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return (0.0 if successes == 0 else middle - half), (1.0 if successes == trials else middle + half)
