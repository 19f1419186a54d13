"""A journal on disk: JSON Lines, written by one writer, read back whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from chaoskit.errors import HarnessError, JournalError
from chaoskit.journal.codec import Upgrade, decode_entry, encode_entry, version_of
from chaoskit.journal.events import Entry, Event, RunStarted
from chaoskit.journal.upgrade import from_version_1

Listener = Callable[[Entry], None]


class Journal:
    """The one writer of a run's events: stamps ``seq``, appends to the file, and tells its listeners.

    ``path`` None keeps the journal in memory only (tests, simulations). Raises ``HarnessError`` when the disk refuses.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self._listeners: list[Listener] = []
        try:
            self._file = path.open("x", encoding="utf-8", buffering=1) if path else None
        except OSError as error:
            raise HarnessError(f"cannot create {path}: {error.strerror}; choose another folder with --out") from error

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with each entry from now on."""
        self._listeners.append(listener)

    def append(self, event: Event) -> Entry:
        """Add one event and return it with its number."""
        entry = Entry(len(self.entries) + 1, event)
        self.entries.append(entry)
        if self._file:
            try:
                self._file.write(encode_entry(entry) + "\n")
            except OSError as error:
                raise HarnessError(f"cannot write {self._file.name}: {error.strerror}") from error
        for listener in self._listeners:
            listener(entry)
        return entry

    def close(self) -> None:
        """Flush and close the file; safe to call again."""
        if self._file and not self._file.closed:
            try:
                self._file.close()
            except OSError as error:
                raise HarnessError(f"cannot write {self._file.name}: {error.strerror}") from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_journal(path: Path) -> Sequence[Entry]:
    """All entries of a stored journal. Raises ``JournalError`` naming file and line for whatever is wrong with it."""
    entries: list[Entry] = []
    upgrade: Upgrade | None = None
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if number == 1:
                    upgrade = from_version_1 if version_of(line) == 1 else None
                entries.append(_entry(path, number, line, len(entries) + 1, upgrade))
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}; give the journal.jsonl of a run") from error
    except UnicodeDecodeError as error:
        raise JournalError(f"{path}: not UTF-8 text, so not a journal; give the journal.jsonl of a run") from error
    if not entries:
        raise JournalError(f"{path}: the file is empty; give the journal.jsonl of a run")
    if not isinstance(entries[0].event, RunStarted):
        raise JournalError(f"{path}:1: a journal begins with 'run_started'; give the journal.jsonl of a run")
    return entries


def _entry(path: Path, number: int, line: str, expected_seq: int, upgrade: Upgrade | None) -> Entry:
    try:
        entry = decode_entry(line, upgrade)
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise JournalError(
            f"{path}:{number}: not a journal line ({reason}); the file is damaged or not a journal"
        ) from error
    if entry.seq != expected_seq:
        raise JournalError(
            f"{path}:{number}: seq is {entry.seq}, expected {expected_seq}; lines are missing or were moved"
        )
    return entry
