"""``starved``: a run in which something broke, on a machine too busy to tell why. No expectation that a file can list."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace

from chaoskit.clock import Instant
from chaoskit.journal.events import WORK_NS
from chaoskit.journal.run import Run
from chaoskit.units import SECOND
from chaoskit.verdict import Verdict

WAITED_MOST = 10.0
"""A program that gets less than a tenth of a processor is late for reasons that are not its own: a start that takes a second takes ten."""

NEAR_NS = 3 * SECOND
"""A verdict's evidence shows when something broke; how busy the machine was then is told by the canary's looks so near to it, one a
second. It takes ``LOOKS_LEAST`` of them, so that no single look decides."""

LOOKS_LEAST = 5


def blame_machine(run: Run, verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """``verdicts``, of which the first is the harness's: it breaks if another is not held and the machine was too busy to say why.

    That is so if the machine was too busy for most of the run, or around the evidence of each verdict that is not held. Where all are held
    they stand.
    """
    harness = verdicts[0]
    others = [verdict for verdict in verdicts[1:] if verdict.finding != "held"]
    looks = [(seq, look.at, look.work_ns / WORK_NS) for seq, look in run.canary if look.work_ns is not None]
    if harness.finding != "held" or not others or not looks:
        return tuple(verdicts)
    waited = statistics.median(slowdown for _, _, slowdown in looks)
    when = ""
    if waited <= WAITED_MOST:
        waited = min(_waited_near(run, verdict, looks) for verdict in others)
        when = ", when it broke,"
    if waited <= WAITED_MOST:
        return tuple(verdicts)
    slowest = max(looks, key=lambda look: look[2])[0]
    because = f"this machine was too busy to blame anyone: a program that had work to do{when} got 1/{waited:.0f} of a processor"
    return (replace(harness, finding="broken", because=because, evidence=(slowest,)), *verdicts[1:])


def _waited_near(run: Run, verdict: Verdict, looks: Sequence[tuple[int, Instant, float]]) -> float:
    """How many times longer than its own time work took around the evidence of ``verdict``; 1 where too few looks tell."""
    instants = [entry.event.at for seq in verdict.evidence if (entry := run.entry(seq)) is not None]
    near = [waited for _, at, waited in looks if any(abs(at - instant) <= NEAR_NS for instant in instants)]
    return statistics.median(near) if len(near) >= LOOKS_LEAST else 1.0
