"""``bandwidth``: a stream carries at most ``rate`` KB/s (1 KB is 1000 bytes). The sender waits when too much is on its way.

Bytes leave in pieces of a tenth of a second's worth, as in Toxiproxy. With a rate of 0 nothing leaves until the toxic is lifted, and
nothing is lost then.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.network.toxics import Moment, Send, Toxic
from chaoskit.units import HOUR, MILLISECOND

_PIECE_MS = 100
_NEVER = 1_000_000 * HOUR


@dataclass(frozen=True, slots=True)
class Bandwidth(Toxic):
    """At most ``rate`` KB/s, which is bytes a millisecond."""

    UNITS: ClassVar[dict[str, int]] = {"rate": 1}

    rate: int

    def chunk(self, data: bytes, moment: Moment, rng: random.Random) -> tuple[Send, ...]:
        if not self.rate:
            return (Send(data, max(moment.free, moment.at + _NEVER)),)
        start = max(moment.at, moment.free)
        piece = self.rate * _PIECE_MS
        ends = [*range(piece, len(data), piece), len(data)]
        return tuple(
            Send(data[first:end], start + end * MILLISECOND // self.rate)
            for first, end in zip([0, *ends], ends, strict=False)
        )
