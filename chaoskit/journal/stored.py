"""A long journal as a sequence that stays on disk: entries are decoded when they are looked at, and forgotten again.

A million events as objects take some 400 MB, and no view looks at more than a few kinds. ``select`` decodes those alone.
"""

from __future__ import annotations

import itertools
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

from chaoskit.clock import Instant
from chaoskit.errors import JournalError
from chaoskit.journal.codec import Upgrade, decode_entry
from chaoskit.journal.events import EVENT_TYPES, Entry

CHUNK = 1 << 20
KIND_NUMBER = {event_type: number for number, event_type in enumerate(EVENT_TYPES)}


class StoredEntries(Sequence[Entry]):
    """The entries of the file ``path``, which holds a good journal and does not change.

    ``offsets`` are where each line begins, and the end of the last; ``kinds`` is the number of each event's class in ``EVENT_TYPES``, and
    ``instants`` its ``at``. ``upgrade`` makes today's form of an older journal's lines.
    Raises ``JournalError`` when the file is another one meanwhile.
    """

    def __init__(
        self, path: Path, offsets: array[int], kinds: bytes, instants: array[int], upgrade: Upgrade | None = None
    ) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._offsets = offsets
        self._kinds = kinds
        self.instants = instants
        self._upgrade = upgrade

    def __del__(self) -> None:
        os.close(self._file)

    def __len__(self) -> int:
        return len(self._kinds)

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> list[Entry]: ...
    def __getitem__(self, place: int | slice) -> Entry | list[Entry]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        index = range(len(self))[place]
        begin = self._offsets[index]
        try:
            return decode_entry(os.pread(self._file, self._offsets[index + 1] - begin, begin), self._upgrade)
        except ValueError as error:
            raise self._changed() from error

    def __iter__(self) -> Iterator[Entry]:
        return self._decoded(range(len(self)))

    def select(self, *kinds: type, unless: str = "") -> Iterator[Entry]:
        """The entries whose event is of one of ``kinds``, in order; but none whose field ``unless`` is null or an empty list."""
        return self._decoded(self.places(*kinds), unless)

    def places(self, *kinds: type) -> Iterator[int]:
        """Where those of ``kinds`` are, counted from 0."""
        numbers = bytes(KIND_NUMBER[kind] in map(KIND_NUMBER.__getitem__, kinds) for kind in EVENT_TYPES)
        chosen = self._kinds.translate(numbers.ljust(256, b"\0"))
        return itertools.compress(range(len(self)), chosen)

    def _decoded(self, places: Iterable[int], unless: str = "") -> Iterator[Entry]:
        """The entries at these places, in order, without those whose field ``unless`` is null or an empty list."""
        empty, null = f'"{unless}":[]'.encode(), f'"{unless}":null'.encode()  # the quotes keep them from strings
        offsets, upgrade = self._offsets, self._upgrade
        block, block_begin, block_end = b"", 0, 0
        try:
            for index in places:
                begin, end = offsets[index], offsets[index + 1]
                if end > block_end:
                    block_begin, block = begin, os.pread(self._file, max(CHUNK, end - begin), begin)
                    block_end = begin + len(block)
                line = block[begin - block_begin : end - block_begin]
                if not unless or (empty not in line and null not in line):
                    yield decode_entry(line, upgrade)
        except ValueError as error:
            raise self._changed() from error

    def _changed(self) -> JournalError:
        return JournalError(f"{self._path}: it was changed while it was read; try again")


def select(entries: Sequence[Entry], *kinds: type, unless: str = "") -> Iterator[Entry]:
    """The entries whose event is of one of ``kinds``, in order, whatever keeps them.

    Those whose field ``unless`` is null or an empty list may be left out, which spares decoding them.
    """
    if isinstance(entries, StoredEntries):
        return entries.select(*kinds, unless=unless)
    return (entry for entry in entries if isinstance(entry.event, kinds))


def instants_of(entries: Sequence[Entry], *kinds: type) -> list[Instant]:
    """When the events of these classes happened, in their order; of a journal on disk nothing is decoded for it."""
    if isinstance(entries, StoredEntries):
        return [entries.instants[place] for place in entries.places(*kinds)]
    return [entry.event.at for entry in select(entries, *kinds)]
