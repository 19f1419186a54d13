"""What becomes of a run's results: put in their place, packed, or told to be missing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from chaoskit.errors import HarnessError
from chaoskit.search.points import FILES, FinishedRun, RunRequest, finished_run, make_here
from chaoskit.search.remote import PackedRun, make_packed_run, unpack
from tests.search.fakes import store_run


class Fake(RunRequest):
    """An order whose command is a small program; it is given the run's folder."""

    def arguments(self, experiment: Path, folder: Path) -> list[str]:
        return [sys.executable, "-c", self.text, str(folder)]


WRITE = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
folder.mkdir()
(folder / "summary.json").write_text(json.dumps({"outcome": {"word": "passed", "because": []}}))
(folder / "journal.jsonl").write_text("j")
(folder / "report.html").write_text("r")
"""
WAIT_AND_WRITE = f"import sys; open('begun', 'w').close(); sys.stdin.read()\n{WRITE}"
WAIT = "import sys; sys.stdin.read(); sys.exit(130)"
REFUSE = "import sys; sys.exit('chaoskit: no')"
NO_SANDBOX = "import sys; print('chaoskit: no sandbox', file=sys.stderr); sys.exit(4)"


def fake(program: str) -> Fake:
    return Fake(text=program, seed=0, sandbox="inline")


def make(program: str, place: Path) -> FinishedRun:
    (place / "runs").mkdir()
    return asyncio.run(make_here(fake(program), place / "x.yaml", place / "runs" / "1"))


def test_a_complete_run_is_put_in_its_place(tmp_path: Path) -> None:
    made = make(WRITE, tmp_path)
    assert (made.outcome, made.folder) == ("passed", tmp_path / "runs" / "1")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["1"]
    assert (tmp_path / "runs" / "1" / "journal.jsonl").read_text() == "j"


def test_a_run_that_could_not_begin_is_invalid_and_says_why(tmp_path: Path) -> None:
    made = make(NO_SANDBOX, tmp_path)
    assert (made.outcome, made.because) == ("invalid", "chaoskit: no sandbox")
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_refusal_of_what_was_checked_before_is_a_fault_of_ours(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="ended with exit code 1 and no results: chaoskit: no"):
        make(REFUSE, tmp_path)


def test_a_run_that_is_cancelled_is_let_go_and_waited_for(tmp_path: Path) -> None:
    async def cancel() -> None:
        (tmp_path / "runs").mkdir()
        task = asyncio.ensure_future(make_here(fake(WAIT), tmp_path / "x.yaml", tmp_path / "runs" / "1"))
        while not (tmp_path / "x.yaml").exists():
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(cancel(), 15))
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_run_made_elsewhere_is_brought_back_whole(tmp_path: Path) -> None:
    parcel = make_packed_run(fake(WRITE), tmp_path, lambda: False)
    assert [name for name, _ in parcel.files] == list(FILES)
    assert list(tmp_path.iterdir()) == [], "nothing is left on the worker"
    made = unpack(parcel, tmp_path / "1")
    assert (made.outcome, made.folder) == ("passed", tmp_path / "1")
    assert (tmp_path / "1" / "report.html").read_text() == "r"


def test_a_run_that_nobody_wants_any_more_is_ended(tmp_path: Path) -> None:
    parcel = make_packed_run(fake(WAIT), tmp_path, lambda: True)
    assert parcel.files == ()
    assert unpack(parcel, tmp_path / "1").folder is None
    assert list(tmp_path.iterdir()) == []


def test_a_parcel_cannot_write_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    store_run(tmp_path / "made", "passed")
    summary = zlib.compress((tmp_path / "made" / "summary.json").read_bytes())
    parcel = PackedRun(files=(("../../evil", zlib.compress(b"x")), ("summary.json", summary)), because="")
    unpack(parcel, tmp_path / "runs" / "1")
    assert not (tmp_path / "evil").exists()
    assert sorted(path.name for path in (tmp_path / "runs" / "1").iterdir()) == ["evil", "summary.json"]


KILLED = """
import asyncio, os, pathlib, signal, sys
from chaoskit.search import points
points.result_of = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
order = points.RunRequest(text=sys.argv[1], seed=1, sandbox="inline")
asyncio.run(points.make_here(order, pathlib.Path("x.yaml"), pathlib.Path("runs/1")))
"""
NOTHING = "{title: Nothing, duration: 300ms, clients: {app: {use: noop, every: 100ms}}}"


@pytest.mark.slow
def test_a_complete_run_outlives_its_killed_search(tmp_path: Path) -> None:
    """The search is killed between the end of its run and the moment at which it looks at the results."""
    (tmp_path / "runs").mkdir()
    search = subprocess.run(
        [sys.executable, "-c", KILLED, NOTHING],
        cwd=tmp_path,
        capture_output=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    assert search.returncode == -signal.SIGKILL, search.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "x.yaml"]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["1"]
    assert finished_run(tmp_path / "runs" / "1").outcome == "not exercised"


def test_a_run_that_ends_well_though_cancelled_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was writing its results when its search was interrupted."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("begun")

    async def cancel() -> None:
        (tmp_path / "runs").mkdir()
        task = asyncio.ensure_future(make_here(fake(WAIT_AND_WRITE), tmp_path / "x.yaml", tmp_path / "runs" / "1"))
        await asyncio.to_thread(Path("begun").read_bytes)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(cancel(), 15))
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["1"]
    assert finished_run(tmp_path / "runs" / "1").outcome == "passed"
