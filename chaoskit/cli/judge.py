"""``chaoskit check`` and ``chaoskit report``: what can be said of a stored journal, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chaoskit.errors import InputError
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.verdict import Outcome, Verdict


def check_journal(path: Path) -> int:
    """Judge again and print; returns the outcome's exit code."""
    from rich.console import Console

    from chaoskit.report.terminal import print_verdicts

    run, verdicts, outcome = _judge(_journal(path))
    print_verdicts(Console(), run, verdicts, outcome, [])
    return outcome.exit_code


def write_report(path: Path, out: Path | None) -> None:
    """Write the reports of a stored journal and say where."""
    import typer

    from chaoskit.report.write import write_reports

    journal = _journal(path)
    run, verdicts, outcome = _judge(journal)
    folder = out or journal.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from error
    for written in write_reports(folder, run.entries, verdicts, outcome):
        typer.echo(str(written))


def _journal(path: Path) -> Path:
    return path / "journal.jsonl" if path.is_dir() else path


def _judge(path: Path) -> tuple[Run, Sequence[Verdict], Outcome]:
    from chaoskit.engine.session import judged
    from chaoskit.experiment.loader import resolve_plain

    entries = read_journal(path)
    return judged(entries, resolve_plain(Run(entries).header.experiment, str(path)))
