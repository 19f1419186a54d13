"""The folders of a run: a temporary one to work in, and the one that its results appear in when it is complete."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chaoskit.errors import HarnessError, InputError


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a run lives: ``work`` is temporary; ``partial`` takes the place of the empty ``final`` when the run is complete.

    ``keeps_interrupted``: a run that was interrupted leaves its journal at ``final``; a search has no use for half a run.
    """

    work: Path
    partial: Path
    final: Path
    out_is_new: bool
    keeps_interrupted: bool = True

    @property
    def empty(self) -> list[Path]:
        """Folders that are ours to remove if nothing came of the run."""
        return [self.final, *([self.final.parent] if self.out_is_new else [])]

    def publish(self) -> None:
        """The results are complete: they appear at ``final``, all at once. Raises ``HarnessError`` when they cannot."""
        put(self.partial, self.final)

    def forget_interrupted(self) -> None:
        """Before the reaper ends: let it find nothing that would be worth keeping, where nobody wants half a run."""
        if not self.keeps_interrupted:
            (self.partial / "journal.jsonl").unlink(missing_ok=True)

    def remove(self) -> None:
        """What the keeper does, where there is none."""
        for folder in (self.work, self.partial):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in self.empty:
            with contextlib.suppress(OSError):  # another run has come to use it
                folder.rmdir()


ON_HOST = "CHAOSKIT_RUNS_ON_HOST"
"""Variable of a container whose results lie in a folder of the host: what people call that folder there."""


def seen_from_host(path: Path, environment: Mapping[str, str]) -> Path:
    """``path`` of a file of a run as people find it, who are not in the container in which the run was made."""
    return Path(environment[ON_HOST], *path.parts[-2:]) if environment.get(ON_HOST) else path


def put(partial: Path, final: Path) -> None:
    """Rename complete results to where they belong. Raises ``HarnessError``."""
    try:
        partial.rename(final)
    except OSError as error:
        raise HarnessError(f"cannot put the results at {final}: {error.strerror}") from error


def exact_folders(folder: Path) -> Folders:
    """The folders of a run whose results are to be at ``folder``, which must not exist; its parent must. Raises ``InputError``."""
    try:
        folder.mkdir()
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        partial.chmod(0o700)
        return Folders(
            Path(tempfile.mkdtemp(prefix="chaoskit-")), partial, folder, out_is_new=False, keeps_interrupted=False
        )
    except OSError as error:
        raise InputError(
            f"cannot write to {folder.parent}: {error.strerror}; choose another folder with --out"
        ) from error


def make_folders(out: Path, stem: str) -> Folders:
    """Make the folders of a run in ``out``, named by the time and ``stem``. Raises ``InputError`` where nothing can be written."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{re.sub(r'[^A-Za-z0-9]+', '-', stem).strip('-').lower() or 'run'}"
    try:
        out = out.absolute()
        is_new = not out.exists()
        out.mkdir(parents=True, exist_ok=True)
        final = _reserve(out, name)
        partial = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=out))
        partial.chmod(0o700)
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}; choose another folder with --out") from error
    try:
        work = Path(tempfile.mkdtemp(prefix="chaoskit-"))
    except OSError as error:
        for folder in (partial, final, *([out] if is_new else [])):
            folder.rmdir()
        raise InputError(
            f"cannot write to {tempfile.gettempdir()}: {error.strerror}; name another folder in TMPDIR"
        ) from error
    return Folders(work, partial, final, is_new)


def _reserve(out: Path, name: str) -> Path:
    """A folder of the run's own, empty until the end: two runs begun in one second must not meet."""
    for number in itertools.count(1):
        final = out / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            final.mkdir()
            return final
    raise AssertionError("there is always another number")


def new_folder(out: Path, name: str) -> Path:
    """Make a new folder in ``out``, named by the time and ``name``, for the runs of one search. Raises ``InputError``."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _reserve(out.absolute(), f"{stamp}-{name}")
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}; choose another folder with --out") from error
