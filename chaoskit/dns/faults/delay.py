"""``delay``: the right answer, late. Beyond 5 s glibc has asked again; beyond 10 s it has given up, and the late answer is lost."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Drop, Query, Reply
from chaoskit.units import HOUR, MINUTE, Duration, format_duration

LONGEST = HOUR
"""No resolver waits that long, and the answer takes up memory meanwhile."""


@dataclass(frozen=True, slots=True)
class Delay(DnsFault):
    """``by`` is how much later the answer leaves; delays of several faults add up. ``distribution`` says what is drawn for each query:

    ``fixed``: always ``by``. ``uniform``: evenly from ``by`` - ``spread`` to ``by`` + ``spread``. ``normal``: around ``by``, with
    ``spread`` as standard deviation. ``pareto``: at least ``by``, with a tail: beyond x times ``by`` in x to the power of -``shape``
    of the cases. What is drawn is cut to the range from 0 to ``at_most``; a fixed delay is not drawn.
    """

    EXAMPLE: ClassVar[str] = "{delay: {by: 2s, distribution: normal, spread: 500ms}}"

    by: Duration
    distribution: Literal["fixed", "uniform", "normal", "pareto"] = "fixed"
    spread: Duration = 0
    shape: float = 2.0
    at_most: Duration = MINUTE

    def __post_init__(self) -> None:
        if self.by <= 0:
            raise ValueError("'by' must be longer than 0")
        if self.distribution not in ("fixed", "uniform", "normal", "pareto"):
            raise ValueError(f"'distribution' is fixed, uniform, normal or pareto, not {self.distribution!r}")
        if (self.spread > 0) != (self.distribution in ("uniform", "normal")) or self.spread < 0:
            raise ValueError("'spread' belongs to the distributions uniform and normal, which need it")
        if not 0 < self.shape < math.inf:
            raise ValueError("'shape' must be a number above 0")
        if max(self.by, self.spread, self.at_most) > LONGEST:
            raise ValueError(
                f"no delay is longer than {format_duration(LONGEST)}; to never answer, use the fault 'drop'"
            )
        if self.distribution != "fixed" and self.at_most < self.by:
            raise ValueError("'at_most' is shorter than 'by'")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if isinstance(reply, Drop):
            return reply
        drawn = self.by if self.distribution == "fixed" else round(min(max(0.0, self._drawn(rng)), self.at_most))
        return replace(reply, delay_ns=reply.delay_ns + drawn)

    def _drawn(self, rng: random.Random) -> float:
        match self.distribution:
            case "uniform":
                return rng.uniform(self.by - self.spread, self.by + self.spread)
            case "normal":
                return rng.gauss(self.by, self.spread)
        try:
            return self.by * rng.paretovariate(self.shape)
        except OverflowError:  # a small shape has a tail beyond the largest number
            return math.inf
