"""``session.run``: the folder of a run appears whole, or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chaoskit.engine import session
from chaoskit.engine.folders import exact_folders
from chaoskit.errors import InputError
from chaoskit.experiment.loader import Experiment, resolve_plain
from chaoskit.journal.events import ClientReady, Entry, RunEnded
from chaoskit.journal.store import read_journal
from chaoskit.verdict import outcome_of


def nothing(duration: str) -> Experiment:
    """An experiment whose one client does nothing."""
    plain = {"title": "Nothing", "duration": duration, "clients": {"app": {"use": "noop", "every": "100ms"}}}
    return resolve_plain(plain, "nothing")


@pytest.mark.slow
def test_a_run_becomes_a_result_and_a_folder(tmp_path: Path) -> None:
    heard: list[Entry] = []
    folder = tmp_path / "one"
    result = asyncio.run(
        session.run(nothing("300ms"), folders=exact_folders(folder), sandbox="inline", listener=heard.append)
    )
    entries = result.run.entries
    assert result.folder == folder
    assert result.outcome is outcome_of(result.verdicts)
    assert [path.name for path in result.files] == ["journal.jsonl", "summary.json", "report.html"]
    assert isinstance(entries[-1].event, RunEnded)
    assert entries[-1].event.reason == "finished"
    assert heard == list(entries)
    assert list(read_journal(folder / "journal.jsonl")) == list(entries)
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@pytest.mark.slow
def test_a_cancelled_run_leaves_nothing(tmp_path: Path) -> None:
    async def cancel() -> None:
        ready = asyncio.Event()

        def listen(entry: Entry) -> None:
            if isinstance(entry.event, ClientReady):
                ready.set()

        run = asyncio.ensure_future(
            session.run(nothing("60s"), folders=exact_folders(tmp_path / "one"), sandbox="inline", listener=listen)
        )
        await ready.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(cancel())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_refused_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(InputError, match="cannot write to"):
        exact_folders(tmp_path / "no" / "one")
    assert list(tmp_path.iterdir()) == [], "nothing half-done"


def test_without_a_temporary_folder_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no"))
    with pytest.raises(InputError, match="name another folder in TMPDIR"):
        exact_folders(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
