"""What becomes of a run whose keeper or parent dies: nothing waits for ever, no folder stays, and what was measured is kept."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chaoskit.engine.folders import exact_folders
from chaoskit.expect import judge
from chaoskit.journal import events as ev
from chaoskit.journal.run import Run
from chaoskit.journal.store import Journal, read_journal
from chaoskit.sandbox.base import REAPER, Guard, Reaper
from chaoskit.verdict import Outcome, outcome_of
from tests.journal.story import Story

CRIPPLING = [signal.SIGKILL, signal.SIGSTOP]


def name_of(number: signal.Signals) -> str:
    return number.name


@pytest.mark.parametrize("number", CRIPPLING, ids=name_of)
def test_folders_go_without_their_keeper(tmp_path: Path, number: signal.Signals) -> None:
    work, empty = tmp_path / "work", tmp_path / "empty"
    for folder in (work, empty):
        folder.mkdir()

    async def hold() -> None:
        keeper = Reaper([work], [empty])
        pid = (await keeper.start([], namespace=False, binds=[])).pid
        os.kill(pid, number)
        await asyncio.wait_for(keeper.stop(), 60)

    asyncio.run(hold())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", CRIPPLING, ids=name_of)
def test_guarded_folders_go_without_their_keeper(tmp_path: Path, number: signal.Signals) -> None:
    work = tmp_path / "work"
    work.mkdir()
    guard = Guard([work], [])
    (pid,) = (int(word) for word in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()[-1:])
    os.kill(pid, number)
    guard.close()
    assert list(tmp_path.iterdir()) == []


def journal_in(folder: Path, *, armed: bool, ended: bool = False, half: str = "") -> Path:
    """A run's folder with a journal, and a draft of something else."""
    folder.mkdir()
    story = Story().head("app") if armed else None
    events: list[ev.Event] = (
        [entry.event for entry in story.entries()]
        if story
        else [
            ev.RunStarted(
                at=1, run_id="r", title="t", seed=1, source="", experiment={}, epoch_ns=1, versions={}, replay=""
            )
        ]
    )
    with Journal(folder / "journal.jsonl") as journal:
        for event in events:
            journal.append(event)
        if ended:
            journal.append(ev.RunEnded(at=10**15, reason="finished"))
    with (folder / "journal.jsonl").open("a") as file:
        file.write(half)
    (folder / ".summary.json-x").touch()
    return folder


def clean_up(remove: Path, *empty: Path, **more: Any) -> None:
    """A keeper's life whose parent is gone at once."""
    plan = {"remove": [str(remove)], "empty": list(map(str, empty)), "namespace": False, "binds": []} | more
    command = [sys.executable, "-I", "-S", str(REAPER), json.dumps(plan)]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)


@pytest.mark.parametrize("half", ["", '{"seq":6,"kind":"canary_che'], ids=["whole", "cut in a line"])
def test_what_was_measured_is_kept_and_marked(tmp_path: Path, half: str) -> None:
    final = tmp_path / "run"
    final.mkdir()
    clean_up(journal_in(tmp_path / ".run-x", armed=True, half=half), final)
    assert [path.name for path in final.iterdir()] == ["journal.jsonl"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    run = Run(read_journal(final / "journal.jsonl"))
    assert [ending.reason for _, ending in run.of(ev.RunEnded)] == ["interrupted"]
    verdicts = judge(run, [])
    assert outcome_of(verdicts) is Outcome.INVALID
    assert "interrupted" in verdicts[0].because


def test_a_complete_journal_is_kept_as_it_is(tmp_path: Path) -> None:
    """As when the summary could not be written: the disk was full, and yet all was measured."""
    final = tmp_path / "run"
    final.mkdir()
    before = journal_in(tmp_path / ".run-x", armed=True, ended=True)
    text = (before / "journal.jsonl").read_text()
    clean_up(before, final)
    assert (final / "journal.jsonl").read_text() == text


def test_where_nothing_was_measured_nothing_is_kept(tmp_path: Path) -> None:
    final = tmp_path / "run"
    final.mkdir()
    clean_up(journal_in(tmp_path / ".run-x", armed=False), final)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_of_a_search_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was measured: the search makes that run again. Its folder was named from the current one, which is not the keeper's."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    folders = exact_folders(Path("run"))
    folders.guard.close()
    folders.work.mkdir()
    clean_up(journal_in(folders.partial, armed=True), *folders.empty)
    folders.work.rmdir()
    assert list(tmp_path.iterdir()) == []


def test_results_that_are_in_place_are_left_alone(tmp_path: Path) -> None:
    final = journal_in(tmp_path / "run", armed=True, ended=True)
    clean_up(tmp_path / ".run-x", final)
    assert (final / "journal.jsonl").exists()
