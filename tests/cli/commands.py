"""``chaoskit exec`` for tests: a place of its own, and what is left after a run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal

NAME = "dynamodb.us-east-1.amazonaws.com"
PATIENCE_S = 90


@dataclass(frozen=True)
class Place:
    """A folder with ``work`` to be in, ``tmp`` for temporary files and ``runs`` for results."""

    root: Path

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "TMPDIR": str(self.root / "tmp"),
            "MINE": "my own",
            "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
            "AWS_PROFILE": "prod",
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }

    def argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "chaoskit", "exec", "--out", str(self.root / "runs"), *words]

    def run(self, *words: str, put_in: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.argv(*words),
            env=self.environment,
            cwd=self.work,
            input=put_in,
            capture_output=True,
            timeout=PATIENCE_S,
        )

    def journal(self) -> Run:
        (path,) = (self.root / "runs").glob("*/journal.jsonl")
        return Run(read_journal(path))

    def left(self) -> list[str]:
        """Temporary files, and folders of runs that have no journal."""
        runs = self.root / "runs"
        halves = [path for path in runs.iterdir() if not (path / "journal.jsonl").exists()] if runs.exists() else []
        return [str(path) for path in (*(self.root / "tmp").iterdir(), *halves)]


def make_place(root: Path) -> Place:
    for name in ("work", "tmp"):
        (root / name).mkdir()
    return Place(root)
