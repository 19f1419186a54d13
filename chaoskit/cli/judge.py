"""``chaoskit check`` and ``chaoskit report``: what can be said of a stored journal, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chaoskit.errors import InputError
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal, without_collection
from chaoskit.verdict import Outcome, Verdict


def check_journal(path: Path) -> int:
    """Judge again and print; returns the outcome's exit code."""
    from chaoskit.cli.output import make_console
    from chaoskit.report.terminal import print_verdicts

    with without_collection():
        run, verdicts, outcome = _judge(_journal(path))
        print_verdicts(make_console(), run, verdicts, outcome, [])
    return outcome.exit_code


def write_report(path: Path, out: Path | None) -> None:
    """Write the reports of a stored journal and say where."""
    import typer

    journal = _journal(path)
    with without_collection():
        run, verdicts, outcome = _judge(journal)
        paths = _write(run, verdicts, outcome, out or journal.parent)
    for written in paths:
        typer.echo(str(written))


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
