"""``recycle``, or ``recycle: 5s``: no connection lives longer than ``every``; then it is closed, both ways, with nothing lost.

Load balancers and the front ends of AWS's services do so with long-lived connections. Put it beside a DNS fault, and a pool that would
have ridden on its open connections has to look the name up again and meets the fault. An open connection's time begins when the toxic
is put on, so with ``every: 0s`` all that are open are cut at once.

A connection that carries a call is spared until it is quiet: an answer was the last thing on it, 50 ms ago or more. It is closed 10 s
after its time at the latest. A client sees the end of the stream where it expects none. Toxiproxy has no such toxic: this is the
embedded proxy's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.network.toxics import Cut, Toxic
from chaoskit.units import MILLISECOND, SECOND, Duration

GRACE = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Recycle(Toxic):
    """Close a connection ``every`` after it was opened, as soon as it is quiet."""

    UNITS: ClassVar[dict[str, int]] = {"every": MILLISECOND}
    IN_TOXIPROXY: ClassVar[bool] = False
    SHORT: ClassVar[str] = "every"

    every: Duration

    def opened(self, at: Instant) -> Cut:
        return Cut(at + self.every, spare_calls_until=at + self.every + GRACE)
