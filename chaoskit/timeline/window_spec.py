"""The ways in which an injection can be on within a span of time, as people write them, and the windows that they mean."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import Field

from chaoskit.strict import Strict
from chaoskit.timeline.repeated import Flap, Pulse
from chaoskit.timeline.window import Ramp
from chaoskit.units import Duration


class PulseSpec(Strict):
    """On for ``for`` at the beginning of every ``every``."""

    every: Duration
    on: Duration = Field(alias="for")

    def window(self, start: int, length: int, scale: float, seed: int) -> Pulse:
        """From ``start`` for ``length``, with our own times multiplied by ``scale``. Raises ``ValueError`` saying what cannot be."""
        return Pulse(start, length, round(self.every * scale), round(self.on * scale))


class FlapSpec(Strict):
    """On and off for random times: each between half and one and a half of what is written here. The seed is the experiment's."""

    on: Duration
    off: Duration

    def window(self, start: int, length: int, scale: float, seed: int) -> Flap:
        """As ``PulseSpec.window``; equal seeds flap alike."""
        return Flap(start, length, round(self.on * scale), round(self.off * scale), seed)


class RampSpec(Strict):
    """The injection's chance grows evenly from 0 at the start to all of it after ``over``."""

    over: Duration

    def window(self, start: int, length: int, scale: float, seed: int) -> Ramp:
        """As ``PulseSpec.window``."""
        return Ramp(start, length, round(self.over * scale))


WindowShape: TypeAlias = PulseSpec | FlapSpec | RampSpec

WINDOW_SHAPES: dict[type[WindowShape], str] = {PulseSpec: "pulse", FlapSpec: "flap", RampSpec: "ramp"}
"""The key under which each is written."""
