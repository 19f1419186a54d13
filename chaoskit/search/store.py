"""A search's folder: its plan, the experiment of each run, and the runs. A run is there when it is complete, so a search can go on."""

from __future__ import annotations

import fcntl
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from chaoskit.errors import InputError


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of one search. ``lock`` keeps a second search out until the ``with`` block or the process ends."""

    folder: Path
    lock: IO[str]

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.lock.close()

    @property
    def runs(self) -> Path:
        """Where each run has a folder of its own, under its name."""
        return self.folder / "runs"

    def experiment(self, name: str) -> Path:
        """The experiment file of a run."""
        return self.folder / "experiments" / f"{name}.yaml"

    def run(self, name: str) -> Path:
        """The folder of a run; it exists when the run is complete."""
        return self.runs / name

    def done(self) -> list[str]:
        """The names of the complete runs, in their order."""
        return sorted(run.name for run in self.runs.iterdir() if (run / "summary.json").exists())

    def write(self, name: str, text: str) -> Path:
        """Write a result whole or not at all."""
        path = self.folder / name
        partial = path.with_name(f".{name}")
        partial.write_text(text, encoding="utf-8")
        return partial.rename(path)


def open_store(folder: Path, plan: dict[str, Any]) -> Store:
    """Begin the search ``plan`` in ``folder``, or go on with it there.

    Raises ``InputError`` when the folder holds another search, or another process is at work in it.
    """
    path = folder / "plan.json"
    text = json.dumps(plan, indent=1, ensure_ascii=False, sort_keys=True)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; choose a folder with --out")
    if folder.exists() and not path.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} holds something that is no search; choose another folder with --out")
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise InputError(
            f"{folder} holds another search ({_difference(path, plan)}); choose another folder with --out, or remove it"
        )
    try:
        for below in ("runs", "experiments"):
            (folder / below).mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise InputError(f"another search is at work in {folder}; wait for it, or choose another folder") from error
    for stale in (folder / "runs").glob(".*"):  # what a search that was killed had under way
        shutil.rmtree(stale, ignore_errors=True)
    return Store(folder, lock)


def _difference(path: Path, plan: dict[str, Any]) -> str:
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return "its plan.json is damaged"
    differ = [key for key in sorted(set(there) | set(plan)) if there.get(key) != plan.get(key)]
    return f"it differs in: {', '.join(differ)}"
