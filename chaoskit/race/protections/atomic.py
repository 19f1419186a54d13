"""``atomic``: check and install are one step. No API offers it: the model shows what the separate steps cost."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from chaoskit.race.rules import Rules, Step


class Atomic:
    """Compare, build and flip in one step (model only: Route 53 has no such call)."""

    covers: ClassVar[str] = "No swap is needed for the install: nothing can come between its check and its flip."

    def protect(self, rules: Rules) -> Rules:
        install = (Step.INSTALL,)
        return replace(rules, build=install, rebuild=install, flip=(), reflip=install)
