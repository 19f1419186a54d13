"""``slow``: the right answer, late. Unlike latency of the network it is not there when the connection is made."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

from chaoskit.aws.faults import Request, Response, ServiceFault
from chaoskit.units import Duration


@dataclass(frozen=True, slots=True)
class Slow(ServiceFault):
    """``by`` is how much later the answer leaves. ``uniform``: drawn evenly from ``by`` - ``spread`` to ``by`` + ``spread``."""

    by: Duration
    distribution: Literal["fixed", "uniform"] = "fixed"
    spread: Duration = 0

    def __post_init__(self) -> None:
        if self.by <= 0:
            raise ValueError("'by' must be longer than 0")
        if (self.spread > 0) != (self.distribution == "uniform"):
            raise ValueError("'spread' belongs to the distribution uniform, which needs it")
        if self.spread > self.by:
            raise ValueError("'spread' is longer than 'by': no answer leaves before it is there")

    def change(self, request: Request, response: Response, rng: random.Random) -> Response:
        drawn = self.by if self.distribution == "fixed" else rng.randint(self.by - self.spread, self.by + self.spread)
        return replace(response, delay_ns=response.delay_ns + drawn)
