"""``chaoskit check`` and ``chaoskit report``: judge and report a stored journal, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.options import JournalPath
from chaoskit.errors import InputError
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal, without_collection
from chaoskit.verdict import Outcome, Verdict


def check(journal: JournalPath) -> None:
    """Judge a stored journal again.

    Exit code: the same as that of the run.
    """
    from chaoskit.cli.output import make_console
    from chaoskit.report.terminal import print_verdicts

    with without_collection():
        run, verdicts, outcome = _judge(_journal(journal))
        print_verdicts(make_console(), run, verdicts, outcome, [])
    raise typer.Exit(outcome.exit_code)


def report(
    journal: JournalPath,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default: the journal's own.")] = None,
) -> None:
    """Write report.html and summary.json for a stored journal."""
    path = _journal(journal)
    with without_collection():
        run, verdicts, outcome = _judge(path)
        files = _write(run, verdicts, outcome, out or path.parent)
    for file in files:
        typer.echo(str(file))


def _write(run: Run, verdicts: Sequence[Verdict], outcome: Outcome, folder: Path) -> list[Path]:
    from chaoskit.report.write import write_reports

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from error
    return write_reports(folder, run, verdicts, outcome)


def _journal(path: Path) -> Path:
    return path / "journal.jsonl" if path.is_dir() else path


def _judge(path: Path) -> tuple[Run, Sequence[Verdict], Outcome]:
    from chaoskit.engine.session import judged
    from chaoskit.experiment.loader import resolve_plain

    entries = read_journal(path)
    return judged(entries, resolve_plain(Run(entries).header.experiment, str(path)))
