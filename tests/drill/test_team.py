"""A team's scores are kept in its file, and anything else is no such file."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.drill.team import add_score, progress_lines, scores_in
from chaoskit.errors import InputError
from chaoskit.journal.run import Run
from tests.drill.playing import WELL, Play, scenario


def test_progress_is_told_from_drill_to_drill(tmp_path: Path) -> None:
    file = tmp_path / "team.sqlite"
    bad, good = Play(scenario()).run([], leaves=8), Play(scenario()).run(WELL, leaves=14)
    for number, play in enumerate((bad, good, good)):
        header = Run(play.entries).header.with_fields(run_id=f"run-{min(number, 1)}", epoch_ns=number)
        add_score(file, header, play.score)
    rows = scores_in(file)
    assert [row["state"] for row in rows] == ["not recovered", "recovered and safe"]
    first, second = progress_lines(rows)
    assert "record back after never" in first
    assert second.startswith(f"100.0 ( +{100 - rows[0]['points']:g})")


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        scores_in(tmp_path / "none")
    (tmp_path / "text").write_text("no database, but long enough to be read as one" * 40)
    with pytest.raises(InputError, match="no file of a team"):
        scores_in(tmp_path / "text")
