"""The query log's compact form: what a DNS server under load writes instead of JSON lines, and its reader.

A spool is a file of blocks, each ``tag`` (4 bytes), ``length`` (u32) and ``length`` bytes; integers are in the byte order of the machine::

    CKS1  the head: empty; names the format
    wall  one moment on two clocks: an instant, and nanoseconds since 1970 (u64 each); logs of older versions have none
    shap  what some queries have in common: number (u32), then the fields of ``Shape`` as JSON
    rows  queries: at, answered_at (u64), count (u16), bytes of one peer (u16); count shape numbers (u32); count peers
    lost  queries that could not be written, until this place: count (u64)
    end.  the writer closed the spool: written, lost (u64 each); a spool without it was cut short

A peer is the beginning of the kernel's own socket address (RFC 3493 §3): two bytes of family, port and, for IPv4, address in network
order (8 bytes); for IPv6 port, flow, address and scope, padded to 32 bytes. So a batch can be logged as it was received.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO, Literal

from chaoskit.clock import Instant
from chaoskit.errors import JournalError
from chaoskit.input_file import refuse_pipe
from chaoskit.journal.events import QueryAnswered

HEAD, WALL, SHAPE, ROWS, LOST, END = b"CKS1", b"wall", b"shap", b"rows", b"lost", b"end."
BLOCK = struct.Struct("=4sI")
ROWS_HEAD = struct.Struct("=QQHH")
TOTALS = struct.Struct("=QQ")
MOMENT = struct.Struct("=QQ")
NUMBER = struct.Struct("=I")
COUNT = struct.Struct("=Q")

PEER_V4, PEER_V6 = 8, 32
"""Bytes of a peer."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What all queries that are answered alike have in common; the fields are those of ``QueryAnswered``."""

    asker: str
    transport: Literal["udp", "tcp"]
    name: str
    rtype: str
    reply: Literal["answer", "raw", "drop", "hangup", "closed"]
    rcode: str
    answers: int
    faults: tuple[str, ...]
    upstream: str = ""
    unseen: tuple[str, ...] = ()

    def event(self, at: Instant, answered_at: Instant, peer: str) -> QueryAnswered:
        """One query of this shape."""
        return QueryAnswered(
            at=at,
            answered_at=answered_at,
            asker=self.asker,
            peer=peer,
            transport=self.transport,
            name=self.name,
            rtype=self.rtype,
            reply=self.reply,
            rcode=self.rcode,
            answers=self.answers,
            faults=self.faults,
            upstream=self.upstream,
            unseen=self.unseen,
        )


def shape_of(event: QueryAnswered) -> Shape:
    """The shape of one query."""
    return Shape(**{field.name: getattr(event, field.name) for field in fields(Shape)})


def pack_peer(host: str, port: int) -> bytes:
    """The bytes of a peer; ``unpack_peer`` reads them."""
    if ":" not in host:
        return struct.pack("=H", socket.AF_INET) + port.to_bytes(2, "big") + socket.inet_pton(socket.AF_INET, host)
    address = socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return struct.pack("=H", socket.AF_INET6) + port.to_bytes(2, "big") + bytes(4) + address + bytes(8)


def unpack_peer(data: bytes) -> str:
    """``127.0.0.1:5353`` or ``[::1]:5353``."""
    port = int.from_bytes(data[2:4], "big")
    if len(data) == PEER_V4:
        return f"{socket.inet_ntop(socket.AF_INET, data[4:8])}:{port}"
    return f"[{socket.inet_ntop(socket.AF_INET6, data[8:24])}]:{port}"


def pack_block(tag: bytes, *parts: bytes) -> bytes:
    """One block."""
    body = b"".join(parts)
    return BLOCK.pack(tag, len(body)) + body


def pack_moment(at: Instant, epoch_ns: int) -> bytes:
    """The block that says what time of day ``at`` was."""
    return pack_block(WALL, MOMENT.pack(at, epoch_ns))


def pack_shape(number: int, shape: Shape) -> bytes:
    """The block that gives ``shape`` its number."""
    return pack_block(SHAPE, NUMBER.pack(number), json.dumps(asdict(shape), separators=(",", ":")).encode())


