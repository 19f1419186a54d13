"""Entries that stay on disk: the same as those in memory, and so is all that is found in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from chaoskit.errors import JournalError
from chaoskit.journal import store
from chaoskit.journal.events import Entry
from chaoskit.journal.run import Run
from chaoskit.journal.stored import StoredEntries
from chaoskit.report.summary import summarize
from chaoskit.verdict import Outcome
from tests.soak.long_journal import write


def both_ways(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Sequence[Entry], Sequence[Entry]]:
    in_memory = store.read_journal(path)
    monkeypatch.setattr(store, "MOST_IN_MEMORY", 10)
    on_disk = store.read_journal(path)
    assert isinstance(in_memory, list)
    assert isinstance(on_disk, StoredEntries)
    return in_memory, on_disk


def test_what_stays_on_disk_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "journal.jsonl", 3000)
    in_memory, on_disk = both_ways(tmp_path / "journal.jsonl", monkeypatch)
    assert list(on_disk) == in_memory
    assert [on_disk[0], on_disk[-1], on_disk[7:3:-2]] == [in_memory[0], in_memory[-1], in_memory[7:3:-2]]
    with pytest.raises(IndexError):
        on_disk[len(in_memory)]
    one, other = Run(in_memory), Run(on_disk)
    assert {name: [call.plain() for call in calls] for name, calls in one.calls.items()} == {
        name: [call.plain() for call in calls] for name, calls in other.calls.items()
    }
    assert one.met("blank") == other.met("blank") != []
    assert summarize(one, [], Outcome.PASSED) == summarize(other, [], Outcome.PASSED)


def test_a_file_that_changes_meanwhile_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    write(path, 300)
    _, on_disk = both_ways(path, monkeypatch)
    path.write_text("x" * path.stat().st_size)
    with pytest.raises(JournalError, match="it was changed while it was read; try again"):
        list(on_disk)
