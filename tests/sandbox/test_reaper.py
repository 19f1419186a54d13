"""What the keeper leaves of a journal whose run was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.sandbox import reaper

MEASURED = b'{"seq":1,"kind":"run_started"}\n{"seq":2,"kind":"timeline_armed"}\n'
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
from chaoskit.sandbox.reaper import end_journal
print(end_journal(sys.argv[1]))
"""


def test_a_line_that_was_half_written_makes_room_for_the_end(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(MEASURED + b'{"seq":3,"ki')
    assert reaper.end_journal(str(journal))
    whole, end = journal.read_bytes()[: len(MEASURED)], journal.read_bytes()[len(MEASURED) :]
    assert whole == MEASURED
    assert end.startswith(b'{"seq":3,"kind":"run_ended"')
    assert end.endswith(b'"reason":"interrupted"}\n')


@pytest.mark.parametrize("room", [0, 10])
def test_an_end_that_does_not_fit_is_not_written_by_half(tmp_path: Path, room: int) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(MEASURED + b'{"seq":3,"ki')
    words = [sys.executable, "-c", LIMITED, str(journal), str(len(MEASURED) + room)]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "True\n"
    assert journal.read_bytes() == MEASURED


def test_nothing_measured_is_nothing_to_keep(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(b'{"seq":1,"kind":"run_started"}\n')
    assert not reaper.end_journal(str(journal))
    assert not reaper.end_journal(str(tmp_path / "none"))
