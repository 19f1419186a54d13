"""The lab's result in the terminal: a line for each cell, then what it shows. Medians only; the files have n and spread."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from chaoskit.lab import words
from chaoskit.lab.compare import Documented
from chaoskit.lab.faults import BY_KEY
from chaoskit.lab.result import Result
from chaoskit.lab.rows import Row
from chaoskit.spread import Spread
from chaoskit.units import format_duration

if TYPE_CHECKING:
    from rich.console import Console

NARROW = 112
"""In a terminal of fewer columns, two are left out: the file has them."""

UNKNOWN_WIDTH = 140
"""For output that is no terminal."""


def print_result(console: Console, result: Result) -> None:
    """Print what the lab found."""
    from rich.table import Table

    wide = console.width >= NARROW
    for heading, pairs in groupby(result.told, key=lambda pair: _heading(pair[0])):
        console.print(f"\n[bold]{heading}[/bold]", highlight=False)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for number, column in enumerate(_columns(wide)):
            last = wide and number == len(_columns(wide)) - 1
            table.add_column(
                column, no_wrap=True, min_width=24 if number == 0 else None, max_width=44 if last else None
            )
        for row, document in pairs:
            table.add_row(*_line(row, document, wide))
        console.print(table)
    for finding in result.findings:
        console.print(f"\n[bold]{finding.title}[/bold]", highlight=False)
        console.print(f"  {finding.said}", highlight=False, markup=False)
    lines = [
        f"differs from its document: {row.subject}: {'; '.join(documented.mismatches)}"
        for row, documented in result.mismatches
    ]
    lines += [f"not measured: {gap.what}: {gap.why}" for gap in result.missing]
    for line in lines:
        console.print(f"\n{line}", highlight=False, markup=False)


def _heading(row: Row) -> str:
    subject = row.subject
    return f"{words.who(subject)}, retry mode {words.mode(subject)}, {subject.service}, {subject.connection}"


def _columns(wide: bool) -> tuple[str, ...]:
    usual = ("fault", "n", "attempts", "gives up", "back after", "ok", "pooled")
    return (*usual, "documented", "the application sees") if wide else usual


def _line(row: Row, documented: Documented | None, wide: bool) -> tuple[str, ...]:
    usual = (
        BY_KEY[row.subject.fault].title,
        str(row.n),
        words.counts(row.attempts) if row.exercised else "not met",
        _middle(row.gave_up_ns),
        "not back" if row.lost else _middle(row.lag_ns),
        words.share(row.ok_share),
        words.share(row.pooled_share),
    )
    if not wide:
        return usual
    document = words.DASH if documented is None else f"{documented.attempts}, {_middle(documented.gave_up_ns)}"
    return (*usual, document, words.error(row))


def _middle(summary: Spread | None) -> str:
    return words.DASH if summary is None else format_duration(round(summary.middle))
