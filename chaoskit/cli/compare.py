"""``chaoskit compare`` and ``chaoskit runs``: two runs side by side, and the runs of a folder."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chaoskit.cli.options import RUNS, AsJson, JournalPath
from chaoskit.errors import InputError

if TYPE_CHECKING:
    from chaoskit.report.comparison import Section


def compare(
    first: JournalPath,
    second: JournalPath,
    out: Annotated[
        Path | None, typer.Option(help="Write the comparison to this file as a page; default: no page.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Print figures that are alike too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare two runs: before and after an SDK upgrade, say.

    Both journals are judged again. Exit code 0, whatever differs.
    """
    from chaoskit.report.comparison import compare as compare_summaries
    from chaoskit.report.comparison import comparison_page
    from chaoskit.report.write import write_text

    sections = compare_summaries(_summary(first), _summary(second))
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(section) for section in sections], ensure_ascii=False))
    else:
        _print(sections, every=every)
    if out is not None:
        typer.echo(str(write_text(out, comparison_page(sections))), err=as_json)


def _summary(path: Path) -> dict[str, Any]:
    from chaoskit.cli.judge import judged_journal
    from chaoskit.journal.store import without_collection
    from chaoskit.report.summary import summarize

    with without_collection():
        return summarize(*judged_journal(path))


def _print(sections: tuple[Section, ...], *, every: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from chaoskit.cli.output import make_console

    console = make_console()
    for section in sections:
        pairs = [pair for pair in section.pairs if every or pair.differs]
        alike = len(section.pairs) - len(pairs)
        console.print(Text(section.title, style="bold"))
        if pairs:
            table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2), header_style="dim")
            for heading in ("", "figure", "first run", "second run"):
                table.add_column(heading, overflow="fold")
            for pair in pairs:
                sign = "≠" if pair.differs else ""
                table.add_row(sign, *(Text(words) for words in (pair.label, pair.first, pair.second)))
            console.print(table)
        if alike:
            console.print(Text(f"  {alike} alike", style="dim"))


def runs(
    folder: Annotated[Path, typer.Argument(help="Folder that runs were written to.")] = RUNS,
    page: Annotated[
        bool, typer.Option("--page/--no-page", help="Write FOLDER/index.html, which links to each run's page.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """List the runs of a folder, the latest first, and write an index page of them."""
    from chaoskit.report.runs_index import list_runs, runs_page
    from chaoskit.report.write import write_text

    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; runs are written to ./runs unless --out names another")
    listed = list_runs(folder)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(run) for run in listed], ensure_ascii=False))
    for run in listed if not as_json else ():
        recovery = ", ".join(f"{name} {words}" for name, words in run.clients) or run.because
        typer.echo(f"{run.outcome:<14} {run.name:<44} {recovery}")
    if not listed:
        typer.echo(f"no run in {folder} yet; make one with: chaoskit run first/ten-seconds --out {folder}", err=as_json)
    elif page:
        typer.echo(str(write_text(folder / "index.html", runs_page(listed, str(folder)))), err=as_json)
