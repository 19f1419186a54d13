"""``chaoskit race explore`` as a user meets it: words, files, exit codes, and errors before anything starts."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from chaoskit.cli import main
from chaoskit.cli.race import NEED_A_LOCK
from chaoskit.race.protections import PROTECTIONS
from chaoskit.sim.spin import missing


@dataclass
class Ended:
    returncode: int
    stdout: str
    stderr: str


class Run(Protocol):
    def __call__(self, *words: str) -> Ended: ...


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The console script in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["chaoskit", "race", "explore", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return call


def test_a_broken_invariant_ends_with_1_and_a_diagram(run: Run) -> None:
    result = run("--enactors", "2", "--plans", "4", "--invariant", "never_empty")
    assert result.returncode == 1, result.stderr
    assert "never_empty  BROKEN in 20 steps" in result.stdout
    assert "EMPTY: plan 2 has no tree" in result.stdout


def test_what_holds_ends_with_0_and_names_its_bounds(run: Run) -> None:
    result = run("--enactors", "2", "--plans", "4", "--protection", "fenced-lock")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("holds for 2 enactors and 4 plans") == 6


def test_the_classroom_is_told_in_its_own_words(run: Run) -> None:
    result = run("--classroom", "--invariant", "never_empty")
    assert result.returncode == 1
    assert "page 2, ERASED" in result.stdout


def test_files_are_written(run: Run, tmp_path: Path) -> None:
    result = run(*("--enactors", "2", "--plans", "3", "--page", "p.html", "--json", "f.json", "--promela", "m.pml"))
    assert result.returncode == 1, result.stderr
    assert json.loads((tmp_path / "f.json").read_text())["findings"]["never_older"]["steps"] == 14
    assert "flips to plan 2" in (tmp_path / "p.html").read_text()
    assert "active [2] proctype enactor()" in (tmp_path / "m.pml").read_text()


def test_the_table_of_a_tiny_race(run: Run, tmp_path: Path) -> None:
    result = run(
        *(
            "--enactors",
            "2",
            "--plans",
            "3",
            "--all-sets",
            "--jobs",
            "1",
            "--invariant",
            "never_older",
            "--json",
            "t.json",
        ),
    )
    assert result.returncode == 0, result.stderr
    assert "168 protection sets, 2 enactors and 3 plans" in result.stdout
    stored = json.loads((tmp_path / "t.json").read_text())
    assert stored["sufficient"]["never_older"] == [["fenced_lock"], ["freshness_after_stamp"], ["atomic"]]


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_spin_as_the_engine(run: Run) -> None:
    result = run("--enactors", "2", "--plans", "3", "--engine", "spin", "--invariant", "never_older")
    assert result.returncode == 1, result.stderr
    assert "by SPIN" in result.stdout
    assert "never_older  BROKEN in 14 steps" in result.stdout
    assert "flips to plan 2" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--enactors", "0"), "give a number from 1 to 6"),
        (("--plans", "13"), "give a number from 1 to 12"),
        (("--protection", "fenced_lok"), "did you mean 'fenced_lock'?"),
        (("--invariant", "never_emty"), "known: never_empty"),
        (("--engine", "spin", "--invariant", "can_progress"), "does not judge can_progress"),
        (("--all-sets", "--page", "x.html"), "--invariant, --jobs and --json alone"),
        (("--without-lock", "--protection", "fenced_lock"), "nothing to do"),
        (("--page", "no/such/folder/x.html"), "a folder that exists"),
        (("--enactors", "4", "--plans", "12", "--page", "."), "cannot write ."),
    ],
)
def test_bad_input_ends_with_2_before_anything_starts(run: Run, words: tuple[str, ...], message: str) -> None:
    result = run(*words)
    assert result.returncode == 2
    assert message in result.stderr.replace("\n", " ")
    assert result.stdout == ""


def test_what_needs_a_lock_is_a_protection() -> None:
    assert set(NEED_A_LOCK) < set(PROTECTIONS.kinds)


def test_help_imports_no_numpy() -> None:
    code = "import sys, chaoskit, chaoskit.cli.race; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
