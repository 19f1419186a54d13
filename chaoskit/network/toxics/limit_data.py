"""``limit_data``: after ``bytes`` bytes of the stream the connection is closed; what came before the limit is delivered.

A client sees an answer that ends too early: a truncated body, a broken TLS record. With 0 the first byte closes the connection.
Bytes count from when the toxic meets the connection, and go on counting when the limit is changed.
"""

from __future__ import annotations

import builtins
import random
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.network.toxics import Cut, Effect, Moment, Send, Toxic


@dataclass(frozen=True, slots=True)
class LimitData(Toxic):
    """Close the connection after ``bytes`` bytes."""

    UNITS: ClassVar[dict[str, int]] = {"bytes": 1}
    KEEPS_COUNT: ClassVar[bool] = True

    bytes: int

    def chunk(self, data: builtins.bytes, moment: Moment, rng: random.Random) -> tuple[Effect, ...]:
        left = max(0, self.bytes - moment.passed)
        if len(data) < left:
            return (Send(data, moment.at),)
        passing = (Send(data[:left], moment.at),) if left else ()
        return (*passing, Cut(moment.at))
