"""What failed of the harness, for people."""

from __future__ import annotations

from chaoskit.journal.events import HarnessFailed
from chaoskit.journal.run import Run


def failures_of(run: Run) -> list[str]:
    """Each part of the harness that failed, with its message, in order; empty for a run without a failure."""
    return [event.words for _, event in run.of(HarnessFailed)]
