"""Whole drills, played by scripts through the doors that a person uses: one well, one badly, and one by no program at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import make_place
from tests.cli.test_whole_run import namespaces_work

RESPONDERS = Path(__file__).parent / "responders"

PATIENCE_S = 600
"""A drill takes 16 to 100 s where nothing else runs; each of the operator's commands is a Python that begins anew."""

pytestmark = [
    pytest.mark.timeout(700),
    pytest.mark.slow,
    pytest.mark.skipif(bool(namespaces_work()), reason="no namespaces here"),
]


def play(tmp_path: Path, command: str, scenario: str = "stale-writer") -> tuple[subprocess.CompletedProcess[str], Path]:
    place = make_place(tmp_path)
    argv = [sys.executable, "-m", "chaoskit", "drill", scenario, "--responder", command]
    ended = subprocess.run(
        argv, cwd=place.work, env=place.environment, capture_output=True, text=True, timeout=PATIENCE_S
    )
    (folder,) = (place.work / "runs").iterdir()
    return ended, folder


def judged_again(folder: Path) -> dict[str, object]:
    argv = [sys.executable, "-m", "chaoskit", "drill", "judge", str(folder), "--json"]
    score: dict[str, object] = json.loads(subprocess.run(argv, capture_output=True, timeout=PATIENCE_S).stdout)
    return score


def test_a_drill_played_well(tmp_path: Path) -> None:
    ended, folder = play(tmp_path, f"bash {RESPONDERS / 'well.sh'}")
    assert ended.returncode == 0, ended.stderr
    assert "recovered and safe, 100 of 100 points" in ended.stdout
    text = (folder / "post-mortem.md").read_text()
    assert "| action | pause automation |" in text
    assert "| record back |" in text
    assert judged_again(folder) == json.loads((folder / "score.json").read_text())


def test_a_drill_played_badly(tmp_path: Path) -> None:
    ended, folder = play(tmp_path, f"bash {RESPONDERS / 'badly.sh'}")
    assert ended.returncode == 1, ended.stderr
    score = json.loads((folder / "score.json").read_text())
    assert score["state"] == "not recovered"
    broken = {mark["clause"] for mark in score["marks"] if mark["finding"] == "broken"}
    assert broken == {
        "recovery holds when the trigger comes again", "protections still on", "no other name touched", "name", "mechanism",
        "since when", "next updates as promised", "resolved when it was", "says what is affected", "in customers' words",
    }  # fmt: skip
    assert judged_again(folder) == score


def test_the_race_is_mended_by_a_team(tmp_path: Path) -> None:
    ended, folder = play(tmp_path, f"bash {RESPONDERS / 'race-nobody-repairs-well.sh'}", "race-nobody-repairs")
    assert ended.returncode == 0, ended.stderr
    assert "recovered and safe, 100 of 100 points" in ended.stdout
    text = (folder / "post-mortem.md").read_text()
    assert "| action | refused: pause is for the operator, and you are the communicator" in text
    assert "| note | The enactors cannot repair it" in text
    assert "| fault | dynamodb.us-east-1.amazonaws.com is served without an address |" in text
    assert 'id="drill"' in (folder / "report.html").read_text()


@pytest.mark.skipif("CHAOSKIT_THOROUGH" not in os.environ, reason="minutes long: set CHAOSKIT_THOROUGH to play it")
@pytest.mark.parametrize(
    ("scenario", "manner", "state"),
    [
        ("race-nobody-repairs", "badly", "not recovered"),
        ("recovery-herd", "well", "recovered and safe"),
        ("recovery-herd", "badly", "not recovered"),
        ("recovery-herd", "unsafely", "recovered, not safe"),
        ("the-day", "well", "recovered and safe"),
        ("the-day", "badly", "not recovered"),
    ],
)
def test_a_long_drill(tmp_path: Path, scenario: str, manner: str, state: str) -> None:
    ended, folder = play(tmp_path, f"bash {RESPONDERS / f'{scenario}-{manner}.sh'}", scenario)
    assert ended.returncode == (0 if manner == "well" else 1), ended.stderr
    score = json.loads((folder / "score.json").read_text())
    assert score["state"] == state
    assert judged_again(folder) == score


def test_a_responder_that_cannot_start_is_told_and_not_scored(tmp_path: Path) -> None:
    script = tmp_path / "no-interpreter"
    script.write_text("chaoskit operator brief\n")
    script.chmod(0o755)
    ended, folder = play(tmp_path, str(script))
    assert ended.returncode == 125
    assert f"{script} could not be started: Exec format error. Nobody was tested." in ended.stderr
    assert not (folder / "score.json").exists()
