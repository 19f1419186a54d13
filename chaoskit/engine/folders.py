"""The folders of a run: a temporary one to work in, and the one that its results appear in when it is complete."""

from __future__ import annotations

import contextlib
import errno
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
    """Where a run lives: ``work`` is temporary; ``partial`` becomes ``final`` when the run is complete.

    ``empty`` are folders that are ours to remove if nothing came of the run. The first of them is ``final``, where an interrupted run
    leaves its journal; where there are none, as in a search, which has no use for half a run, it leaves nothing.
    """

    work: Path
    partial: Path
    final: Path
    empty: tuple[Path, ...] = ()

    def publish(self) -> None:
        """The results are complete: they appear at ``final``, all at once. Raises ``HarnessError`` when they cannot."""
        put(self.partial, self.final)

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
    """The folders of a run that is at ``folder`` when it is complete, and nowhere otherwise: ``folder`` must not exist, its parent must.

    Raises ``InputError``.
    """
    folder = folder.absolute()  # the keeper works in another folder
    try:
        if folder.exists():
            raise FileExistsError(errno.EEXIST, f"{folder.name} is there already")
        partial = _partial_of(folder)
    except OSError as error:
        raise InputError(
            f"cannot write to {folder.parent}: {error.strerror}; choose another folder with --out"
        ) from error
    return Folders(_work_folder(partial), partial, folder)


def _work_folder(*empty: Path) -> Path:
    """A new temporary folder. Where there can be none, removes the ``empty`` folders made for the run; raises ``InputError``."""
    try:
        return Path(tempfile.mkdtemp(prefix="chaoskit-"))
    except OSError as error:
        for folder in empty:
            folder.rmdir()
        raise InputError(
            f"cannot write to {tempfile.gettempdir()}: {error.strerror}; name another folder in TMPDIR"
        ) from error


def _partial_of(final: Path) -> Path:
    """Make the hidden folder beside ``final`` that holds results until they are complete."""
    partial = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    partial.chmod(0o700)
    return partial


def make_folders(out: Path, stem: str) -> Folders:
    """Make the folders of a run in ``out``, named by the time and ``stem``. Raises ``InputError`` where nothing can be written."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{re.sub(r'[^A-Za-z0-9]+', '-', stem).strip('-').lower() or 'run'}"
    try:
        out = out.absolute()
        is_new = not out.exists()
        out.mkdir(parents=True, exist_ok=True)
        final = _reserve(out, name)
        partial = _partial_of(final)
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}; choose another folder with --out") from error
    empty = (final, *([out] if is_new else []))
    return Folders(_work_folder(partial, *empty), partial, final, empty)


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
