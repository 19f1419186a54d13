"""``freshness_before_stamp``: freshness is asked again before the flip, but ahead of the stamp.

Between the two reads there is room for another's flip.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from chaoskit.race.rules import Rules, Step


class FreshnessBeforeStamp:
    """Ask freshness again, then read the lock, before every build that is tried again and before every flip."""

    covers: ClassVar[str] = (
        "The swap does not cover the check: another enactor may flip between the check and the read of the stamp."
    )

    def protect(self, rules: Rules) -> Rules:
        return replace(
            rules,
            rebuild=_checked(rules.rebuild),
            flip=(Step.CHECK, Step.STAMP, *rules.flip),
            reflip=_checked(rules.reflip),
        )


def _checked(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return steps if Step.CHECK in steps else (Step.CHECK, *steps)
