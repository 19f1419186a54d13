"""``play``: the folder of a run appears whole, or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chaoskit.engine.session import play
from chaoskit.errors import InputError
from chaoskit.experiment.loader import Experiment, resolve_plain
from chaoskit.journal.events import ClientReady, Entry, RunEnded
from chaoskit.journal.store import read_journal


def nothing(duration: str) -> Experiment:
    """An experiment whose one client does nothing."""
    plain = {"title": "Nothing", "duration": duration, "clients": {"app": {"use": "noop", "every": "100ms"}}}
    return resolve_plain(plain, "nothing")


@pytest.mark.slow
def test_a_run_becomes_a_list_of_entries_and_a_journal(tmp_path: Path) -> None:
    heard: list[Entry] = []
    folder = tmp_path / "one"
    entries = asyncio.run(
        play(nothing("300ms"), sandbox="inline", folder=folder, replay="again", listener=heard.append)
    )
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
            play(nothing("60s"), sandbox="inline", folder=tmp_path / "one", replay="", listener=listen)
        )
        await ready.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(cancel())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write to"):
        asyncio.run(play(nothing("1s"), sandbox="inline", folder=tmp_path / "no" / "one", replay=""))
