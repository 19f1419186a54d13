"""Why a run is no pass, as the text of a test's failure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chaoskit.journal.run import Run
from chaoskit.printable import printable
from chaoskit.report.figures import all_figures
from chaoskit.verdict import Outcome, Verdict


def failure_text(run: Run, verdicts: Sequence[Verdict], outcome: Outcome, folder: Path) -> str:
    """The outcome, every verdict that did not hold, and what each client's calls, attempts and lookups were."""
    lines = [f"chaoskit: {outcome.value}: {run.header.title}"]
    lines += [
        f"  {verdict.finding}: {verdict.expectation}: {verdict.because}"
        for verdict in verdicts
        if verdict.finding != "held"
    ]
    for client in all_figures(run):
        if client.fate == "unreported":
            lines.append(f"  {client.name}: {client.lookups} lookups; its calls are unknown")
        else:
            lines.append(
                f"  {client.name}: {client.calls} calls, {client.failed} failed, {client.attempts} attempts, "
                f"{client.lookups} lookups ({client.lookups_empty_in_fault} without addresses in a fault)"
            )
    lines.append(f"  {folder / 'report.html'}")
    return printable("\n".join(lines))
