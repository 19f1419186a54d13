"""A team's scores over its drills: one table in a SQLite file, that any tool can read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from chaoskit.drill.judge import DrillScore
from chaoskit.errors import InputError
from chaoskit.journal.events import RunStarted
from chaoskit.units import format_duration

COLUMNS = (
    "run", "epoch_ns", "scenario", "responder", "state", "points", "first_word_ns", "right_name_ns", "mitigated_ns"
)  # fmt: skip
_TABLE = (
    "CREATE TABLE IF NOT EXISTS drills (run TEXT PRIMARY KEY, epoch_ns INTEGER, scenario TEXT, responder TEXT, state TEXT, "
    "points REAL, first_word_ns INTEGER, right_name_ns INTEGER, mitigated_ns INTEGER)"
)


def add_score(file: Path, header: RunStarted, score: DrillScore) -> None:
    """Add a drill; one of the same run is replaced. Raises ``InputError`` for a file that is none of a team's."""
    times = score.times
    row = (
        header.run_id, header.epoch_ns, score.scenario, score.responder, score.state, score.points,
        times.first_word, times.right_name, times.mitigated,
    )  # fmt: skip
    try:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(_TABLE)
            connection.execute("INSERT OR REPLACE INTO drills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    except sqlite3.Error as error:
        raise InputError(f"{file}: cannot keep the score: {error}") from error


def check_team(file: Path) -> None:
    """Raises ``InputError`` where the scores of a drill that is about to begin could not be kept."""
    if not file.absolute().parent.is_dir():
        raise InputError(f"{file}: its folder is not there; make it, or name another file")
    if file.exists():
        scores_in(file)


def scores_in(file: Path) -> list[dict[str, Any]]:
    """Every drill of a team, by time. Raises ``InputError``."""
    if not file.is_file():
        raise InputError(f"{file}: no such file; `chaoskit drill SCENARIO --team {file}` makes it")
    try:
        with closing(sqlite3.connect(file)) as connection:
            rows = connection.execute("SELECT * FROM drills ORDER BY epoch_ns, run").fetchall()
    except sqlite3.Error as error:
        raise InputError(f"{file}: this is no file of a team's scores: {error}") from error
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def progress_lines(rows: list[dict[str, Any]]) -> list[str]:
    """One line a drill, with what changed since the last of the same scenario."""
    lines, before = [], dict[str, float]()
    for row in rows:
        name, points = row["scenario"], row["points"]
        change = f"{points - before[name]:+g}" if name in before else "first"
        back = "never" if row["mitigated_ns"] is None else format_duration(row["mitigated_ns"])
        lines.append(f"{points:5.1f} ({change:>5})  {name:<24}  {row['state']:<20}  record back after {back}")
        before[name] = points
    return lines or ["no drill yet"]
