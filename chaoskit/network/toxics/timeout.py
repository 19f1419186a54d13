"""``timeout``: nothing gets through, and after ``timeout`` of silence the connection is closed; with 0 it stays open.

What arrives is dropped, and each arrival starts the time anew. When the toxic is lifted, the connections that it was on are closed, because
their streams have holes (Toxiproxy does the same). A client sees a connection that is established and dead: a read time-out, not a refusal.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.network.toxics import Cut, Moment, Toxic
from chaoskit.units import MILLISECOND, Duration


@dataclass(frozen=True, slots=True)
class Timeout(Toxic):
    """Hold the stream; close the connection after ``timeout``, or never with 0."""

    UNITS: ClassVar[dict[str, int]] = {"timeout": MILLISECOND}

    timeout: Duration

    def opened(self, at: Instant) -> Cut | None:
        return Cut(at + self.timeout) if self.timeout else None

    def chunk(self, data: bytes, moment: Moment, rng: random.Random) -> tuple[Cut, ...]:
        return (Cut(moment.at + self.timeout),) if self.timeout else ()

    def lifted(self, at: Instant) -> Cut | None:
        return Cut(at)