def pack_rows(numbers: Sequence[int], at: Instant, answered_at: Instant, peers: bytes) -> bytes:
    """Queries that were answered together: the shape number and the peer of each."""
    head = ROWS_HEAD.pack(at, answered_at, len(numbers), len(peers) // len(numbers))
    return pack_block(ROWS, head, array("I", numbers).tobytes(), peers)


class SpoolReader:
    """Reads a spool: iterate over its events in the order written, or ``count`` them. Afterwards ``lost`` and ``complete`` are known.

    ``lost`` counts queries that the writer answered but could not log. ``complete`` is false when the spool has no end (the
    writer was killed, or its disk was full to the last): then how many more are missing is not known. ``wait`` follows a spool that
    is still written: it is called wherever there is nothing more yet, and what it raises ends the reading; None ends it there.
    Raises ``JournalError`` for what is no spool.
    """

    def __init__(self, path: Path, wait: Callable[[], None] | None = None) -> None:
        self.path = path
        self.read = 0
        self.lost = 0
        self.complete = False
        self._wait = wait
        self._ended = False
        self._wall_ahead_ns: int | None = None
        self._shapes: dict[int, Shape] = {}

    def wall_ns(self, at: Instant) -> int | None:
        """``at`` in nanoseconds since 1970, by the clock of the writer's machine when it began; None if the spool does not say.

        Known for every event that has been read.
        """
        return None if self._wall_ahead_ns is None else at + self._wall_ahead_ns

    def __iter__(self) -> Iterator[QueryAnswered]:
        for rows in self._read():
            for row, shape in enumerate(rows.shapes):
                peer = unpack_peer(rows.peers[row * rows.width : (row + 1) * rows.width])
                yield shape.event(rows.at, rows.answered_at, peer)

    def count(self) -> Counter[Shape]:
        """How many queries were answered alike: quick, for millions."""
        counts: Counter[Shape] = Counter()
        for rows in self._read():
            counts.update(rows.shapes)
        return counts

    def _read(self) -> Iterator[_Rows]:
        refuse_pipe(self.path, "a query log")
        try:
            with self.path.open("rb") as file:
                if self._wait is not None and not file.seekable():
                    raise JournalError(f"{self.path}: a pipe cannot be followed; name the log's file")
                self._read_head(file)
                place = BLOCK.size
                while not self._ended and (block := self._block_at(file, place)) is not None:
                    tag, body = block
                    place += BLOCK.size + len(body)
                    if (rows := self._block(tag, body)) is not None:
                        yield rows
        except OSError as error:
            raise JournalError(f"{self.path}: {error.strerror}; give the file of 'chaoskit serve --log'") from error

    def _read_head(self, file: BinaryIO) -> None:
        expected = BLOCK.pack(HEAD, 0)
        while (head := file.read(BLOCK.size)) != expected:
            if self._wait is None or not expected.startswith(head):
                raise JournalError(f"{self.path}: not a query log; give the file of 'chaoskit serve --log'")
            self._wait()
            self._seek(file, 0)

    def _block_at(self, file: BinaryIO, place: int) -> tuple[bytes, bytes] | None:
        """The tag and the body of the block at ``place``, where ``file`` is; None if the spool ends there, or is cut short in it."""
        while True:
            head = file.read(BLOCK.size)
            if len(head) == BLOCK.size:
                tag, length = BLOCK.unpack(head)
                body = file.read(length)
                if len(body) == length:
                    return tag, body
            if self._wait is None:
                return None
            self._wait()
            self._seek(file, place)

    def _seek(self, file: BinaryIO, place: int) -> None:
        """Go to ``place`` and forget what was read beyond it: a writer whose disk is full takes a block back that it wrote in part."""
        if file.seek(0, os.SEEK_END) < place:
            raise JournalError(
                f"{self.path}: what was read is gone from it; its writer's disk may be full. Read it anew"
            )
        file.seek(place)

    def _block(self, tag: bytes, body: bytes) -> _Rows | None:
        try:
            match tag:
                case b"wall":
                    at, epoch_ns = MOMENT.unpack(body)
                    self._wall_ahead_ns = epoch_ns - at
                case b"shap":
                    plain: dict[str, Any] = json.loads(body[NUMBER.size :])
                    ids = {name: tuple(plain.get(name, ())) for name in ("faults", "unseen")}
                    self._shapes[NUMBER.unpack_from(body)[0]] = Shape(**plain | ids)
                case b"rows":
                    return self._rows(body)
                case b"lost":
                    (self.lost,) = COUNT.unpack(body)
                case b"end.":
                    written, self.lost = TOTALS.unpack(body)
                    self.complete = written == self.read
                    self._ended = True
                case _:
                    raise ValueError(f"unknown block {tag!r}")
        except (ValueError, TypeError, KeyError, IndexError, struct.error) as error:
            raise JournalError(
                f"{self.path}: damaged after {self.read} queries ({type(error).__name__}: {error})"
            ) from error
        return None

    def _rows(self, body: bytes) -> _Rows:
        at, answered_at, count, width = ROWS_HEAD.unpack_from(body)
        peers = ROWS_HEAD.size + count * NUMBER.size
        if width not in (PEER_V4, PEER_V6) or len(body) != peers + count * width:
            raise ValueError("rows of the wrong length")
        shapes = [self._shapes[number] for (number,) in NUMBER.iter_unpack(body[ROWS_HEAD.size : peers])]
        self.read += count
        return _Rows(at, answered_at, shapes, body[peers:], width)


@dataclass(frozen=True, slots=True)
class _Rows:
    at: Instant
    answered_at: Instant
    shapes: list[Shape]
    peers: bytes
    width: int
