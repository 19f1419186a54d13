"""A long journal: judging and reporting it takes no more memory and processor time than it may."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.long_journal import write

EVENTS = int(os.environ.get("CHAOSKIT_EVENTS", "100000"))
MOST_MB = {"check": 300, "report": 500}
MOST_S = {"check": 10, "report": 20}
MOST_PAGE_BYTES = 2_000_000
"""What a million events may take (seconds of processor time), and a tenth of them all the more."""

MEASURED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss // 1024, round(used.ru_utime + used.ru_stime, 1))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("command", list(MOST_MB))
def test_a_long_journal_takes_no_more_than_it_may(tmp_path: Path, command: str) -> None:
    journal = tmp_path / "journal.jsonl"
    events = write(journal, EVENTS)
    argv = [sys.executable, "-m", "chaoskit", command, str(journal)]
    result = subprocess.run([sys.executable, "-c", MEASURED, *argv], capture_output=True, text=True, check=True)
    code, megabytes, seconds = result.stdout.split()
    sys.stdout.write(f"{command} of {events:,} events: {seconds} s of processor time, {megabytes} MB\n")
    assert int(code) == 0, result.stderr
    assert int(megabytes) <= MOST_MB[command]
    assert float(seconds) <= MOST_S[command]
    if command == "report":
        assert (tmp_path / "report.html").stat().st_size <= MOST_PAGE_BYTES
