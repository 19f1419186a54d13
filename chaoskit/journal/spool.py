"""The query log's compact form: what a DNS server under load writes instead of JSON lines, and its reader.

A spool is a file of blocks, each ``tag`` (4 bytes), ``length`` (u32) and ``length`` bytes; integers are in the byte order of the machine::

    CKS1  the head: empty; names the format
    shap  what some queries have in common: number (u32), then the fields of ``Shape`` as JSON
    rows  queries: at, answered_at (u64), count (u16), bytes of one peer (u16); count shape numbers (u32); count peers
    lost  queries that could not be written, until this place: count (u64)
    end.  the writer closed the spool: written, lost (u64 each); a spool without it was cut short

A peer is the beginning of the kernel's own socket address (RFC 3493 §3): two bytes of family, port and, for IPv4, address in network
order (8 bytes); for IPv6 port, flow, address and scope, padded to 32 bytes. So a batch can be logged as it was received.
"""

from __future__ import annotations

import json
import socket
import struct
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from chaoskit.clock import Instant
from chaoskit.errors import JournalError
from chaoskit.input_file import refuse_pipe
from chaoskit.journal.events import QueryAnswered

HEAD, SHAPE, ROWS, LOST, END = b"CKS1", b"shap", b"rows", b"lost", b"end."
BLOCK = struct.Struct("=4sI")
ROWS_HEAD = struct.Struct("=QQHH")
TOTALS = struct.Struct("=QQ")
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
    writer was killed, or its disk was full to the last): then how many more are missing is not known. Raises ``JournalError``
    for what is no spool.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read = 0
        self.lost = 0
        self.complete = False
        self._shapes: dict[int, Shape] = {}

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
                if file.read(BLOCK.size) != BLOCK.pack(HEAD, 0):
                    raise JournalError(f"{self.path}: not a query log; give the file of 'chaoskit serve --log'")
                while len(head := file.read(BLOCK.size)) == BLOCK.size:
                    tag, length = BLOCK.unpack(head)
                    body = file.read(length)
                    if len(body) < length:
                        return  # cut short
                    if (rows := self._block(tag, body)) is not None:
                        yield rows
        except OSError as error:
            raise JournalError(f"{self.path}: {error.strerror}; give the file of 'chaoskit serve --log'") from error

    def _block(self, tag: bytes, body: bytes) -> _Rows | None:
        try:
            match tag:
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
