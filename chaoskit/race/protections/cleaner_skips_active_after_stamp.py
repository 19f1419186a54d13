"""``cleaner_skips_active_after_stamp``: each deletion looks at the alias after it reads the stamp."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from chaoskit.race.rules import Rules, Step


class CleanerSkipsActiveAfterStamp:
    """Read the lock, then the alias, before each deletion, and skip the tree that is active."""

    covers: ClassVar[str] = (
        "The swap covers this read: whoever flips to the tree after it changes the stamp, and the deletion fails."
    )

    def protect(self, rules: Rules) -> Rules:
        return replace(rules, delete=_skipping(rules.delete), redelete=_skipping(rules.redelete))


def _skipping(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if Step.DELETE not in steps:
        return steps
    reads = steps[:-1] if Step.STAMP in steps else (*steps[:-1], Step.STAMP)
    return (*reads, Step.SKIP, Step.DELETE)
