"""``not_aborted``: the guard that a run was not ended before its time on purpose. It is no expectation that a file can list.

An abort is no failure of the harness, and says nothing about the clients: what the rest of the run would have shown is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.journal.events import RunEnded
from chaoskit.journal.run import Run
from chaoskit.units import format_duration
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class NotAborted(Expectation):
    """Unknown for a run that was aborted; no other is given this guard."""

    def judge(self, run: Run) -> Verdict:
        ((seq, ending),) = run.of(RunEnded)
        when = "before its first call"
        if run.armed is not None and ending.at > run.origin:
            when = f"{format_duration(ending.at - run.origin)} after its start"
        because = f"the run was aborted {when}: {ending.reason}"
        return Verdict(expectation="not_aborted", finding="unknown", because=because, evidence=(seq,))
