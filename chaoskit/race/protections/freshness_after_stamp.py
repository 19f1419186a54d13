"""``freshness_after_stamp``: freshness is asked again after the stamp.

The read of the active plan, which the rollback record needs anyway, is judged too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from chaoskit.race.rules import Rules, Step


class FreshnessAfterStamp:
    """Ask freshness again before every flip, with the stamp already in hand."""

    covers: ClassVar[str] = (
        "The swap covers the check before the flip: whoever flips after it changes the stamp, and the batch fails."
    )

    def protect(self, rules: Rules) -> Rules:
        return replace(rules, flip=_judged(rules.flip), reflip=_judged(rules.reflip))


def _judged(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(Step.CHECK_ACTIVE if step is Step.ACTIVE else step for step in steps)
