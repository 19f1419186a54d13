from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaoskit.errors import HarnessError, JournalError
from chaoskit.journal.codec import encode_entry
from chaoskit.journal.events import SCHEMA_VERSION, Entry
from chaoskit.journal.store import Journal, read_journal
from tests.journal.story import Story


def stored(path: Path) -> list[Entry]:
    """A small journal, written to ``path``."""
    story = Story().head("app")
    story.call("app", 0, 5)
    entries = story.end().entries()
    with Journal(path) as journal:
        for entry in entries:
            journal.append(entry.event)
    return entries


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    assert stored(path) == read_journal(path)


def test_append_numbers_from_one_and_tells_its_listeners() -> None:
    journal, heard = Journal(), list[Entry]()
    head, *rest = (entry.event for entry in Story().head("app").entries())
    journal.append(head)
    journal.listen(heard.append)
    for event in rest:
        journal.append(event)
    assert [entry.seq for entry in journal.entries] == list(range(1, len(rest) + 2))
    assert heard == journal.entries[1:]


def test_every_line_is_on_disk_as_soon_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    for number, entry in enumerate(Story().head("app").entries(), 1):
        journal.append(entry.event)
        assert len(path.read_text().splitlines()) == number
    journal.close()
    journal.close()  # safe to call again


def test_an_old_journal_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    stored(path)
    before = path.read_bytes()
    with pytest.raises(HarnessError, match=r"cannot create .*journal\.jsonl: File exists; choose another folder"):
        Journal(path)
    assert path.read_bytes() == before


def test_a_full_disk_is_the_harness_failing() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    journal = Journal()
    journal.file = full.open("w", buffering=1)
    with pytest.raises(HarnessError, match="cannot write /dev/full: No space left on device"):
        journal.append(Story().head().entries()[0].event)
    with pytest.raises(HarnessError, match="cannot write /dev/full"):
        journal.close()


def write(path: Path, lines: list[str]) -> None:
    path.write_text("".join(line + "\n" for line in lines))


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    return [encode_entry(entry) for entry in stored(tmp_path / "good.jsonl")]


def test_a_damaged_line_is_named(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "j.jsonl"
    lines[2] = lines[2][:-20]
    write(path, lines)
    with pytest.raises(
        JournalError, match=r"j\.jsonl:3: not a journal line \(.*\); the file is damaged or not a journal"
    ):
        read_journal(path)


def test_a_file_without_lines_is_not_read_to_its_end() -> None:
    with pytest.raises(JournalError, match="/dev/zero:1: longer than any line of a journal"):
        read_journal(Path("/dev/zero"))


def test_an_unknown_field_is_named(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "j.jsonl"
    lines[1] = lines[1].replace('"pid":1', '"pid":1,"mood":"good"')
    write(path, lines)
    with pytest.raises(JournalError, match=r"j\.jsonl:2: not a journal line \(Object contains unknown field `mood`"):
        read_journal(path)


def test_a_missing_line_is_noticed(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "j.jsonl"
    write(path, lines[:2] + lines[3:])
    with pytest.raises(JournalError, match=r"j\.jsonl:3: seq is 4, expected 3; lines are missing or were moved"):
        read_journal(path)


def test_a_moved_line_is_noticed(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "j.jsonl"
    write(path, [lines[0], lines[2], lines[1], *lines[3:]])
    with pytest.raises(JournalError, match=r":2: seq is 3, expected 2"):
        read_journal(path)


def test_a_journal_that_was_cut_off_in_a_line_is_damaged(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text("\n".join(lines)[:-5])
    with pytest.raises(JournalError, match=rf":{len(lines)}: not a journal line"):
        read_journal(path)


def test_a_journal_without_its_head_is_refused(tmp_path: Path, lines: list[str]) -> None:
    path = tmp_path / "j.jsonl"
    write(path, [lines[1].replace('"seq":2', '"seq":1')])
    with pytest.raises(JournalError, match=r":1: a journal begins with 'run_started'"):
        read_journal(path)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").touch()
    with pytest.raises(
        JournalError, match=r"j\.jsonl: the file is empty; give the folder of a run, or its journal\.jsonl"
    ):
        read_journal(tmp_path / "j.jsonl")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"Is a directory; give the folder of a run, or its journal\.jsonl"):
        read_journal(tmp_path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"gone\.jsonl: No such file or directory"):
        read_journal(tmp_path / "gone.jsonl")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(JournalError, match="not UTF-8 text, so not a journal"):
        read_journal(tmp_path / "j.jsonl")


def head_of(version: object, **more: object) -> str:
    head = {"seq": 1, "kind": "run_started", "at": 1, "schema_version": version, "run_id": "r", "title": "t", "seed": 1}
    rest = {"source": "", "experiment": {}, "epoch_ns": 1, "versions": {"chaoskit": "9.1"}, "replay": ""}
    return json.dumps(head | rest | more) + "\n"


@pytest.mark.parametrize("more", [{}, {"a_new_field": [1]}], ids=["fields of today", "fields of tomorrow"])
def test_a_journal_of_a_newer_chaoskit_is_refused(tmp_path: Path, more: dict[str, object]) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(head_of(SCHEMA_VERSION + 1, **more) + '{"seq":2,"kind":"of_tomorrow"}\n')
    newer = rf":1: a newer chaoskit \(9\.1\) wrote this journal: its schema is {SCHEMA_VERSION + 1}.*pip install --upgrade chaoskit"
    with pytest.raises(JournalError, match=newer):
        read_journal(path)


def test_a_journal_of_no_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(head_of(0))
    with pytest.raises(JournalError, match="schema_version is 0"):
        read_journal(path)
