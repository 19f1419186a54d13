"""Where the server's queries are written down: as events, one by one, or as the compact spool that keeps up with load.

Both sinks take single events from the general path, and whole batches from the fast one.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from chaoskit.clock import Instant
from chaoskit.errors import HarnessError
from chaoskit.journal import spool as form
from chaoskit.journal.events import QueryAnswered
from chaoskit.journal.spool import Shape, pack_peer, pack_rows, pack_shape, shape_of, unpack_peer

Log: TypeAlias = Callable[[QueryAnswered], None]

WRITE_AT = 1 << 17
"""Bytes that wake the writer, and that it writes at once; what is less waits for ``WRITE_EVERY_S``."""

WRITE_EVERY_S = 0.2
PENDING_MAX = 2 << 20
"""Bytes that may wait for a slow disk; what comes on top is lost, and counted."""

SHAPES_MAX = 1 << 14
"""Shapes that are remembered; forgotten ones are numbered anew, so a flood of random names costs no memory."""


@runtime_checkable
class QueryLog(Protocol):
    """Takes every query, once, when it has been answered. Never blocks."""

    def record(self, event: QueryAnswered) -> None:
        """One query."""

    def number(self, shape: Shape) -> int | None:
        """The number under which ``batch`` takes queries of this shape; None while there is no room to write down one more."""

    def batch(self, numbers: Sequence[int], at: Instant, answered_at: Instant, peers: bytes) -> None:
        """Queries that came and were answered together, and their peers as ``journal.spool`` packs them. ``numbers`` is not empty."""


class EventLog:
    """A sink that makes an event of each query: for ordinary runs, whose supervisor wants JSON lines, and for tests."""

    def __init__(self, emit: Log) -> None:
        self.record = emit
        self._shapes: list[Shape] = []
        self.numbers: dict[Shape, int] = {}

    def number(self, shape: Shape) -> int:
        if shape not in self.numbers:
            self.numbers[shape] = len(self._shapes)
            self._shapes.append(shape)
        return self.numbers[shape]

    def batch(self, numbers: Sequence[int], at: Instant, answered_at: Instant, peers: bytes) -> None:
        width = len(peers) // len(numbers)
        for row, number in enumerate(numbers):
            peer = unpack_peer(peers[row * width : (row + 1) * width])
            self.record(self._shapes[number].event(at, answered_at, peer))


class Spool:
    """Writes a spool on a thread of its own, so that neither a full disk nor a slow one holds up an answer.

    What the disk refuses or is too slow for is lost, and counted: in the file where it can be, in ``lost``, and in what ``close``
    returns. Raises ``HarnessError`` if the file exists or cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        except OSError as error:
            raise HarnessError(f"cannot create {path}: {error.strerror}; give the query log another name") from error
        self.numbers: dict[Shape, int] = {}
        self._next_number = 0
        # Blocks, each with the number of its queries; a shape goes before the rows that use it. Each of the counters has one
        # writing thread: the server's in this paragraph, the log's own after it.
        self._blocks: deque[tuple[bytes, int]] = deque()
        self._offered = 0
        self._too_slow = 0
        self._appended_bytes = 0

        self.written = 0
        self._refused = 0
        self._taken_bytes = 0
        self._told = 0
        self._size = 0

        self._append(form.pack_block(form.HEAD) + form.pack_moment(time.monotonic_ns(), time.time_ns()), 0)
        self._wake = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="query log", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """Queries so far that were answered, but cannot be read in the file."""
        return self._too_slow + self._refused

    def record(self, event: QueryAnswered) -> None:
        number = self.number(shape_of(event))
        if number is None:
            self._offered += 1
            self._too_slow += 1
            return
        host, _, port = event.peer.rpartition(":")
        self.batch([number], event.at, event.answered_at, pack_peer(host.strip("[]"), int(port)))

    def number(self, shape: Shape) -> int | None:
        known = self.numbers.get(shape)
        if known is not None:
            return known
        if self._is_full():
            return None
        if len(self.numbers) >= SHAPES_MAX:
            self.numbers.clear()
        number = self.numbers[shape] = self._next_number
        self._next_number += 1
        self._append(pack_shape(number, shape), 0)
        return number

    def batch(self, numbers: Sequence[int], at: Instant, answered_at: Instant, peers: bytes) -> None:
        self._offered += len(numbers)
        if self._is_full():
            self._too_slow += len(numbers)
        else:
            self._append(pack_rows(numbers, at, answered_at, peers), len(numbers))

    def close(self) -> int:
        """Write what waits, and the end; returns how many queries cannot be read in the file."""
        self._closing = True
        self._wake.set()
        self._thread.join()
        os.close(self._file)
        return self._offered - self.written

    def _is_full(self) -> bool:
        return self._appended_bytes - self._taken_bytes > PENDING_MAX

    def _append(self, block: bytes, queries: int) -> None:
        self._blocks.append((block, queries))
        self._appended_bytes += len(block)
        if self._appended_bytes - self._taken_bytes > WRITE_AT:
            self._wake.set()

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(WRITE_EVERY_S)
            self._wake.clear()
            self._write_waiting()
        self._write_waiting()
        self._write(form.pack_block(form.END, form.TOTALS.pack(self.written, self._offered - self.written)))

    def _write_waiting(self) -> None:
        """Write all blocks that wait. Shapes that the disk refuses wait on, since later rows may use them."""
        while taken := self._take():
            queries = sum(count for _, count in taken)
            if not self._write(b"".join(block for block, _ in taken)):
                self._refused += queries
                shapes = [(block, count) for block, count in taken if not count]
                self._blocks.extendleft(reversed(shapes))
                self._taken_bytes -= sum(len(block) for block, _ in shapes)
                return
            self.written += queries
        lost = self.lost
        if lost != self._told and self._write(form.pack_block(form.LOST, form.COUNT.pack(lost))):
            self._told = lost

    def _take(self) -> list[tuple[bytes, int]]:
        """Blocks for one write."""
        taken = []
        size = 0
        while self._blocks and size < WRITE_AT:
            taken.append(self._blocks.popleft())
            size += len(taken[-1][0])
        self._taken_bytes += size
        return taken

    def _write(self, data: bytes) -> bool:
        """All of it, or nothing; false if the disk refused."""
        done = 0
        try:
            while done < len(data):
                done += os.pwrite(self._file, memoryview(data)[done:], self._size + done)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            return False
        self._size += len(data)
        return True
