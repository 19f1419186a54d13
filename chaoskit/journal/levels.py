"""What participants told of their levels. Pure."""

from __future__ import annotations

from chaoskit.journal.events import LevelMeasured
from chaoskit.journal.run import Run


def measured_levels(run: Run, client: str, level: str) -> list[tuple[int, LevelMeasured]]:
    """Every measurement of ``level`` of ``client`` with its ``seq``, in order; empty where it told none."""
    return [(seq, event) for seq, event in run.of(LevelMeasured) if (event.client, event.name) == (client, level)]
