"""A survey in the terminal: the table, worst first, and the cures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chaoskit.survey import words
from chaoskit.survey.result import Row, Survey

if TYPE_CHECKING:
    from rich.console import Console

UNKNOWN_WIDTH = 140
"""For output that is no terminal."""

WIDE = 120
"""Columns from which on there is a table; with fewer, names would be broken in it."""

LONGEST_NAME = 50
"""Columns of the table that are kept for a dependency's name; a longer one is folded."""

FAULT_WIDTH = 28

STYLES = {"not back": "bold red", "failed": "red", "late": "yellow", "waited": "yellow", "unharmed": "green"}


def print_survey(console: Console, survey: Survey) -> None:
    """Print what the survey found: the table, then each cause with its cure and where it was seen."""
    console.print()
    (_print_lines if console.width < WIDE else _print_table)(console, survey.worst_first)
    for key, rows in _by_cause(survey).items():
        cause = rows[0].cause
        assert cause is not None
        console.print(f"\n[bold]{key}[/bold]: {cause.cure}", highlight=False)
        for row in rows:
            because = row.cause.because if row.cause else ""
            console.print(f"  {row.trial.title}: {because}", highlight=False, markup=False)
    console.print(f"\n{words.headline(survey)}", highlight=False, markup=False)
    for cache in survey.in_the_way:
        console.print(f"in the way: {cache.words}", highlight=False, markup=False)
    for trial in survey.left_out:
        console.print(f"not tried, no time was left: {trial.title}", highlight=False, markup=False)


def _print_table(console: Console, rows: Sequence[Row]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    longest = max((len(row.trial.dependency.name) for row in rows), default=0)
    table.add_column(words.COLUMNS[0], overflow="fold", min_width=min(longest, LONGEST_NAME))
    for column in (*words.COLUMNS[1:5], "cause"):
        table.add_column(column)
    for row in rows:
        cells = [Text(cell) for cell in words.cells(row)[:5]]
        cells[2].stylize(STYLES.get(row.observation.status, "dim"))
        table.add_row(*cells, row.cause.key if row.cause else "–")
    console.print(table)


def _print_lines(console: Console, rows: Sequence[Row]) -> None:
    """The same without columns that would break names: each dependency in a line of its own, and below it its faults."""
    from rich.text import Text

    before = None
    for row in rows:
        name, fault, became, hung, back, *_ = words.cells(row)
        if name != before:
            console.print(Text(name, style="bold"))
        before = name
        line = Text(f"  {fault:<{FAULT_WIDTH}} ")
        console.print(line.append(became, style=STYLES.get(row.observation.status, "dim")))
        more = [f"hung {hung}"] * (hung != "–") + [f"back after {back}"] * (back not in ("–", "not back"))
        more += [row.cause.key] if row.cause else []
        if more:
            console.print(Text(f"  {'':<{FAULT_WIDTH}} {'; '.join(more)}"))


def _by_cause(survey: Survey) -> dict[str, list[Row]]:
    """The rows whose cause is known, by cause, in the order of the table."""
    by_cause: dict[str, list[Row]] = {}
    for row in survey.worst_first:
        if row.cause is not None and row.cause.because:
            by_cause.setdefault(row.cause.key, []).append(row)
    return by_cause
