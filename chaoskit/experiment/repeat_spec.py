"""``repeat:``: the whole timeline played again in the same run, so that a client meets its trigger as the trigger before has left it.

A pool that shrank, a retry quota that is spent, a circuit breaker that is half open: whether the second blank is survived as the first
was is a question that no single fault answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, field_validator

from chaoskit.experiment.when import AnyWhen, WhenSpec
from chaoskit.strict import Strict
from chaoskit.units import Duration, format_duration

MOST_TIMES = 100


class RepeatSpec(Strict):
    """So many times in all, each beginning ``every`` after the one before.

    The injections' ids get the number of their phase: ``blank-2``.
    """

    times: Annotated[int, Field(ge=2, le=MOST_TIMES)]
    every: Duration

    @field_validator("every")
    @classmethod
    def _takes_time(cls, every: int) -> int:
        if every <= 0:
            raise ValueError("'every' must be longer than 0")
        return every

    def shifted(self, when: AnyWhen, phase: int) -> AnyWhen:
        """``when`` as it is in the ``phase``, counted from 0."""
        if not isinstance(when, WhenSpec):
            return when
        return when.model_copy(update={"start": when.start + phase * self.every})

    def problem(self, timeline: Sequence[AnyWhen]) -> str | None:
        """Why these cannot be repeated so; None where they can."""
        spans = [when for when in timeline if isinstance(when, WhenSpec)]
        if not timeline:
            return "there is no timeline to repeat"
        if len(spans) < len(timeline):
            return "a cron window repeats by itself; write spans (from, for), or leave 'repeat' out"
        length = max(when.start + when.length for when in spans) - min(when.start for when in spans)
        if self.every <= length:
            return (
                f"phases would overlap: the timeline is on for {format_duration(length)}; make 'every' longer than that,"
                " and leave time to recover"
            )
        return None
