"""``never_empty_guard``: the control plane refuses what would leave the endpoint empty, as it applies the batch."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from chaoskit.race.rules import Rules


class NeverEmptyGuard:
    """Refuse a batch after which the endpoint would have no address."""

    covers: ClassVar[str] = "It adds no read: it is judged in the same step as the write, so nothing can come between."

    def protect(self, rules: Rules) -> Rules:
        return replace(rules, never_empty=True)
