"""The lab's result in the terminal: findings first, then a line for each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.lab import words
from chaoskit.lab.faults import BY_KEY
from chaoskit.lab.result import Result

if TYPE_CHECKING:
    from rich.console import Console


def print_result(console: Console, result: Result) -> None:
    """Print what the lab found."""
    from rich.table import Table

    group = ""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in (
        "",
        "n",
        "attempts",
        "gives up after",
        "documented",
        "ok",
        "pooled",
        "back after",
        "the application sees",
    ):
        table.add_column(column, overflow="fold", no_wrap=column not in ("", "the application sees", "documented"))
    for row, told in result.told:
        subject = row.subject
        heading = f"{words.who(subject)}, {words.mode(subject)}, {subject.service}, {subject.connection}"
        if heading != group:
            table.add_row(heading, style="bold")
            group = heading
        table.add_row(
            f"  {BY_KEY[subject.fault].title}",
            str(row.n),
            words.counts(row.attempts) if row.exercised else "not exercised",
            words.times(row.gave_up_ns),
            words.DASH if told is None else f"{told.attempts}, {words.times(told.gave_up_ns)}",
            words.share(row.ok_share),
            words.share(row.pooled_share),
            words.lag(row),
            words.error(row),
        )
    console.print(table)
    for finding in result.findings:
        console.print(f"\n[bold]{finding.title}[/bold]", highlight=False)
        console.print(f"  {finding.said}", highlight=False, markup=False)
    for row, found in result.mismatches:
        console.print(
            f"\ndiffers from its document: {row.subject}: {'; '.join(found.mismatches)}", highlight=False, markup=False
        )
    for one in result.missing:
        console.print(f"\nnot measured: {one.what}: {one.why}", highlight=False, markup=False)
