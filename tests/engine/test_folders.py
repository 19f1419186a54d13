"""The folders of a run, as people find them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.engine.folders import ON_HOST, exact_folders, make_folders, seen_from_host
from chaoskit.errors import InputError


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ({}, "/runs/20261126-1-x/report.html"),
        ({ON_HOST: ""}, "/runs/20261126-1-x/report.html"),
        ({ON_HOST: "runs"}, "runs/20261126-1-x/report.html"),
        ({ON_HOST: "/srv/game days"}, "/srv/game days/20261126-1-x/report.html"),
    ],
)
def test_a_file_of_a_container_is_named_as_its_host_has_it(environment: dict[str, str], seen: str) -> None:
    assert seen_from_host(Path("/runs/20261126-1-x/report.html"), environment) == Path(seen)


KILLED = """
import os, signal, sys
from pathlib import Path
from chaoskit.engine.folders import exact_folders, make_folders

after, made = int(sys.argv[1]), []

def kill(event, arguments):
    if event == "os.mkdir":
        made.append(arguments[0])
        if len(made) > after:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
folders = make_folders(Path("new/runs"), "x") if sys.argv[2] == "make" else exact_folders(Path("run"))
assert all(folder.is_dir() for folder in (folders.work, folders.partial)), folders
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("how", "after"), [("exact", 0), ("exact", 1), ("exact", 9), *(("make", n) for n in (1, 2, 3, 4, 9))]
)
def test_one_that_is_killed_while_it_makes_them_leaves_none(tmp_path: Path, how: str, after: int) -> None:
    """After so many of them. The keeper has the standard error, too, so the command has ended when both have."""
    command = [sys.executable, "-c", KILLED, str(after), how]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    process = subprocess.run(command, stderr=subprocess.PIPE, cwd=tmp_path, env=environment)
    assert (process.returncode, process.stderr) == (-signal.SIGKILL, b"")
    assert list(tmp_path.iterdir()) == []


def test_runs_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    every = [make_folders(tmp_path, "x") for _ in range(3)]
    places = [path for folders in every for path in (folders.final, folders.partial, folders.work)]
    assert len(set(places)) == len(places)
    for folders in every:
        folders.guard.close()
    assert list(tmp_path.iterdir()) == []


def test_a_current_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for make in (exact_folders, lambda out: make_folders(out, "x")):
        with pytest.raises(InputError, match="cannot write to runs: the current folder is gone"):
            make(Path("runs"))


def test_folders_that_are_released_stand(tmp_path: Path) -> None:
    folders = exact_folders(tmp_path / "run")
    folders.guard.release()
    folders.guard.close()
    folders.partial.rmdir()
    folders.work.rmdir()
