"""Escapes in titles, names and messages: none reaches a terminal through a command of ours."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.journal import events as ev
from chaoskit.journal.store import Journal
from tests.journal.story import Story, at

CHAOSKIT = [sys.executable, "-m", "chaoskit"]
WINDOW_TITLE = "\x1b]0;owned\x07"
CLEAR, EIGHT_BIT, BACKWARDS = "\x1b[2J", "\x9b2J", "\u202e"
NASTY = WINDOW_TITLE + CLEAR + EIGHT_BIT + BACKWARDS


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal in which everything that comes from elsewhere holds orders to a terminal."""
    story = Story().head(f"app{NASTY}")
    story.add(
        ev.HarnessFailed(at=at(1), part=f"dns{NASTY}", message=f"it said {NASTY}"),
        ev.CanaryChecked(at=at(2), name=f"canary{NASTY}", ok=False, detail=NASTY, latency_ns=1),
        ev.RunEnded(at=at(3), reason=f"stopped {NASTY}"),
    )
    path = tmp_path / "journal.jsonl"
    with Journal(path) as written:
        for entry in story.entries():
            event = entry.event
            if isinstance(event, ev.RunStarted):
                experiment = {"title": f"t{NASTY}", "duration": "2s", "clients": {"app": {"use": "boto3"}}}
                event = event.with_fields(title=f"t{NASTY}", experiment=experiment)
            written.append(event)
    return path


def steers(output: bytes) -> list[str]:
    """Which of the orders are in there, whole or as a beginning that a terminal obeys."""
    orders = (b"\x1b]", b"\x1b[2J", "\x9b".encode(), "\u202e".encode(), b"\x07")
    return [repr(order) for order in orders if order in output]


def test_check_says_them_and_does_not_obey(journal: Path) -> None:
    done = subprocess.run([*CHAOSKIT, "check", str(journal)], capture_output=True, timeout=60)
    assert done.returncode == 4, done.stderr
    assert b"\x1b" not in done.stdout + done.stderr
    assert steers(done.stdout + done.stderr) == []
    assert b"\\u001b" in done.stdout


def test_check_on_a_terminal_has_colours_and_nothing_else(journal: Path) -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "200"}
    with subprocess.Popen([*CHAOSKIT, "check", str(journal)], stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        output = b""
        while True:
            try:
                more = os.read(ours, 65536)
            except OSError:  # Linux's end of a terminal
                break
            if not more:
                break
            output += more
    os.close(ours)
    assert process.returncode == 4, output
    assert b"\x1b[" in output, "it is coloured"
    assert steers(output) == []


@pytest.mark.parametrize(
    "words", [("check", f"{NASTY}.jsonl"), ("run", f"{NASTY}.yaml"), ("exec", "--", f"no{NASTY}such")]
)
def test_errors_name_what_is_wrong_and_do_not_obey_it(words: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run([*CHAOSKIT, *words], capture_output=True, timeout=60, cwd=tmp_path)
    assert done.returncode in (2, 127)
    assert steers(done.stdout + done.stderr) == []
    assert b"\\u001b" in done.stderr
