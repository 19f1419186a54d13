"""``cleaner_skips_active_before_stamp``: each deletion looks at the alias before it reads the stamp."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from chaoskit.race.rules import Rules, Step


class CleanerSkipsActiveBeforeStamp:
    """Read the alias, then the lock, before each deletion, and skip the tree that is active."""

    covers: ClassVar[str] = (
        "The swap does not cover this read: another enactor may flip to the tree before the stamp is read."
    )

    def protect(self, rules: Rules) -> Rules:
        return replace(rules, delete=_skipping(rules.delete), redelete=_skipping(rules.redelete))


def _skipping(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if Step.DELETE not in steps:
        return steps
    return (Step.SKIP, *(steps if Step.STAMP in steps else (Step.STAMP, *steps)))
