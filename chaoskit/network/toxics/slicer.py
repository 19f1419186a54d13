"""``slicer``: bytes leave in small pieces of ``average_size`` ± ``size_variation`` bytes, ``delay`` apart.

Nothing is lost and the order is kept: what is tried is a reader that takes one ``recv`` for one message. Pieces are cut by
halving, so that none is much smaller than the others, as in Toxiproxy. Toxiproxy ends in an endless recursion, and with it the
whole server, when ``average_size`` is 0, and can panic when ``size_variation`` is larger than ``average_size``; here both are refused.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.network.toxics import Moment, Send, Toxic
from chaoskit.units import MICROSECOND, Duration


@dataclass(frozen=True, slots=True)
class Slicer(Toxic):
    """Cut into pieces of ``average_size`` ± ``size_variation`` bytes that leave ``delay`` apart."""

    UNITS: ClassVar[dict[str, int]] = {"average_size": 1, "size_variation": 1, "delay": MICROSECOND}

    average_size: int
    size_variation: int = 0
    delay: Duration = 0

    def __post_init__(self) -> None:
        self.attributes()
        if self.average_size < 1:
            raise ValueError("average_size must be at least 1 byte")
        if self.size_variation > self.average_size:
            raise ValueError(f"size_variation must be at most the average_size of {self.average_size}")

    def chunk(self, data: bytes, moment: Moment, rng: random.Random) -> tuple[Send, ...]:
        start = max(moment.at, moment.free + self.delay)
        return tuple(Send(piece, start + number * self.delay) for number, piece in enumerate(self._pieces(data, rng)))

    def _pieces(self, data: bytes, rng: random.Random) -> list[bytes]:
        if len(data) <= self.average_size + self.size_variation:
            return [data]
        middle = len(data) // 2
        if self.size_variation:
            middle = max(1, middle + rng.randrange(-self.size_variation, self.size_variation))
        return self._pieces(data[:middle], rng) + self._pieces(data[middle:], rng)
