"""A journal on disk: JSON Lines, written by one writer, read back whole."""

from __future__ import annotations

import contextlib
import functools
import gc
import json
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from chaoskit.errors import HarnessError, JournalError
from chaoskit.input_file import refuse_pipe
from chaoskit.journal.codec import Upgrade, as_text, decode_entry, encode_entry
from chaoskit.journal.events import SCHEMA_VERSION, Entry, Event, RunStarted
from chaoskit.journal.stored import KIND_NUMBER, StoredEntries
from chaoskit.journal.upgrade import from_version_1

MOST_IN_MEMORY = 50_000
"""Entries of a journal that are held as objects, some 20 MB; those of a longer one stay on disk."""

LONGEST_LINE = 1 << 26
"""Bytes; a run's whole experiment is in one line. A file without lines, such as /dev/zero, is not read to its end."""

Listener = Callable[[Entry], None]


class Journal:
    """The one writer of a run's events: stamps ``seq``, appends to the file, and tells its listeners.

    ``path`` None keeps the journal in memory only (tests, simulations). Raises ``HarnessError`` when the disk refuses.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self._listeners: list[Listener] = []
        try:
            self.file = path.open("x", encoding="utf-8", buffering=1) if path else None
        except OSError as error:
            raise HarnessError(f"cannot create {path}: {error.strerror}; choose another folder with --out") from error

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with each entry from now on."""
        self._listeners.append(listener)

    def append(self, event: Event) -> Entry:
        """Add one event and return it with its number."""
        entry = Entry(len(self.entries) + 1, event)
        self.entries.append(entry)
        if self.file:
            try:
                self.file.write(encode_entry(entry) + "\n")
            except OSError as error:
                raise HarnessError(f"cannot write {self.file.name}: {error.strerror}") from error
        for listener in self._listeners:
            listener(entry)
        return entry

    def close(self) -> None:
        """Flush and close the file; safe to call again."""
        if self.file and not self.file.closed:
            try:
                self.file.close()
            except OSError as error:
                raise HarnessError(f"cannot write {self.file.name}: {error.strerror}") from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_journal(path: Path) -> Sequence[Entry]:
    """All entries of a stored journal; those of a long one stay on disk.

    Every line is read and checked first. Raises ``JournalError`` naming file and line for whatever is wrong with it.
    """
    refuse_pipe(path, "a journal")
    try:
        with path.open("rb") as lines, without_collection():
            return _read(path, lines)
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}; give the folder of a run, or its journal.jsonl") from error


def _read(path: Path, lines: BinaryIO) -> Sequence[Entry]:
    entries: list[Entry] = []
    offsets, kinds, instants = array("Q", [0]), bytearray(), array("q")
    keeps_all = not lines.seekable()
    upgrade: Upgrade | None = None
    for number, line in enumerate(iter(functools.partial(lines.readline, LONGEST_LINE), b""), 1):
        if len(line) == LONGEST_LINE:
            raise JournalError(f"{path}:{number}: longer than any line of a journal; give the journal.jsonl of a run")
        if number == 1:
            upgrade = from_version_1 if _checked_schema(path, line) == 1 else None
        entry = _entry(path, number, line, upgrade)
        if number == 1 and not isinstance(entry.event, RunStarted):
            raise JournalError(
                f"{path}:1: a journal begins with 'run_started'; give the folder of a run, or its journal.jsonl"
            )
        offsets.append(offsets[-1] + len(line))
        kinds.append(KIND_NUMBER[type(entry.event)])
        instants.append(entry.event.at)
        if keeps_all or number <= MOST_IN_MEMORY:
            entries.append(entry)
        else:
            entries.clear()
    if not kinds:
        raise JournalError(f"{path}: the file is empty; give the folder of a run, or its journal.jsonl")
    return entries or StoredEntries(path, offsets, bytes(kinds), instants, upgrade)


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Events and the views of them hold no cycles, and looking for some takes a sixth of the time that joining a million of them takes."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _checked_schema(path: Path, line: bytes) -> int | None:
    """The schema version of a journal's head; None where it names none, which is told as any other line that is none.

    Raises ``JournalError`` for one that a newer chaoskit wrote: nothing in it need mean what it means here.
    """
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        return None
    version = head.get("schema_version") if isinstance(head, dict) else None
    if type(version) is int and version > SCHEMA_VERSION:
        versions = head.get("versions")
        writer = as_text(str(versions.get("chaoskit", "")))[:40] if isinstance(versions, dict) else ""
        raise JournalError(
            f"{path}:1: a newer chaoskit{f' ({writer})' if writer else ''} wrote this journal: its schema is {version}, "
            f"and this chaoskit reads up to {SCHEMA_VERSION}; upgrade with: pip install --upgrade chaoskit"
        )
    if type(version) is int and version < 1:
        raise JournalError(f"{path}:1: schema_version is {version}; a journal's is 1 or more")
    return version if type(version) is int else None


def _entry(path: Path, number: int, line: bytes, upgrade: Upgrade | None) -> Entry:
    try:
        entry = decode_entry(line, upgrade)
    except ValueError as error:
        if not _is_utf8(line):
            raise JournalError(
                f"{path}: not UTF-8 text, so not a journal; give the folder of a run, or its journal.jsonl"
            ) from error
        reason = str(error).splitlines()[0]
        raise JournalError(
            f"{path}:{number}: not a journal line ({reason}); the file is damaged or not a journal"
        ) from error
    if entry.seq != number:
        raise JournalError(f"{path}:{number}: seq is {entry.seq}, expected {number}; lines are missing or were moved")
    return entry


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
