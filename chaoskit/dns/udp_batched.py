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
look-up and a copy of these into the table of pieces, behind the address of its slot; and no loop in Python but over the look-ups.

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
from typing import Any

from chaoskit.clock import Instant
from chaoskit.dns.channel import Datagram
from chaoskit.dns.codec import HEADER
from chaoskit.dns.templates import ID, Template, Templates
from chaoskit.dns.udp_plain import LONGEST, Answering
from chaoskit.journal.spool import PEER_V6

if sys.platform != "linux":
    raise ImportError("recvmmsg and sendmmsg are called as Linux has them")

BATCH = 128
ROUNDS = 4
"""Batches before the loop gets its turn, so that a flood on one socket cannot starve the others."""

SLOT = LONGEST + 64
"""Bytes from a slot to the next: no power of two, so that the beginnings of all slots fit into the processor's cache together."""

ARENA_CHUNK = 1 << 18


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
_recvmmsg, _sendmmsg = _libc.recvmmsg, _libc.sendmmsg
_recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
_sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)

_MESSAGE = ctypes.sizeof(Message)
_PIECE = ctypes.sizeof(Piece)
_WORD = ctypes.sizeof(ctypes.c_size_t)
_ANSWER = struct.Struct("@NPN")
"""Length of the first piece, address and length of the second."""
_POINTER = struct.Struct("@P")


class Arena:
    """Memory at addresses that stay: it only grows, and is freed as a whole with the last reference to the object."""

    def __init__(self) -> None:
        self._chunks: list[mmap.mmap] = []
        self._start = 0
        self._used = self._size = 0

    def add(self, data: bytes) -> int:
        """The address of a copy of ``data``."""
        if self._used + len(data) > self._size:
            self._size = max(ARENA_CHUNK, len(data))
            self._chunks.append(mmap.mmap(-1, self._size))
            self._start, self._used = _address(self._chunks[-1]), 0
        at = self._used
        self._chunks[-1][at : at + len(data)] = data
        self._used += len(data)
        return self._start + at


class BatchedUdp:
    """See ``udp_plain.UdpLoop``: the same bytes as ``PlainUdp``, with fewer system calls. ``label`` names who asks at this socket."""

    def __init__(self, server: Answering, udp: socket.socket, label: str) -> None:
        self._server = server
        self._udp = udp
        self._file = udp.fileno()
        self._label = label
        self._templates = Templates(label, "udp", server.log, self._place)
        self._arena = Arena()
        self._is_v4 = udp.family == socket.AF_INET
        self._lay_out(name_size=16 if self._is_v4 else PEER_V6)
        if _recvmmsg(self._file, self._received, 0, 0, None) < 0:
            raise _error("recvmmsg")

    def _lay_out(self, name_size: int) -> None:
        """Slots, askers' addresses (*names*), and the headers for both directions, which say where all that is."""
        self._slots = mmap.mmap(-1, BATCH * SLOT)
        self._names = mmap.mmap(-1, BATCH * name_size)
        self._table = mmap.mmap(-1, BATCH * 2 * _PIECE)
        slots, names, table = map(_address, (self._slots, self._names, self._table))
        self._room = (Piece * BATCH)()
        room = ctypes.addressof(self._room)
        incoming, outgoing = (Message * BATCH)(), (Message * BATCH)()
        for n in range(BATCH):
            self._room[n] = Piece(slots + n * SLOT, LONGEST)
            name, length = names + n * name_size, 16 if self._is_v4 else 28
            incoming[n].header = Header(name, length, room + n * _PIECE, 1)
            outgoing[n].header = Header(name, length, table + n * 2 * _PIECE, 2)
        self._headers = incoming, outgoing
        self._received, self._sent = map(ctypes.addressof, self._headers)
        self._sizes = memoryview(incoming).cast("B").cast("I")[Message.size.offset // 4 :: _MESSAGE // 4]
        self._peers = memoryview(self._names).cast("Q")[:: 2 if self._is_v4 else 1]
        self._peer_words = 1 if self._is_v4 else PEER_V6 // 8
        self._keys = [n * SLOT + ID for n in range(BATCH)]
        # The table of pieces before it is joined: the address of each slot, and room for what its template says.
        self._parts = [part for n in range(BATCH) for part in (_POINTER.pack(slots + n * SLOT), b"")]

    def read(self) -> None:
        try:
            for _ in range(ROUNDS):
                got = _recvmmsg(self._file, self._received, BATCH, socket.MSG_DONTWAIT, None)
                if got < 0:
                    if ctypes.get_errno() in (errno.EAGAIN, errno.EINTR):
                        return
                    raise _error("recvmmsg")
                self._answer(got)
                if got < BATCH:
                    break
            self._templates.prepare()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told: silence would look like a fault
            self._server.fail(error)

    def _answer(self, got: int) -> None:
        # The clock is read after the last of the batch has come, so nobody who asks after a change gets an answer from before it.
        server, templates = self._server, self._templates
        at = server.clock.now()
        if templates.begin(server.responder, at):
            self._arena = Arena()
        known, slots = templates.known.get, self._slots
        sizes = self._sizes[:got].tolist()
        found: list[Any] = [known(slots[key : key + size - ID]) for key, size in zip(self._keys, sizes, strict=False)]
        first = 0  # that is not sent yet
        for slot in () if all(found) else [slot for slot, template in enumerate(found) if template is None]:
            data = slots[slot * SLOT : slot * SLOT + sizes[slot]]
            template = templates.find(data, at, server.ordinals[self._label] + slot - first + 1)
            if template is not None:
                slots[slot * SLOT + ID : slot * SLOT + HEADER] = template.rest[: HEADER - ID]
                found[slot] = template.cased
            else:
                self._send(first, found[first:slot], at)
                self._receive(data, slot)
                first = slot + 1
        self._send(first, found[first:] if first else found, at)

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
        if address[1]:  # no answer could reach port 0
            self._server.receive(data, Datagram(self._label, address, self._udp))

    def _send(self, first: int, templates: list[Template], at: Instant) -> None:
        """Send, log and count the answers from these templates to the questions in the slots from ``first``."""
        end = first + len(templates)
        size = 2 * _PIECE
        parts = self._parts[2 * first : 2 * end]
        parts[1::2] = [template.pieces for template in templates]
        self._table[first * size : end * size] = b"".join(parts)
        while first < end:
            sent = _sendmmsg(self._file, self._sent + first * _MESSAGE, end - first, 0)
            if sent > 0:
                words = self._peers[first * self._peer_words : (first + sent) * self._peer_words]
                numbers = [template.number for template in templates[:sent]]
                self._server.ordinals[self._label] += sent
                self._server.log.batch(numbers, at, self._server.clock.now(), words.tobytes())
            elif self._asker(first)[1] == 0:  # no answer could reach port 0
                sent = 1
            elif ctypes.get_errno() == errno.EINTR:
                sent = 0
            else:
                raise _error("sendmmsg")
            first += sent
            templates = templates[sent:]

    def _asker(self, slot: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """The asker's address, as the socket module has it."""
        if self._is_v4:
            port, packed = struct.unpack_from("!2xH4s", self._names, slot * 16)
            return socket.inet_ntop(socket.AF_INET, packed), port
        port, flow, packed = struct.unpack_from("!2xHI16s", self._names, slot * PEER_V6)
        (scope,) = struct.unpack_from("=I", self._names, slot * PEER_V6 + 24)
        return socket.inet_ntop(socket.AF_INET6, packed), port, flow, scope


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _error(call: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}")
