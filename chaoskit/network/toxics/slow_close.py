"""``slow_close``: bytes pass at once, but the end of the stream is passed on ``delay`` later.

A client that waits for the end of an answer (a body without a length, a shutdown) waits longer. Lifted, it passes the end on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.network.toxics import Moment, Toxic
from chaoskit.units import MILLISECOND, Duration


@dataclass(frozen=True, slots=True)
class SlowClose(Toxic):
    """Pass the end on ``delay`` after it came."""

    UNITS: ClassVar[dict[str, int]] = {"delay": MILLISECOND}

    delay: Duration

    def ended(self, moment: Moment) -> Instant:
        return max(moment.at, moment.free) + self.delay
