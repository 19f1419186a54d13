"""``chaoskit margin`` as a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXPERIMENT = """\
title: fixed back-off rides out a short blank
duration: 4s
clients: {app: {use: boto3, connection: cold, retry_mode: legacy, max_attempts: 5, every: 1s}}
timeline:
  - {id: blank, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 900ms, for: 500ms}}
expect:
  - success_rate: {client: app, at_least: 1.0}
"""


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    path = tmp_path / "x.yaml"
    path.write_text(EXPERIMENT)
    return path


def chaoskit(*words: object, place: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chaoskit", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, cwd=place, env=os.environ | {"TMPDIR": str(place)}
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--field", "timeline.blink.when.for"], "'timeline.blink.when.for': timeline has no 'blink'. Near: timeline.blank.when.for"),
        (["--field", "clients.app.evry"], "x.yaml:3: clients.app.evry: there is no such field. Did you mean 'every'?"),
        (["--from", "5"], "must be of one kind, not whole number, duration and duration"),
        (["--from", "soon"], "--from: 'soon' is no number and no duration"),
        (["--to", "11m", "--resolution", "10s"], "longer than the limit"),
        (["--to", "3500ms"], "the fault lasts to the end of the run"),
        (["--to", "3s", "--at-least", "5s"], "--at-least 5s must lie between --from and --to"),
        (["--to", "3s", "--confidence", "2"], "--confidence 2: write a share"),
        (["--to", "3s", "--sandbox", "moon"], "choose one of auto"),
    ],
)  # fmt: skip
def test_bad_input_ends_with_2_before_anything_runs(experiment: Path, more: list[str], said: str) -> None:
    result = chaoskit("margin", experiment, *more, place=experiment.parent)
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    assert said in result.stderr
    assert [path.name for path in experiment.parent.iterdir()] == ["x.yaml"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_fixed_back_off_is_measured_and_held_to_a_limit(experiment: Path) -> None:
    """Legacy mode, 5 attempts: the tries begin 0, 50, 150, 350 and 750 ms after the call, and the call 100 ms into the blank."""
    words = [
        "margin",
        experiment,
        "--from",
        "300ms",
        "--to",
        "1700ms",
        "--resolution",
        "200ms",
        "--repeats",
        "3",
        "--jobs",
        "2",
    ]
    result = chaoskit(*words, "--out", "m", "--at-least", "500ms", place=experiment.parent, timeout=350)
    assert result.returncode == 0, result.stdout + result.stderr
    told = json.loads((experiment.parent / "m" / "margin.json").read_text())
    assert told["ending"] == "found"
    assert told["lower"] / 1e6 < 1000
    assert told["upper"] / 1e6 > 800
    assert told["versions"]["botocore"]
    journals = list((experiment.parent / "m" / "runs").glob("*/journal.jsonl"))
    assert len(journals) == told["runs"] + told["uncounted_runs"]
    # The runs are there, so asking for more decides at once, and says no.
    again = chaoskit(*words, "--out", "m", "--at-least", "1500ms", place=experiment.parent)
    assert again.returncode == 1, again.stdout + again.stderr
    assert "--at-least 1.5 s: it is less." in again.stdout
