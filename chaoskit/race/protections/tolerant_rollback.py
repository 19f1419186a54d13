"""``tolerant_rollback``: a rollback record that tolerates nothing.

It gives back progress; it keeps no record from going empty.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from chaoskit.race.rules import Rules


class TolerantRollback:
    """Flip without the rollback record where its target is missing."""

    covers: ClassVar[str] = "It adds no read, so the swap covers what it did before."

    def protect(self, rules: Rules) -> Rules:
        return replace(rules, tolerant=True)
