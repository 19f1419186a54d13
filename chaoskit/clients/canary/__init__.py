"""``canary``: looks up a name that no fault may touch. When it fails, the harness is broken and the run proves nothing."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.units import SECOND

PATIENCE_NS = 5 * SECOND
"""How much longer than its period a look may take before it counts as failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """What the canary's process is told: the name, and how often to look it up."""

    client: str
    name: str
    every_ns: int = SECOND
