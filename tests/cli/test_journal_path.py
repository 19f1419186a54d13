"""A path on the command line means a journal, a run's folder, or is told what would be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.cli.journal_path import journal_at
from chaoskit.errors import InputError


def test_a_folder_of_runs_is_told_which_runs_it_holds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no journal\.jsonl; give the folder of a run"):
        journal_at(tmp_path)
    run = tmp_path / "first"
    run.mkdir()
    (run / "journal.jsonl").touch()
    with pytest.raises(
        InputError, match=rf"is a folder of one run; give .* such as {run} \(the latest\), .* chaoskit runs"
    ):
        journal_at(tmp_path)
    assert journal_at(run) == journal_at(run / "journal.jsonl") == run / "journal.jsonl"
