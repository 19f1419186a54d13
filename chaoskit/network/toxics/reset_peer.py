"""``reset_peer``: ``timeout`` after the first bytes (or the end) of the stream arrive, the connection is reset (RST, RFC 9293 §3.5.2).

The bytes are dropped. A client sees ``ECONNRESET``. An idle connection is left alone until it is used, as in Toxiproxy. When the toxic is
lifted or changed while a reset is under way, the reset comes at once (Toxiproxy makes who lifts it wait until it has come).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.network.toxics import Cut, Moment, Toxic
from chaoskit.units import MILLISECOND, Duration


@dataclass(frozen=True, slots=True)
class ResetPeer(Toxic):
    """Reset the connection ``timeout`` after the first bytes; with 0 at once."""

    UNITS: ClassVar[dict[str, int]] = {"timeout": MILLISECOND}

    timeout: Duration = 0

    def chunk(self, data: bytes, moment: Moment, rng: random.Random) -> tuple[Cut, ...]:
        return () if moment.passed else (self._cut(moment),)

    def ended(self, moment: Moment) -> Cut | None:
        return None if moment.passed else self._cut(moment)

    def _cut(self, moment: Moment) -> Cut:
        return Cut(moment.at + self.timeout, reset=True)
