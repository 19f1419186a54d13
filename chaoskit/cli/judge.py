"""``chaoskit check`` and ``chaoskit report``: judge and report a stored journal, without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.journal_path import journal_at
from chaoskit.cli.options import JournalPath
from chaoskit.errors import InputError
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal, without_collection
from chaoskit.verdict import Outcome, Verdict

FORMATS = ("markdown", "csv", "parquet")


def check(journal: JournalPath) -> None:
    """Judge a stored journal again.

    Exit code: the same as that of the run; of `chaoskit exec` that of its command.
    """
    from chaoskit.cli.output import make_console
    from chaoskit.journal.command import command_end
    from chaoskit.report.terminal import print_verdicts

    with without_collection():
        run, verdicts, outcome = judged_journal(journal)
        print_verdicts(make_console(), run, verdicts, outcome, [])
        command = None if outcome is Outcome.INVALID else command_end(run)
    raise typer.Exit(outcome.exit_code if command is None else command.exit_code)


def report(
    journal: JournalPath,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; default: the journal's own.")] = None,
    also: Annotated[
        list[str], typer.Option(metavar="FORMAT", help="Write markdown, csv or parquet as well; may be repeated.")
    ] = [],  # noqa: B006
) -> None:
    """Write report.html and summary.json for a stored journal.

    --also markdown writes summary.md; csv and parquet write a table of all calls and one of all lookups.
    """
    unknown = [name for name in also if name not in FORMATS]
    if unknown:
        raise InputError(f"--also {unknown[0]}: there is no such format; known: {', '.join(FORMATS)}")
    path = journal_at(journal)
    with without_collection():
        run, verdicts, outcome = judged_journal(path)
        files = _write(run, verdicts, outcome, out or path.parent)
        files += _write_more(also, run, verdicts, outcome, out or path.parent)
    for file in files:
        typer.echo(str(file))


def _write(run: Run, verdicts: Sequence[Verdict], outcome: Outcome, folder: Path) -> list[Path]:
    from chaoskit.report.write import write_reports

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from error
    return write_reports(folder, run, verdicts, outcome)


def _write_more(
    also: Sequence[str], run: Run, verdicts: Sequence[Verdict], outcome: Outcome, folder: Path
) -> list[Path]:
    """Write the further formats of ``FORMATS`` that were asked for."""
    from chaoskit.report.ci.markdown import markdown
    from chaoskit.report.summary import summarize
    from chaoskit.report.tables import csv_files, write_parquet
    from chaoskit.report.write import write_text

    files = []
    if "markdown" in also:
        files.append(write_text(folder / "summary.md", markdown(summarize(run, verdicts, outcome))))
    if "csv" in also:
        files += [write_text(folder / name, text) for name, text in csv_files(run).items()]
    if "parquet" in also:
        files += write_parquet(folder, run)
    return files


def judged_journal(path: Path) -> tuple[Run, Sequence[Verdict], Outcome]:
    """The run of a journal, or of the folder that holds it, judged again. Raises ``InputError``."""
    from chaoskit.engine.session import judged
    from chaoskit.experiment.loader import resolve_plain

    file = journal_at(path)
    entries = read_journal(file)
    return judged(entries, resolve_plain(Run(entries).header.experiment, str(file)))
