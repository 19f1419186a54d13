"""``cleaner_skips_active_at_listing``: the clean-up list leaves out the active plan.

The list grows old before its deletions are made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from chaoskit.race.rules import Rules, Step


class CleanerSkipsActiveAtListing:
    """Read the alias before the clean-up list, and leave its plan out of the list."""

    covers: ClassVar[str] = (
        "The swap does not cover this read: each deletion has a stamp that may be newer than the list."
    )

    def protect(self, rules: Rules) -> Rules:
        return replace(rules, listing=_sparing(rules.listing), redelete=_sparing(rules.redelete))


def _sparing(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(sparing for step in steps for sparing in ((Step.SPARE, step) if step is Step.LIST else (step,)))
