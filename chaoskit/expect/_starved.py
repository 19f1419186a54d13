"""``starved``: a run in which something broke, on a machine too busy to tell why. No expectation that a file can list."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

from chaoskit.journal.events import WORK_NS
from chaoskit.journal.run import Run
from chaoskit.verdict import Verdict

WAITED_MOST = 10.0
"""A program that gets less than a tenth of a processor is late for reasons that are not its own: a start that takes a second takes ten."""


def blame_machine(run: Run, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """``verdicts``, of which the first is the harness's: it breaks if another is not held and the machine was too busy to say why.

    Where all are held they stand.
    """
    harness = verdicts[0]
    looks = [(seq, look.work_ns / WORK_NS) for seq, look in run.canary if look.work_ns is not None]
    waited = statistics.median(waited for _, waited in looks) if looks else 1.0
    if waited <= WAITED_MOST or harness.finding != "held" or all(verdict.finding == "held" for verdict in verdicts):
        return tuple(verdicts)
    slowest = max(looks, key=lambda look: look[1])[0]
    because = (
        f"this machine was too busy to blame anyone: a program that had work to do got 1/{waited:.0f} of a processor"
    )
    return (replace(harness, finding="broken", because=because, evidence=(slowest,)), *verdicts[1:])
