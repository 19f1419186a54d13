"""The folders of a run: a temporary one to work in, and the one that its results appear in when it is complete."""

from __future__ import annotations

import contextlib
import errno
import itertools
import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaoskit.errors import HarnessError, InputError
from chaoskit.sandbox.base import Guard


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a run lives: ``work`` is temporary; ``partial`` becomes ``final`` when the run is complete.

    ``empty`` are folders that are ours to remove if nothing came of the run. The first of them is ``final``, where an interrupted run
    leaves its journal; where there are none, as in a search, which has no use for half a run, it leaves nothing. ``guard`` removes them
    all, whatever ends us, until it is released because a sandbox's keeper does.
    """

    work: Path
    partial: Path
    final: Path
    guard: Guard
    empty: tuple[Path, ...] = ()

    def publish(self) -> None:
        """The results are complete: they appear at ``final``, all at once. Raises ``HarnessError`` when they cannot."""
        put(self.partial, self.final)


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
    folder = _absolute(folder)
    work, partial = _temporary(folder)
    guard = Guard([work, partial], [])
    try:
        if folder.exists():
            raise FileExistsError(errno.EEXIST, f"{folder.name} is there already")
        partial.mkdir(0o700)
    except OSError as error:
        guard.close()
        raise InputError(
            f"cannot write to {folder.parent}: {error.strerror}; choose another folder with --out"
        ) from error
    _make_work(work, guard)
    return Folders(work, partial, folder, guard)


def make_folders(out: Path, stem: str) -> Folders:
    """Make the folders of a run in ``out``, named by the time and ``stem``. Raises ``InputError`` where nothing can be written."""
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{re.sub(r'[^A-Za-z0-9]+', '-', stem).strip('-').lower() or 'run'}"
    out = _absolute(out)
    for final in _numbered(out, name):
        work, partial = _temporary(final)
        empty = (final, *(folder for folder in (out, *out.parents) if not folder.exists()))
        guard = Guard([work, partial], list(empty))
        try:
            out.mkdir(parents=True, exist_ok=True)
            final.mkdir(0o700)
            partial.mkdir(0o700)
        except OSError as error:
            if isinstance(error, FileExistsError) and error.filename == str(final):
                guard.release()
                continue  # another run has begun in the same second
            guard.close()
            raise InputError(f"cannot write to {out}: {error.strerror}; choose another folder with --out") from error
        _make_work(work, guard)
        return Folders(work, partial, final, guard, empty)
    raise AssertionError("there is always another number")


def _absolute(path: Path) -> Path:
    """``path`` as the keeper names it, which works in another folder. Raises ``InputError`` where the current folder is gone."""
    try:
        return path.absolute()
    except OSError as error:
        raise InputError(f"cannot write to {path}: the current folder is gone; change to one that exists") from error


def _temporary(final: Path) -> tuple[Path, Path]:
    """Names that nobody has: of a folder to work in, and of the hidden one beside ``final`` that holds unfinished results."""
    token = secrets.token_hex(8)
    return Path(tempfile.gettempdir(), f"chaoskit-{token}"), final.with_name(f".{final.name}-{token}")


def _make_work(work: Path, guard: Guard) -> None:
    """Make the temporary folder. Where there can be none, lets ``guard`` remove what was made for the run; raises ``InputError``."""
    try:
        work.mkdir(0o700)
    except OSError as error:
        guard.close()
        raise InputError(f"cannot write to {work.parent}: {error.strerror}; name another folder in TMPDIR") from error


def _numbered(out: Path, name: str) -> Iterator[Path]:
    """The places that a run may have which is named so: none of two runs begun in one second may meet the other."""
    for number in itertools.count(1):
        place = out / (name if number == 1 else f"{name}-{number}")
        if not place.exists():
            yield place


def _reserve(out: Path, name: str) -> Path:
    """Make the folder, empty until the end, of a search."""
    for place in _numbered(out, name):
        with contextlib.suppress(FileExistsError):
            place.mkdir()
            return place
    raise AssertionError("there is always another number")


def new_folder(out: Path, name: str) -> Path:
    """Make a new folder in ``out``, named by the time and ``name``, for the runs of one search. Raises ``InputError``."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _reserve(out.absolute(), f"{stamp}-{name}")
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}; choose another folder with --out") from error
