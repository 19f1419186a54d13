"""``velocity_limit``: the endpoint may lose so many addresses and no more within one window.

It slows an emptying; it does not stop it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from chaoskit.race.rules import Rules

MOST_LOST = 1
"""Addresses that an endpoint may lose between one plan and the next."""


class VelocityLimit:
    """Refuse a batch by which the endpoint would have lost more than 1 address within one window (from plan to plan);
    delete address by address."""

    covers: ClassVar[str] = (
        "It adds no read: it is judged in the same step as the write, with what the window has lost so far."
    )

    def protect(self, rules: Rules) -> Rules:
        return replace(rules, velocity=MOST_LOST, by_address=True)
