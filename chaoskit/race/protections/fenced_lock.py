"""``fenced_lock``: the lock as a fence around the whole pass. The stamp is read before anything is judged by it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from chaoskit.race.rules import Rules, Step


class FencedLock:
    """Read the lock before the check; a lost swap restarts the pass, or lists the trees again in the clean-up; skip a
    build whose tree is there."""

    covers: ClassVar[str] = (
        "The swap covers the freshness check, the look at the trees and the clean-up list: all are read after "
        "the stamp."
    )

    def protect(self, rules: Rules) -> Rules:
        build = (Step.STAMP, Step.CHECK, Step.LOOK, Step.BUILD)
        return replace(rules, build=build, rebuild=build, restarts=True, redelete=(Step.STAMP, Step.LIST))
