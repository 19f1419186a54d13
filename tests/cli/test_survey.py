"""``chaoskit survey``: bad input, and a sample app whose dependencies are lost one by one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.cli.lazy import load_command
from chaoskit.errors import InputError
from tests.cli.test_whole_run import namespaces_work

SAMPLE = Path(__file__).resolve().parents[1] / "survey" / "sample"
PATIENCE_S = 110


def survey(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chaoskit", *words], cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--jobs", "0", "--", "true"], "--jobs 0: at least 1"),
        (["--for", "5", "--", "true"], "--for 5"),
        (["--for", "200ms", "--", "true"], "at least 1s"),
        (["--fault", "flood", "--", "true"], "--fault flood: no fault of a survey"),
        (["--probe", "http://localhost:1/", "--", "true"], "say with --ready"),
        (["--write", ".", "--", "true"], "name a folder that is empty"),
        (["--json", "nowhere/x.json", "--", "true"], "--json nowhere/x.json: cannot be written there"),
        (["--no-aws", "first/ten-seconds"], "an experiment says these itself"),
        (["nothing.yaml"], "nothing.yaml"),
    ],
)
def test_bad_input_is_told_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    (tmp_path / "here").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=re.escape(message)):
        load_command("survey", "survey:app").main(words, standalone_mode=False)
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.skipif(bool(namespaces_work()), reason="no namespaces here")
def test_the_sample_app_s_missing_time_out_is_named(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "sample")
    faults = ["--fault", "empty", "--fault", "slow-service"]
    result = survey(tmp_path, "survey", *faults, "--for", "4s", "--jobs", "2", "--write", "rows", "sample/sample.yaml")
    assert result.returncode == 0, result.stderr
    (table,) = (tmp_path / "runs").glob("*/survey.json")
    rows = {(row["dependency"], row["fault"]): row for row in json.loads(table.read_text())["trials"]}
    assert rows["cache.sample.internal", "slow-service"]["cause"] == "no read time-out"
    assert rows["db.sample.internal", "slow-service"]["cause"] != "no read time-out"
    assert rows["db.sample.internal", "empty"]["status"] == "failed"
    assert rows["db.sample.internal", "empty"]["cause"] == "no retry"
    played = survey(tmp_path, "run", "rows/empty-db-sample-internal.yaml")
    assert played.returncode == 0, played.stdout + played.stderr
