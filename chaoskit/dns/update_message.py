"""Dynamic update messages (RFC 2136 §2): bytes into values, without dnslib, since anybody may send them; and the answer's bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.dns import names, rcodes
from chaoskit.dns.codec import HEADER, IN, OPT, QR
from chaoskit.dns.message import Record
from chaoskit.dns.rrtypes import mnemonic
from chaoskit.dns.upstream_codec import MessageReader

OPCODE, UPDATE = 0x7800, 0x2800
NONE, ANY_CLASS = 254, 255
SOA, TSIG = 6, 250

RecordClass: TypeAlias = Literal["IN", "ANY", "NONE", "OTHER"]
_CLASSES: dict[int, RecordClass] = {IN: "IN", ANY_CLASS: "ANY", NONE: "NONE"}


class UpdateRefusal(Exception):
    """An update that is answered with ``rcode``; the message says why, for the journal."""

    def __init__(self, rcode: str, because: str) -> None:
        super().__init__(because)
        self.rcode = rcode
        self.because = because


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """A record of the prerequisite or update section. ``data`` is in presentation form, None where there is none (RDLENGTH 0)."""

    name: str
    rtype: str
    rclass: RecordClass
    ttl: int
    data: str | None

    @property
    def record(self) -> Record:
        """It as a record of a zone. Needs ``data``."""
        assert self.data is not None
        return Record(self.name, self.rtype, self.ttl, self.data)


@dataclass(frozen=True, slots=True)
class UpdateMessage:
    """A readable update. ``zone`` is the name in the zone section; ``header`` and ``zone_section`` go back as they came.

    ``signed_at`` is where the TSIG record begins, None if the message is not signed.
    """

    header: bytes
    zone_section: bytes
    zone: str
    zone_class: RecordClass
    prerequisites: tuple[UpdateRecord, ...]
    updates: tuple[UpdateRecord, ...]
    signed_at: int | None


def is_update(data: bytes) -> bool:
    """Whether a message is an update that somebody asks for."""
    return len(data) >= HEADER and data[2] & 0xF8 == UPDATE >> 8


_MAY_BE_EMPTY: tuple[tuple[RecordClass, ...], ...] = (("IN",), ("IN", "NONE"))
"""The classes in which a prerequisite, and an update, of a type that is not known may have no data."""


def read_update(data: bytes) -> UpdateMessage:
    """Read an update; what follows its last record is passed over, as in BIND. Raises ``UpdateRefusal`` (FORMERR) if it cannot be read."""
    try:
        return _read(data)
    except (ValueError, IndexError, struct.error) as error:
        raise UpdateRefusal("FORMERR", f"the message cannot be read ({error})") from error


def _read(data: bytes) -> UpdateMessage:
    zones, prerequisites, updates, additional = struct.unpack_from("!4H", data, 4)
    reader = MessageReader(data, HEADER)
    if zones != 1:
        raise UpdateRefusal("FORMERR", f"the zone section has {zones} zones, not one (RFC 2136 §3.1.1)")
    zone, at = reader.read_name(HEADER)
    rtype, rclass = struct.unpack_from("!HH", data, at)
    at += 4
    if rtype != SOA:
        raise UpdateRefusal("FORMERR", "the zone section is not of type SOA (RFC 2136 §3.1.1)")
    zone_section = data[HEADER:at]
    sections: list[list[UpdateRecord]] = [[], []]
    for section, count, empty in zip(sections, (prerequisites, updates), _MAY_BE_EMPTY, strict=True):
        for _ in range(count):
            record, at = _record(data, reader, at, empty)
            section.append(record)
    signed_at = None
    for number in range(additional):
        start = at
        at, kind = _skip(data, reader, at)
        if kind == TSIG:
            if number != additional - 1:
                raise UpdateRefusal("FORMERR", "a TSIG record that is not the last (RFC 8945 §5.2)")
            signed_at = start
    return UpdateMessage(
        data[:HEADER],
        zone_section,
        names.text(zone),
        _CLASSES.get(rclass, "OTHER"),
        tuple(sections[0]),
        tuple(sections[1]),
        signed_at,
    )


def _record(data: bytes, reader: MessageReader, at: int, empty: tuple[RecordClass, ...]) -> tuple[UpdateRecord, int]:
    """A record, and where it ends. In the classes ``empty`` RDLENGTH 0 is data of a type that is not known (RFC 3597 §5), as in BIND."""
    name, at = reader.read_name(at)
    rtype, rclass, ttl, size = struct.unpack_from("!HHIH", data, at)
    start, end = at + 10, at + 10 + size
    if end > len(data):
        raise ValueError("cut short")
    if rtype in (OPT, TSIG):
        raise ValueError(f"a record of type {rtype} outside the additional section")
    shown = mnemonic(rtype)
    kind = _CLASSES.get(rclass, "OTHER")
    has_data = size > 0 or (kind in empty and shown == f"TYPE{rtype}")
    text = reader.read_data(shown, start, end) if has_data else None
    return UpdateRecord(names.text(name), shown, kind, ttl, text), end


def _skip(data: bytes, reader: MessageReader, at: int) -> tuple[int, int]:
    """Where the record that begins ``at`` ends, and its type."""
    _, at = reader.read_name(at)
    rtype, _, _, size = struct.unpack_from("!HHIH", data, at)
    if at + 10 + size > len(data):
        raise ValueError("cut short")
    return at + 10 + size, rtype


def answer_update(data: bytes, rcode: str, zone_section: bytes = b"") -> bytes:
    """The answer to an update: its ID and opcode, the RCODE, and the zone section as it came, if it could be read (RFC 2136 §3.8)."""
    number, flags = struct.unpack_from("!HH", data)
    bits = QR | flags & OPCODE | rcodes.number(rcode)
    return struct.pack("!6H", number, bits, 1 if zone_section else 0, 0, 0, 0) + zone_section
