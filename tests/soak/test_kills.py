"""Random kills across run, exec, margin and serve: whatever dies, whenever, nothing is left.

``CHAOSKIT_KILLS`` is how many, ``CHAOSKIT_SOAK_SEED`` which. Each kill is drawn from its own number, so one can be made again alone.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chaoskit.expect import judge
from chaoskit.interruption import interruptible
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.verdict import Outcome, outcome_of
from tests.cli.test_whole_run import namespaces_work
from tests.soak.kills import Killed, kill_once

KILLS = int(os.environ.get("CHAOSKIT_KILLS", "8"))
SEED = int(os.environ.get("CHAOSKIT_SOAK_SEED", "20251020"))
AT_ONCE = 4
"""Kills that are under way together: a command under test mostly waits."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60 + 120 * KILLS)]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for processes that are not ours needs Linux's pidfd")
def test_random_kills_leave_nothing(tmp_path: Path) -> None:
    sandbox = "inline" if namespaces_work() else "namespace"
    # Handled here, signals have their defaults in what is started; one that is ignored, as by nohup, would be ignored there too.
    with interruptible(), ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(lambda number: kill_in(tmp_path / f"kill-{number}", number, sandbox), range(KILLS)))
    kills = [killed for killed, _ in outcomes]
    failures = [f"kill {number} of seed {SEED}: {killed}" for number, killed in enumerate(kills) if killed.left]
    assert failures == []
    judged = Counter(word for _, words in outcomes for word in words)
    doors = Counter(f"{killed.door}: {killed.signal} to {killed.victim}" for killed in kills)
    lines = [f"{len(kills)} kills of seed {SEED} left nothing; journals kept: {dict(judged)}"]
    lines += [f"  {count:>5} {what}" for what, count in sorted(doors.items())]
    sys.stdout.write("\n".join(lines) + "\n")


def kill_in(place: Path, number: int, sandbox: str) -> tuple[Killed, list[str]]:
    """Make kill ``number`` in the new folder ``place``; returns it, and what is said of the journals that it left."""
    place.mkdir()
    killed = kill_once(random.Random(f"{SEED} {number}"), place, sandbox)
    words = verdicts_below(place)
    if not killed.left:
        shutil.rmtree(place)
    return killed, words


def verdicts_below(place: Path) -> list[str]:
    """What the harness's own guard says of each journal that was kept; one without its proper end must not pass."""
    words = []
    for path in (place / "runs").rglob("journal.jsonl") if (place / "runs").exists() else ():
        run = Run(read_journal(path))
        outcome = outcome_of(judge(run, []))
        interrupted = "interrupted" in judge(run, [])[0].because
        assert outcome is Outcome.INVALID or not interrupted
        words.append("interrupted" if interrupted else "complete")
    return words
