"""``participant``: a part of a cascade as a real process, such as a lease manager, a load balancer or an app that depends on both.

What each part does, and with which settings, is in ``chaoskit.cascade.live``, which a process of this kind becomes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MODULE = "chaoskit.cascade.live"
"""The module that is run in this one's place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """What a participant is told: its label, its region, the part that it plays and the part's settings as written."""

    client: str
    region: str
    part: str
    settings: dict[str, Any]
    seed: int = 0

    @classmethod
    def from_json(cls, plan: dict[str, Any]) -> Participant:
        """The plan of a first line; settings of other clients mean nothing here."""
        return cls(**{name: plan[name] for name in ("client", "region", "part", "settings", "seed")})
