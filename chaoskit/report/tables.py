"""A run's calls and lookups as tables, a row each, for other programs: CSV (RFC 4180) and Parquet. Pure but for the writing.

Times are seconds of the experiment, lengths of time seconds. An empty cell means that the journal does not show it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from chaoskit.errors import InputError
from chaoskit.journal.calls import root_of
from chaoskit.journal.run import Run
from chaoskit.report.figures import carriage
from chaoskit.units import SECOND

Cell: TypeAlias = str | int | float | None

CALL_COLUMNS = (
    "client", "call", "operation", "phase", "due_s", "started_s", "elapsed_s", "result", "attempts", "slept_s", "lookups",
    "connection", "met", "error", "root_error", "errno",
)  # fmt: skip
LOOKUP_COLUMNS = ("client", "name", "phase", "started_s", "elapsed_s", "addresses", "rcodes", "faults")


def call_rows(run: Run) -> Iterator[tuple[Cell, ...]]:
    """A row for each call of each client, in the order of ``CALL_COLUMNS``."""
    for client, calls in run.calls.items():
        met = run.met_by.get(client, {})
        for call in calls:
            root = root_of(call.errors)
            yield (
                client,
                call.number,
                call.operation,
                run.phase_of(call),
                _seconds(call.due - run.origin),
                _seconds(call.started - run.origin),
                _seconds(call.elapsed_ns),
                call.result,
                len(call.attempts) or None,
                _seconds(sum(attempt.slept_ns or 0 for attempt in call.attempts)) if call.attempts else None,
                call.lookups,
                {"pooled": "open before", "dialed": "opened", "unseen": None}[carriage(call)],
                " ".join(sorted(met.get(call.number, ()))),
                call.errors[0].type if call.errors else None,
                root.type if root else None,
                root.errno if root else None,
            )


def lookup_rows(run: Run) -> Iterator[tuple[Cell, ...]]:
    """A row for each lookup of each client, in the order of ``LOOKUP_COLUMNS``."""
    for lookup in run.lookups:
        if lookup.client in run.clients:
            yield (
                lookup.client,
                lookup.name,
                run.phase_at(lookup.started),
                _seconds(lookup.started - run.origin),
                _seconds(lookup.finished - lookup.started),
                lookup.answers,
                " ".join(lookup.rcodes),
                " ".join(lookup.faults),
            )


def csv_files(run: Run) -> dict[str, str]:
    """``calls.csv`` and ``lookups.csv``, by name."""
    return {
        "calls.csv": _csv(CALL_COLUMNS, call_rows(run)),
        "lookups.csv": _csv(LOOKUP_COLUMNS, lookup_rows(run)),
    }


def write_parquet(folder: Path, run: Run) -> list[Path]:
    """Write ``calls.parquet`` and ``lookups.parquet``. Raises ``InputError`` where pyarrow is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError("Parquet needs pyarrow; install it with: pip install 'chaoskit[parquet]'") from error
    paths = []
    for name, columns, rows in (
        ("calls", CALL_COLUMNS, call_rows(run)),
        ("lookups", LOOKUP_COLUMNS, lookup_rows(run)),
    ):
        cells = list(zip(*rows, strict=True)) or [()] * len(columns)
        path = folder / f"{name}.parquet"
        pyarrow.parquet.write_table(pyarrow.table(dict(zip(columns, map(list, cells), strict=True))), path)
        paths.append(path)
    return paths


def _csv(columns: tuple[str, ...], rows: Iterator[tuple[Cell, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _seconds(ns: int | None) -> float | None:
    return None if ns is None else ns / SECOND
