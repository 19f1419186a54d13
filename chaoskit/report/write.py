"""Writes a run's reports next to its journal."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from chaoskit.errors import HarnessError
from chaoskit.journal.events import Entry
from chaoskit.journal.run import Run
from chaoskit.report.page import render_page
from chaoskit.report.summary import summarize
from chaoskit.verdict import Outcome, Verdict


def write_reports(
    folder: Path, entries: Sequence[Entry] | Run, verdicts: Sequence[Verdict], outcome: Outcome
) -> list[Path]:
    """Write ``summary.json`` and ``report.html`` into ``folder``; each is either whole or as it was before.

    ``entries`` are a journal, or the run that has been made of it. Returns their paths. Raises ``HarnessError`` when the disk refuses.
    """
    run = entries if isinstance(entries, Run) else Run(entries)
    summary = json.dumps(summarize(run, verdicts, outcome), indent=2, ensure_ascii=False) + "\n"
    page = render_page(run, verdicts, outcome)
    return [write_text(folder / "summary.json", summary), write_text(folder / "report.html", page)]


def write_text(path: Path, text: str) -> Path:
    """Write to a neighbour first and rename it, so that no reader sees half a file."""
    draft = None
    try:
        descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except OSError as error:
        if draft:
            Path(draft).unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise HarnessError(f"cannot write {path}: {reason}; choose another folder with --out") from error
    return path
