"""The spool's writer: complete, or the loss counted; never in the way of an answer."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chaoskit.dns import spool as module
from chaoskit.dns.spool import EventLog, QueryLog, Spool
from chaoskit.errors import HarnessError
from chaoskit.journal.events import QueryAnswered
from chaoskit.journal.spool import Shape, SpoolReader, pack_peer

PEER = pack_peer("127.0.0.1", 5353)


def shape(name: str = "api.test") -> Shape:
    return Shape("cold", "udp", name, "A", "answer", "NOERROR", 1, ())


def event(at: int = 1, name: str = "api.test") -> QueryAnswered:
    return shape(name).event(at, at + 1, "[::1]:53")


def read(path: Path) -> tuple[list[QueryAnswered], SpoolReader]:
    reader = SpoolReader(path)
    return list(reader), reader


def test_single_events_and_batches_come_back(tmp_path: Path) -> None:
    log = Spool(tmp_path / "log")
    assert isinstance(log, QueryLog)
    log.record(event(5))
    number = log.number(shape())
    assert number is not None
    log.batch([number] * 3, 6, 7, PEER * 3)
    assert log.close() == 0
    events, reader = read(tmp_path / "log")
    assert events == [event(5), *[shape().event(6, 7, "127.0.0.1:5353")] * 3]
    assert reader.complete
    assert log.written == 4


def test_an_event_log_makes_the_same_events() -> None:
    told: list[QueryAnswered] = []
    log = EventLog(told.append)
    log.batch([log.number(shape("a")), log.number(shape("b"))], 6, 7, PEER * 2)
    log.record(event(8))
    assert [one.name for one in told] == ["a", "b", "api.test"]
    assert told[0] == shape("a").event(6, 7, "127.0.0.1:5353")


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("evidence")
    with pytest.raises(HarnessError, match="File exists; give the query log another name"):
        Spool(tmp_path / "log")


class Disk:
    """Stands in for ``os.pwrite``: full, slow or well."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: int | None = None
        self.tries = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()
        self.hangs = threading.Event()
        self._really: Callable[[int, bytes, int], int] = os.pwrite
        monkeypatch.setattr(os, "pwrite", self)
        monkeypatch.setattr(module, "WRITE_EVERY_S", 0.001)

    def until(self, condition: Callable[[], bool]) -> None:
        """Look at ``condition`` at each write, and between: what a write changes is counted only after it."""
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "the writer has not come so far in 60 s"
            self.tries.acquire(timeout=0.01)

    def __call__(self, file: int, data: bytes, at: int) -> int:
        if not self.gate.is_set():
            self.hangs.set()
        self.gate.wait()
        self.tries.release()
        if self.room is not None:
            data = data[: max(0, self.room - at)]
            if not data:
                raise OSError(errno.ENOSPC, "No space left on device")
        return self._really(file, data, at)


def test_a_full_disk_is_counted_and_what_follows_is_readable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    log = Spool(tmp_path / "log")
    log.record(event(1))
    disk.until(lambda: log.written > 0)
    disk.room = (tmp_path / "log").stat().st_size + 20  # a part of a block still fits
    log.record(event(2, "new.test"))  # its shape is refused, too, and needed later
    log.record(event(3))
    disk.until(lambda: log.lost >= 2)
    disk.room = None
    log.record(event(4, "new.test"))
    assert log.close() == 2
    events, reader = read(tmp_path / "log")
    assert events == [event(1), event(4, "new.test")]
    assert (reader.lost, reader.complete) == (2, True)


def test_a_disk_that_stays_full_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch)
    disk.room = 0
    log = Spool(tmp_path / "log")
    for at in range(10):
        log.record(event(at))
    assert log.close() == 10
    assert log.written == 0


def test_a_disk_that_hangs_holds_up_nobody_and_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PENDING_MAX", 10_000)
    disk = Disk(monkeypatch)
    disk.gate.clear()
    log = Spool(tmp_path / "log")
    number = log.number(shape())
    assert number is not None
    log.batch([number], 0, 0, PEER)
    assert disk.hangs.wait(60), "the writer is at the disk, so it takes no more of what comes"
    for at in range(1000):
        log.batch([number] * 10, at, at, PEER * 10)  # would never return if it waited
    assert log.lost > 5000
    assert log.number(shape("one more")) is None, "no room to write down what it means"
    log.record(event(1, "one more"))
    disk.gate.set()
    lost = log.close()
    events, reader = read(tmp_path / "log")
    assert len(events) + lost == 10_002
    assert (reader.lost, reader.complete) == (lost, True)


def test_shapes_are_numbered_anew_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHAPES_MAX", 3)
    log = Spool(tmp_path / "log")
    for at in range(10):
        log.record(event(at, f"n{at % 5}.test"))
    assert len(log.numbers) <= 3
    log.close()
    assert [one.name for one in read(tmp_path / "log")[0]] == [f"n{at % 5}.test" for at in range(10)]
