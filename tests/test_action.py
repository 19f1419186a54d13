"""The action's own script runs the command that docs/ci.md tells."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

ACTION = Path(__file__).resolve().parent.parent / ".github" / "actions" / "chaoskit"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, ["run", "a b.yaml", "--plain", "--sandbox", "auto", "--junit", "j.xml"]),
        (
            {"BASELINE": "b.json", "WORSE_BY": "20%"},
            [
                "run",
                "a b.yaml",
                "--plain",
                "--sandbox",
                "auto",
                "--junit",
                "j.xml",
                "--baseline",
                "b.json",
                "--worse-by",
                "20%",
            ],
        ),
    ],
)
def test_the_script_runs_the_command(tmp_path: Path, more: dict[str, str], words: list[str]) -> None:
    program = tmp_path / "chaoskit"
    program.write_text('#!/bin/sh\nfor word; do echo "$word"; done\nexit 3\n')
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "EXPERIMENT": "a b.yaml", "JUNIT": "j.xml", **more}
    result = subprocess.run(["bash", ACTION / "run.sh"], env=environment, capture_output=True, text=True)
    assert (result.returncode, result.stdout.splitlines()) == (3, words), result.stderr


def test_no_input_is_pasted_into_a_script() -> None:
    action = yaml.safe_load((ACTION / "action.yml").read_text())
    (step,) = action["runs"]["steps"]
    assert "${{" not in step["run"]
    names = {value.split()[1] for value in step["env"].values()}
    assert names == {f"inputs.{name}" for name in action["inputs"]}
