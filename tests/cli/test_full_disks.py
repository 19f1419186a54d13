"""Disks that are full and terminals that are gone: said in a line, nothing half-done left, and what was measured is kept."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chaoskit.journal import events as ev
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from tests.cli.test_whole_run import SHORT, namespaces_work

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="mount namespaces are Linux's"),
]
CHAOSKIT = [sys.executable, "-m", "chaoskit"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    if reason := namespaces_work():
        pytest.skip(reason)
    (tmp_path / "x.yaml").write_text(SHORT)
    (tmp_path / "small").mkdir()
    return tmp_path


def on_a_small_disk(place: Path, options: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run chaoskit where ``place / "small"`` is a file system of so much room; what is then on it is listed on standard output."""
    script = (
        'mount -t tmpfs -o "$1" none "$0/small" && shift && "$@"; code=$?; '
        'find "$0/small" -mindepth 1; cp -r "$0/small" "$0/saved"; exit $code'
    )
    namespaces = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    return subprocess.run(
        [*namespaces, "sh", "-c", script, str(place), options, *CHAOSKIT, *words],
        env=os.environ | environment, cwd=place, capture_output=True, text=True, timeout=110,
    )  # fmt: skip


@pytest.mark.parametrize("sandbox", ["namespace", "inline"])
def test_a_full_temporary_folder_is_said_in_a_line(place: Path, sandbox: str) -> None:
    words = ["run", "x.yaml", "--plain", "--sandbox", sandbox, "--out", "runs"]
    result = on_a_small_disk(place, "size=4k,nr_inodes=4", *words, TMPDIR=str(place / "small"))
    assert result.returncode == 4, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert not list((place / "small").iterdir())


def test_a_full_temporary_folder_is_no_fault_of_the_command(place: Path) -> None:
    words = ["exec", "--out", "runs", "--no-aws", "--", "true"]
    result = on_a_small_disk(place, "size=4k,nr_inodes=4", *words, TMPDIR=str(place / "small"))
    assert result.returncode == 125, result.stderr
    assert "No space left on device; make room, or choose other folders with TMPDIR and --out" in result.stderr


def test_a_report_that_does_not_fit_leaves_the_journal(place: Path) -> None:
    words = ["run", "x.yaml", "--plain", "--out", "small/runs"]
    result = on_a_small_disk(place, "size=88k", *words)
    assert result.returncode == 4, result.stdout + result.stderr
    assert "what was measured is in" in result.stderr
    (journal,) = (place / "saved").rglob("journal.jsonl")
    assert [ending.reason for _, ending in Run(read_journal(journal)).of(ev.RunEnded)] in (
        ["finished"],
        ["interrupted"],
        [],
    )
    assert list((place / "saved").rglob(".*")) == [], "no drafts"


def test_a_terminal_that_is_gone_ends_the_run_in_order(place: Path) -> None:
    ours, theirs = pty.openpty()
    (place / "tmp").mkdir()
    with subprocess.Popen(
        [*CHAOSKIT, "run", "x.yaml", "--out", "runs"],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=place, env=os.environ | {"TMPDIR": str(place / "tmp"), "TERM": "xterm"},
    ) as process:  # fmt: skip
        os.close(theirs)
        shown, deadline = b"", time.monotonic() + 60
        while b"fault" not in shown and time.monotonic() < deadline:
            if select.select([ours], [], [], 1)[0]:
                shown += os.read(ours, 65536)
        os.close(ours)
        assert process.wait(60) in (4, 128 + 1, 128 + 13), "the harness failed, not the clients"
    assert not list((place / "tmp").iterdir())
    (folder,) = (place / "runs").iterdir()
    assert not folder.name.startswith(".")
    assert (folder / "journal.jsonl").exists()
