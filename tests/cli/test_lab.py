"""``chaoskit lab`` from the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import typer

from chaoskit.cli.lab import lab as lab_command
from chaoskit.errors import ChaoskitError, SandboxError
from chaoskit.lab.result import Result, read_results
from tests.lab.samples import sample, subject

CHAOSKIT = [sys.executable, "-m", "chaoskit", "lab"]


def lab(*words: str, within_s: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CHAOSKIT, *words], capture_output=True, text=True, timeout=within_s, check=False)


def run_lab(out: Path, **given: Any) -> int:
    """The command as it is called with these arguments; its exit code."""
    try:
        lab_command(out=out, **given)
    except typer.Exit as end:
        return end.exit_code
    return 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"fault": ["blank"]}, "--fault blank: choose from empty"),
        ({"repeats": 0}, "--repeats 0: at least 1"),
        ({"sandbox": "jail"}, "choose one of"),
        ({"stored": [Path("nowhere")]}, "nowhere"),
        ({"stored": [Path("x.json")], "quick": True}, "--from draws what is stored"),
        ({"sdk": ["cobol"]}, "--sdk cobol: choose from"),
        (
            {"sdk": ["go"], "sandbox": "inline"},
            "use --sandbox namespace|no cell can be measured here: go.* not built",
        ),
    ],
)
def test_bad_input_is_said_and_leaves_nothing(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ChaoskitError, match=said) as caught:
        run_lab(tmp_path / "out", **given)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_sandbox_that_does_not_open_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise SandboxError("no unshare here")

    monkeypatch.setattr("chaoskit.engine.session.open_sandbox", refuse)
    with pytest.raises(SandboxError):
        run_lab(tmp_path / "new" / "out", quick=True)
    assert list(tmp_path.iterdir()) == []


def test_what_is_stored_is_drawn_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stored = tmp_path / "measured.json"
    stored.write_text(Result((sample(subject()),), ()).text())
    assert run_lab(tmp_path / "out", stored=[stored]) == 0
    (folder,) = (tmp_path / "out").iterdir()
    assert {path.name for path in folder.iterdir()} == {"lab.json", "lab.md", "lab.html"}
    assert (folder / "lab.json").read_text() == stored.read_text()
    assert "botocore 1.44.5, retry mode default (standard), dynamodb, cold" in capsys.readouterr().out


@pytest.mark.slow
def test_one_cell_is_measured_and_is_as_documented(tmp_path: Path) -> None:
    words = ["--quick", "--fault", "nxdomain", "--connection", "cold", "--repeats", "2", "--out", str(tmp_path / "out")]
    done = lab(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "run 2 of 2" in done.stdout
    (folder,) = (tmp_path / "out").iterdir()
    result = read_results([folder / "lab.json"])
    assert result == read_results([folder]), "the stored form holds what the journals say"
    (row,) = result.rows
    assert (row.n, row.exercised, row.subject.fault) == (2, True, "nxdomain")
    assert [call.errno for call in row.firsts] == [-2, -2]
    assert result.mismatches == ()


@pytest.mark.slow
def test_a_signal_ends_it_and_nothing_half_done_is_left(tmp_path: Path) -> None:
    with tempfile.TemporaryFile("w+") as said:
        words = ["--quick", "--fault", "nxdomain", "--connection", "cold", "--out", str(tmp_path / "out")]
        process = subprocess.Popen([*CHAOSKIT, *words], stdout=subprocess.PIPE, stderr=said, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if "run 1 of 2" in line:
                break
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
        process.stdout.close()
        said.seek(0)
        assert "interrupted" in said.read()
    assert not (tmp_path / "out").exists()
