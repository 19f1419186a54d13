"""UDP on Linux, a batch at a time: ``recvmmsg(2)`` and ``sendmmsg(2)`` through ctypes, and answers that the kernel gathers itself.

What happens to a question that has a template: the kernel has put it into a *slot*. Its answer is two pieces of memory (an ``iovec``
each), and the kernel joins them as it sends:

=====================  ============================  ============================================
the question came      first piece, in the slot      second piece, in the arena
=====================  ============================  ============================================
in lower case          the asker's ID                the rest of the template
in any other case      ID, header (written over the  what follows the question in the template
                       asker's), question as asked
=====================  ============================  ============================================

So a template carries 24 bytes ready-made: length of the first piece, address and length of the second. An answer costs a dictionary
look-up and a copy of these into the table of pieces, behind the address of its slot. For questions that were asked before in the same case,
hardly a line of Python runs for each.

Answers of one size to one asker are *joined*: given to the kernel as one message, which it cuts into datagrams where they arrive
(``UDP_SEGMENT``, udp(7)), so that their way through the network stack is walked once. They may leave in another order than their
questions came in; UDP promises none.

**The kernel reads template memory by address**, so that memory must not be freed or moved while a piece may name it. It is in an
``Arena``, which only grows, lives as long as its generation, and is let go at the head of a batch, when nothing is being sent.

Importing this raises ``ImportError`` or ``AttributeError``, and making a ``BatchedUdp`` raises ``OSError``, where the platform lacks it.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import struct
import sys
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import compress
from operator import itemgetter, ne, not_
from typing import Any, TypeAlias

from chaoskit.clock import Instant
from chaoskit.dns.arena import Arena, address_of
from chaoskit.dns.channel import Datagram
from chaoskit.dns.codec import HEADER
from chaoskit.dns.templates import ID, Template, Templates
from chaoskit.dns.udp_plain import LONGEST, Answering
from chaoskit.journal.spool import PEER_V6

if sys.platform != "linux":
    raise ImportError("recvmmsg and sendmmsg are called as Linux has them")

BATCH = 128
ROUNDS = 8
"""Batches before the loop gets its turn, so that a flood on one socket cannot starve the others."""

SLOT = 96
"""Bytes of a slot. Slots lie side by side, so that one call cuts all questions out of them. What is longer, which few questions are, goes
on in an *overflow* and is answered on the general path."""

OVERFLOW = LONGEST - SLOT

UDP_SEGMENT = 103  # linux/udp.h
JOINED_MAX = 64
"""Answers in one message: what every Linux takes that can join (``UDP_MAX_SEGMENTS``)."""

JOINED_BYTES = 60_000
"""In one message, whose datagram would be that long if it were not cut: IPv4 ends at 65,507."""

JOINED_LONGEST = 1232
"""Longer answers are sent alone: a joined one must fit into a packet, and no path has to carry more (RFC 8200, section 5)."""

CANNOT_CUT = (errno.EIO, errno.EMSGSIZE, errno.EINVAL)
"""Why a joined message is refused for good: a device without checksums, short packets, another option (``udp_send_skb`` in Linux)."""

WORTH_JOINING = 8
"""Answers waiting: to sort fewer takes longer than it saves."""


class Piece(ctypes.Structure):
    """``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Header(ctypes.Structure):
    """``struct msghdr``."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("pieces", ctypes.c_void_p),
        ("piece_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class Message(ctypes.Structure):
    """``struct mmsghdr``; ``size`` is that of a message received."""

    _fields_ = (("header", Header), ("size", ctypes.c_uint))


_libc = ctypes.CDLL(None, use_errno=True)
recvmmsg, sendmmsg = _libc.recvmmsg, _libc.sendmmsg
recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)

_MESSAGE = ctypes.sizeof(Message)
_PIECE = ctypes.sizeof(Piece)
_ANSWER = struct.Struct("@NPN")
"""Length of the first piece, address and length of the second."""
_POINTER = struct.Struct("@P")
_HEADER = struct.Struct("@PIPNPNi")
"""``struct msghdr``."""

_SEGMENT = struct.Struct("@NiiH6x")
"""``struct cmsghdr``, and the size of the datagrams to cut."""

_Row: TypeAlias = tuple[int, int, bytes, int]
"""What answers a question: the question's size, its template's number, the template's pieces, and the answer's size."""

_ALL = range(BATCH)
_ZEROS = bytes(BATCH * SLOT)


@lru_cache(maxsize=BATCH)
def _fields(count: int) -> struct.Struct:
    """Cuts the questions out of that many slots: without the ID, and with the zeros after them."""
    return struct.Struct("=" + f"{ID}x{SLOT - ID}s" * count)


class BatchedUdp:
    """See ``udp_plain.UdpLoop``: the same bytes as ``PlainUdp``, with fewer system calls. ``label`` names who asks at this socket."""

    def __init__(self, server: Answering, udp: socket.socket, label: str) -> None:
        self._server = server
        self._udp = udp
        self._file = udp.fileno()
        self._label = label
        self._templates = Templates(label, "udp", server.log, self._place)
        self._arena = Arena()
        # What has been found in ``known`` (of which templates, it says), by its field: a question's field is cut out more quickly than the
        # question. Two questions can share a field only where one ends in zeros, so the size is compared too.
        self._known = self._coming_known = self._templates.known
        self._rows: dict[bytes, _Row] = {}
        self._coming_rows: dict[bytes, _Row] = {}
        # Questions by slot whose header is written over.
        self._asked: dict[int, bytes] = {}
        self._is_v4 = udp.family == socket.AF_INET
        self._name_size, self._name_length = (16, 16) if self._is_v4 else (PEER_V6, 28)
        self._lay_out(self._name_size)
        self.joins = _can_join(udp)
        self._controls: dict[int, int] = {}
        self._control_arena = Arena()
        if recvmmsg(self._file, self._received, 0, 0, None) < 0 or sendmmsg(self._file, self._sent, 0, 0) < 0:
            raise _error("recvmmsg or sendmmsg")

    def _lay_out(self, name_size: int) -> None:
        """Slots, askers' addresses (*names*), and the headers for both directions, which say where all that is."""
        self._slots = mmap.mmap(-1, BATCH * SLOT)
        self._overflows = mmap.mmap(-1, BATCH * OVERFLOW)
        self._names = mmap.mmap(-1, BATCH * name_size)
        self._table = mmap.mmap(-1, BATCH * 2 * _PIECE)
        slots, overflows, names, table = map(address_of, (self._slots, self._overflows, self._names, self._table))
        self._room = (Piece * (2 * BATCH))()
        room = ctypes.addressof(self._room)
        incoming, outgoing = (Message * BATCH)(), (Message * BATCH)()
        for n in range(BATCH):
            self._room[2 * n] = Piece(slots + n * SLOT, SLOT)
            self._room[2 * n + 1] = Piece(overflows + n * OVERFLOW, OVERFLOW)
            name = names + n * name_size
            incoming[n].header = Header(name, self._name_length, room + n * 2 * _PIECE, 2)
            outgoing[n].header = Header(name, self._name_length, table + n * 2 * _PIECE, 2)
        self._joined = mmap.mmap(-1, BATCH * _MESSAGE)
        self._headers = incoming, outgoing
        self._received, self._sent = map(ctypes.addressof, self._headers)
        self._names_at, self._table_at, self._joined_at = names, table, address_of(self._joined)
        self._ports = memoryview(self._names).cast("H")[1 :: name_size // 2]
        self._sizes = memoryview(incoming).cast("B").cast("I")[Message.size.offset // 4 :: _MESSAGE // 4]
        self._slot_addresses = [_POINTER.pack(slots + n * SLOT) for n in range(BATCH)]

    def read(self) -> None:
        try:
            for _ in range(ROUNDS):
                got = recvmmsg(self._file, self._received, BATCH, socket.MSG_DONTWAIT, None)
                if got < 0:
                    if ctypes.get_errno() in (errno.EAGAIN, errno.EINTR):
                        break
                    raise _error("recvmmsg")
                self._answer(got)
            if ready := self._templates.prepare():
                self._prepare(*ready)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told: silence would look like a fault
            self._server.fail(error)

    def _answer(self, got: int) -> None:
        # The clock is read after the last of the batch has come, so nobody who asks after a change gets an answer from before it.
        server, templates = self._server, self._templates
        at = server.clock.now()
        if templates.begin(server.responder, at):
            self._arena = Arena()
        if templates.known is not self._known:
            self._known = templates.known
            self._rows = self._coming_rows if self._known is self._coming_known else {}
        fields = _fields(got).unpack_from(self._slots)
        rows: list[Any] = list(map(self._rows.get, fields))
        sizes = self._sizes[:got].tolist()
        for slot in compress(_ALL, map(not_, self._ports[:got].tolist())):
            sizes[slot] = 0  # no answer could reach port 0, so it asks nothing
        found = [row and row[0] for row in rows]
        first = 0  # that is not sent yet
        for slot in compress(_ALL, map(ne, found, sizes)) if found != sizes else ():
            rows[slot] = self.row(slot, fields[slot], sizes[slot], at, slot - first + 1)
            if rows[slot] is None:
                self._send(first, rows[first:slot], at)
                self._receive(self._message(slot, sizes[slot]), slot)
                first = slot + 1
        self._send(first, rows[first:] if first else rows, at)
        self._asked.clear()
        # A field is a question and zeros, whatever was in the slot before.
        self._slots[: got * SLOT] = _ZEROS[: got * SLOT]

    def row(self, slot: int, field: bytes, size: int, at: Instant, nth: int) -> _Row | None:
        """What answers the question in ``slot``, the ``nth`` of those not sent yet; None: the general path must."""
        if size > SLOT:
            return None
        data = self._message(slot, size)
        template = self._known.get(data[ID:])
        if template is not None:
            self._rows[field] = row = _row_of(template, size)
            return row
        template = self._templates.find(data, at, self._server.ordinals[self._label] + nth)
        if template is None:
            return None
        assert template.cased is not None
        self._asked[slot] = data
        self._slots[slot * SLOT + ID : slot * SLOT + HEADER] = template.rest[: HEADER - ID]
        return _row_of(template.cased, size)

    def _prepare(self, known: dict[bytes, Template], key: bytes) -> None:
        """Make the row of a question ready, with which it will be answered when ``known`` holds."""
        if known is not self._coming_known:
            self._coming_known, self._coming_rows = known, {}
        template, field = known.get(key), key.ljust(SLOT - ID, b"\0")
        if template is not None and len(field) == SLOT - ID:
            self._coming_rows[field] = _row_of(template, ID + len(key))

    def _message(self, slot: int, size: int) -> bytes:
        rest = self._overflows[slot * OVERFLOW : slot * OVERFLOW + max(0, size - SLOT)]
        return self._slots[slot * SLOT : slot * SLOT + min(size, SLOT)] + rest

    def _place(self, template: Template) -> None:
        """Put a new template into the arena."""
        end = template.question_end
        address, length = self._arena.add(template.rest), len(template.rest)
        template.pieces = _ANSWER.pack(ID, address, length)
        cased = _ANSWER.pack(end, address + end - ID, length + ID - end)
        template.cased = Template(template.number, template.rest, end, cased)

    def _receive(self, data: bytes, slot: int) -> None:
        """Let the general path answer what has no template."""
        address = self._asker(slot)
        if address[1]:
            self._server.receive(data, Datagram(self._label, address, self._udp))

    def _send(self, first: int, rows: Sequence[Any], at: Instant) -> None:
        """Send, log and count the answers of these rows to the questions in the slots from ``first``."""
        count = len(rows)
        names = self._names[first * self._name_size : (first + count) * self._name_size]
        slots = self._slot_addresses[first : first + count]
        if self.joins and count >= WORTH_JOINING and names == names[: self._name_size] * count:
            self._send_joined(first, slots, names, rows, at)
        elif count:
            _, numbers, pieces, _ = zip(*rows, strict=True)
            self._gather(first, slots, pieces)
            done = self._transmit(self._sent + first * _MESSAGE, range(1, count + 1), numbers, names, at)
            if done < count:  # it cannot be sent: the general path finds that out too, and tells
                refused = first + done
                self._receive(self._asked.get(refused) or self._message(refused, rows[done][0]), refused)
                self._send(refused + 1, rows[done + 1 :], at)

    def _send_joined(self, first: int, slots: Sequence[bytes], names: bytes, rows: Sequence[Any], at: Instant) -> None:
        """The same for answers to one asker, as few messages: those of one size together."""
        sizes = list(map(itemgetter(3), rows))
        order = sorted(range(len(rows)), key=sizes.__getitem__)
        pick = itemgetter(*order)
        _, numbers, pieces, sizes[:] = zip(*pick(rows), strict=True)
        self._gather(0, pick(slots), pieces)
        ends = self._address_joined(self._names_at + first * self._name_size, sizes)
        done = self._transmit(self._joined_at, ends, numbers, names, at)
        if done < len(rows):  # what is left goes out alone, and so does what comes after where it cannot be cut
            self.joins = ctypes.get_errno() not in CANNOT_CUT
            for n in order[done:]:
                self._send(first + n, [rows[n]], at)

    def _gather(self, first: int, slots: Sequence[bytes], pieces: Sequence[bytes]) -> None:
        """Write both pieces of these answers into the table from place ``first``."""
        parts = [b""] * (2 * len(slots))
        parts[::2], parts[1::2] = slots, pieces
        self._table[2 * first * _PIECE : 2 * (first + len(slots)) * _PIECE] = b"".join(parts)

    def _address_joined(self, name: int, sizes: Sequence[int]) -> list[int]:
        """Write a header for each message to ``name``, of the answers at the head of the table, which have these sizes, in rising order.

        Returns where the answers of each message end.
        """
        ends: list[int] = []
        end = 0
        while end < len(sizes):
            begin, size = end, sizes[end]
            most = min(JOINED_MAX, JOINED_BYTES // size) if size <= JOINED_LONGEST else 1
            end = min(bisect_right(sizes, size), begin + most)
            control = (self._cut_into(size), _SEGMENT.size) if end - begin > 1 else (0, 0)
            pieces = self._table_at + 2 * begin * _PIECE, 2 * (end - begin)
            _HEADER.pack_into(self._joined, len(ends) * _MESSAGE, name, self._name_length, *pieces, *control, 0)
            ends.append(end)
        return ends

    def _cut_into(self, size: int) -> int:
        """The address of the control message that asks for datagrams of ``size`` bytes."""
        if size not in self._controls:
            wanted = _SEGMENT.pack(_SEGMENT.size - 6, socket.IPPROTO_UDP, UDP_SEGMENT, size)
            self._controls[size] = self._control_arena.add(wanted)
        return self._controls[size]

    def _transmit(self, messages: int, ends: Sequence[int], numbers: Sequence[int], names: bytes, at: Instant) -> int:
        """Give the kernel these messages; log and count their answers. Returns how many are done with when it refuses a message.

        The answers of each message end at its place in ``ends``; ``names`` are all their askers.
        """
        size = self._name_size
        message = done = 0
        while message < len(ends):
            sent = sendmmsg(self._file, messages + message * _MESSAGE, len(ends) - message, 0)
            if sent > 0:
                end = ends[message + sent - 1]
                self._server.ordinals[self._label] += end - done
                peers = self._peers(names[done * size : end * size])
                self._server.log.batch(numbers[done:end], at, self._server.clock.now(), peers)
            elif ctypes.get_errno() == errno.EINTR:
                continue
            else:
                break
            message, done = message + sent, end
        return done

    def _peers(self, names: bytes) -> bytes:
        """These askers, as the log packs them."""
        return memoryview(names).cast("Q")[::2].tobytes() if self._is_v4 else names

    def _asker(self, slot: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """The asker's address, as the socket module has it."""
        if self._is_v4:
            port, packed = struct.unpack_from("!2xH4s", self._names, slot * 16)
            return socket.inet_ntop(socket.AF_INET, packed), port
        port, flow, packed = struct.unpack_from("!2xHI16s", self._names, slot * PEER_V6)
        (scope,) = struct.unpack_from("=I", self._names, slot * PEER_V6 + 24)
        return socket.inet_ntop(socket.AF_INET6, packed), port, flow, scope


def _row_of(template: Template, size: int) -> _Row:
    return size, template.number, template.pieces, ID + len(template.rest)


def _can_join(udp: socket.socket) -> bool:
    """Whether this kernel can: the option itself, of 0 bytes, changes nothing."""
    try:
        udp.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 0)
    except OSError:
        return False
    return True


def _error(call: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}")
