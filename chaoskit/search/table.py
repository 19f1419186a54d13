"""A sweep's results as one table: a row a run, with its point, its outcome, each expectation's finding and each client's figures.

All figures are those of the runs' summaries, so of their journals. Columns: ``point``, ``repeat``, ``seed``; each field of the sweep as
written, and one more in seconds (``… [s]``) where it is a duration; ``outcome``; ``expect: …`` per expectation (held, broken, unknown);
``CLIENT.…`` per client; ``run`` (the folder below ``runs/``). An empty cell means that the journal does not show it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from chaoskit.search.plan import Point
from chaoskit.search.points import FinishedRun, read_summary
from chaoskit.units import SECOND, parse_duration

Cell: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns, all of one length."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def column(self, name: str) -> list[Cell]:
        """The cells of one column."""
        number = self.columns.index(name)
        return [row[number] for row in self.rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One run of a sweep: which point, which repeat (from 1), its seed and name, and what became of it."""

    point: Point
    repeat: int
    seed: int
    name: str
    made: FinishedRun


def make_table(visits: Iterable[Visit]) -> Table:
    """The table of these runs. Columns stand in the order in which the first run to have them tells them."""
    rows = [dict(_cells(visit)) for visit in visits]
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(columns, tuple(tuple(row.get(name) for name in columns) for row in rows))


def _cells(visit: Visit) -> Iterable[tuple[str, Cell]]:
    yield from (("point", visit.point.number), ("repeat", visit.repeat), ("seed", visit.seed))
    for field, value in visit.point.values:
        yield field, value if isinstance(value, str | int | float | bool | None) else json.dumps(value)
        if (seconds := _seconds(value)) is not None:
            yield f"{field} [s]", seconds
    yield "outcome", visit.made.outcome
    yield "because", visit.made.because
    if visit.made.folder is None:
        yield "run", None
        return
    summary = read_summary(visit.made.folder)
    for verdict in summary["verdicts"]:
        yield f"expect: {verdict['expectation']}", verdict["finding"]
    for name, client in summary["clients"].items():
        for figure, value in _figures(client):
            yield f"{name}.{figure}", value
    yield "run", visit.name


def _figures(client: dict[str, Any]) -> Iterable[tuple[str, Cell]]:
    calls = client["calls"]
    yield from ((f"calls_{kind}", calls[kind]) for kind in ("all", "ok", "failed", "unknown"))
    for phase, count in client["phases"].items():
        yield f"{phase}_share_ok", count["share_ok"]
    yield "attempts", client["attempts"]
    longest = client["longest_call"]
    yield "longest_call_s", _in_seconds(longest["elapsed_ns"] if longest else None)
    yield "gap_s", _in_seconds(client["gap_ns"])
    yield "lookups", client["lookups"]["all"]
    yield "noticed", client["recovery"]["noticed"]
    yield "recovery_s", _in_seconds(client["recovery"]["lag_ns"])
    first = client["errors"][0] if client["errors"] else {"type": None, "errno": None}
    yield from (("error", first["type"]), ("errno", first["errno"]))


def _in_seconds(ns: int | None) -> float | None:
    return None if ns is None else ns / SECOND


def _seconds(value: Any) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_duration(value) / SECOND
    except ValueError:
        return None


def as_csv(table: Table) -> str:
    """RFC 4180, with a head."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return text.getvalue()


def as_json(table: Table) -> str:
    """A list of objects, one a row."""
    return (
        json.dumps([dict(zip(table.columns, row, strict=True)) for row in table.rows], indent=1, ensure_ascii=False)
        + "\n"
    )


def as_lines(table: Table, columns: Sequence[str]) -> list[str]:
    """Some columns for the terminal."""
    cells = [[_short(cell) for cell in table.column(name)] for name in columns]
    widths = [max(len(name), *map(len, column), 0) for name, column in zip(columns, cells, strict=True)]
    rows = [columns, *zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _short(cell: Cell) -> str:
    return "" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell)
