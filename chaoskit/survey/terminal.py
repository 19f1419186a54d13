"""A survey in the terminal: the table, worst first, and the cures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.survey import words
from chaoskit.survey.result import Row, Survey

if TYPE_CHECKING:
    from rich.console import Console

UNKNOWN_WIDTH = 140
"""For output that is no terminal."""

STYLES = {"not back": "bold red", "failed": "red", "late": "yellow", "waited": "yellow", "unharmed": "green"}


def print_survey(console: Console, survey: Survey) -> None:
    """Print what the survey found: the table, then each cause with its cure and where it was seen."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in (*words.COLUMNS[:5], "cause"):
        table.add_column(column, overflow="fold")
    for row in survey.worst_first:
        cells = [Text(cell) for cell in words.cells(row)[:5]]
        cells[2].stylize(STYLES.get(row.observation.status, "dim"))
        table.add_row(*cells, row.cause.key if row.cause else "–")
    console.print()
    console.print(table)
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


def _by_cause(survey: Survey) -> dict[str, list[Row]]:
    """The rows whose cause is known, by cause, in the order of the table."""
    by_cause: dict[str, list[Row]] = {}
    for row in survey.worst_first:
        if row.cause is not None and row.cause.because:
            by_cause.setdefault(row.cause.key, []).append(row)
    return by_cause
