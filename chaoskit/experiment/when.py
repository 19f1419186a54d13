"""``when:`` as people write it, and the windows that it means.

Five ways for a span of time, ``{from: 5s, for: 20s}`` alone or with one of ``pulse: {every: 5s, for: 1s}``, ``flap: {on: 1s, off: 2s}``,
``ramp: {over: 10s}`` or ``until: {client: app, failed_calls: 3}``; and ``{cron: "*/10 * * * *", for: 30s, anchor: 2025-10-20T06:48:00Z}``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from chaoskit.strict import Strict
from chaoskit.timeline.cron import Cron
from chaoskit.timeline.window import Once, Until, Window
from chaoskit.timeline.window_spec import FlapSpec, PulseSpec, RampSpec
from chaoskit.units import SECOND, Duration


class UntilSpec(Strict):
    """Until so many calls of a client have failed since the window began; ``for`` is then the longest that it lasts."""

    client: str
    failed_calls: Annotated[int, Field(ge=1, le=10_000)]


class WhenSpec(Strict):
    """From when, and for how long, counted from the first call; within it all the time, or in one of four ways."""

    start: Duration = Field(alias="from")
    length: Duration = Field(alias="for")
    pulse: PulseSpec | None = None
    flap: FlapSpec | None = None
    ramp: RampSpec | None = None
    until: UntilSpec | None = None

    @model_validator(mode="after")
    def _can_be(self) -> WhenSpec:
        if self.length <= 0:
            raise ValueError("'for' must be longer than 0")
        if sum(way is not None for way in (self.pulse, self.flap, self.ramp, self.until)) > 1:
            raise ValueError("pulse, flap, ramp and until exclude each other; write two injections instead")
        self.window(1.0, 0)
        return self

    @property
    def end(self) -> int | None:
        """When it is over for good; None if that is never."""
        return self.start + self.length

    def window(self, scale: float, seed: int) -> Window:
        """The window, its times multiplied by ``scale``. Raises ``ValueError`` saying what cannot be."""
        start, length = round(self.start * scale), round(self.length * scale)
        if self.until:
            return Until(start, length, self.until.client, self.until.failed_calls)
        if way := self.pulse or self.flap or self.ramp:
            return way.window(start, length, scale, seed)
        return Once(start, length)


class CronSpec(Strict):
    """On for ``for`` at the minutes that a crontab line names (five fields, UTC). ``anchor`` is what the wall clock shows at 0 s."""

    cron: str
    length: Duration = Field(alias="for")
    anchor: str = Field(
        description="the wall clock at 0 s, in UTC: 2025-10-20T06:48:00Z. Given, so that every run falls alike"
    )

    @field_validator("anchor")
    @classmethod
    def _is_a_time(cls, anchor: str) -> str:
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z", anchor):
            raise ValueError(f"{anchor!r} is no time; write it in UTC, like 2025-10-20T06:48:00Z")
        return anchor

    @model_validator(mode="after")
    def _can_be(self) -> CronSpec:
        self.window(1.0, 0)
        return self

    @property
    def end(self) -> int | None:
        return None

    def window(self, scale: float, seed: int) -> Window:
        if scale != 1:
            raise ValueError("a cron window follows the wall clock, so its times cannot be scaled")
        anchor = datetime.fromisoformat(self.anchor.removesuffix("Z")).replace(tzinfo=UTC)
        return Cron(self.cron, self.length, int(anchor.timestamp()) * SECOND)


def _way(written: Any) -> str:
    return "[cron]" if isinstance(written, CronSpec) or (isinstance(written, dict) and "cron" in written) else "[span]"


AnyWhen: TypeAlias = Annotated[
    Annotated[WhenSpec, Tag("[span]")] | Annotated[CronSpec, Tag("[cron]")], Discriminator(_way)
]
"""Either of the two; which one is seen at the key ``cron``."""
