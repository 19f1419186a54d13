"""``latency``: everything arrives late. Each chunk is delayed by ``latency`` ± ``jitter``, evenly distributed; order is kept.

Establishing the connection is not delayed, because the proxy accepts it itself; a TLS handshake is, because its bytes are. With the default
stream (downstream) a client waits ``latency`` longer for each answer.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.network.toxics import Moment, Send, Toxic
from chaoskit.units import MILLISECOND, Duration


@dataclass(frozen=True, slots=True)
class Latency(Toxic):
    """Delay by ``latency`` ± ``jitter``."""

    UNITS: ClassVar[dict[str, int]] = {"latency": MILLISECOND, "jitter": MILLISECOND}

    latency: Duration
    jitter: Duration = 0

    def chunk(self, data: bytes, moment: Moment, rng: random.Random) -> tuple[Send, ...]:
        delay = self.latency + (rng.randrange(-self.jitter, self.jitter) if self.jitter else 0)
        return (Send(data, max(moment.at + delay, moment.free, moment.at)),)
