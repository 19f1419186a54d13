"""An upstream's reply as an ``Answer``. What comes over the network may be anything, so it is read here without dnslib: see ``codec``.

Types that the codec can write from presentation form are read into it. The others are kept as the bytes of RFC 3597, with names inside of
them written out, because a compressed name means something else in another message (RFC 3597 §4 lists the types).
"""

from __future__ import annotations

import ipaddress
import struct

from chaoskit.dns import names, rrtypes
from chaoskit.dns.codec import HEADER, IN, OPT, QR, TC
from chaoskit.dns.message import Answer, Record

RCODES = (
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE",
)  # fmt: skip
"""RFC 6895 §2.3; the codec knows them all."""

SHAPES = {
    "NS": "n", "CNAME": "n", "PTR": "n", "MX": "2n", "SRV": "222n", "SOA": "nn44444",
    "MD": "n", "MF": "n", "MB": "n", "MG": "n", "MR": "n", "MINFO": "nn", "RP": "nn", "AFSDB": "2n", "RT": "2n", "PX": "2nn", "KX": "2n",
    "NAPTR": "22sssn", "DNAME": "n",
}  # fmt: skip
"""The data of types with names in it: a name, a number of 2 or 4 bytes, a character string."""

QUESTION_TYPES = range(128, 256)
"""RFC 6895 §3.1."""

PRESENTED = frozenset({"NS", "CNAME", "DNAME", "PTR", "MX", "SRV", "SOA"})


class ResponseMismatch(Exception):
    """Not the answer to our question: somebody else's, or forged. It is passed over (RFC 5452 §9.1)."""


class CaseChanged(ResponseMismatch):
    """The answer to our question but for the case of its letters, so it may be forged; over TCP it would be believed."""


def read_reply(data: bytes, number: int, question: bytes, *, exact: bool = True) -> tuple[Answer, bool]:
    """The answer, and whether it was truncated. ``exact``: the case of the question's letters must be ours (0x20).

    Raises ``ResponseMismatch``, and ``ValueError`` for one that is ours and cannot be read.
    """
    if len(data) < HEADER:
        raise ResponseMismatch
    found, flags, *counts = struct.unpack_from("!6H", data)
    echoed = data[HEADER : HEADER + len(question)]
    if found != number or not flags & QR or counts[0] != 1 or echoed.lower() != question.lower():
        raise ResponseMismatch
    if exact and echoed != question:
        raise CaseChanged
    try:
        reader = MessageReader(data, HEADER + len(question))
        records, authority, additional = (reader.section(count) for count in counts[1:])
    except (IndexError, struct.error) as error:
        raise ValueError("the reply is cut short") from error
    code = flags & 0xF | reader.extended_rcode << 4
    if code >= len(RCODES):
        raise ValueError(f"the reply has RCODE {code}")
    soa = next((record for record in authority if record.rtype == "SOA"), None)
    answer = Answer(RCODES[code], records, authority, additional, aa=False, ra=True, soa=soa)
    return answer, bool(flags & TC)


class MessageReader:
    """Reads names and records of a message that may be anything. Raises ``ValueError``, ``IndexError`` or ``struct.error``.

    ``at`` is where ``section`` begins to read.
    """

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        self.extended_rcode = 0

    def section(self, count: int) -> tuple[Record, ...]:
        """``count`` records; OPT and other classes are left out."""
        return tuple(record for _ in range(count) if (record := self._record()) is not None)

    def _record(self) -> Record | None:
        name, at = self.read_name(self._at)
        rtype, rclass, ttl, size = struct.unpack_from("!HHIH", self._data, at)
        start = at + 10
        self._at = start + size
        if self._at > len(self._data):
            raise ValueError("the reply is cut short")
        if rtype == OPT:
            self.extended_rcode = ttl >> 24
        if rtype == OPT or rclass != IN:
            return None
        if rtype == 0 or rtype in QUESTION_TYPES:
            raise ValueError(f"a record of type {rtype}, which is no type of data")
        shown = rrtypes.mnemonic(rtype)
        # RFC 2181 §8: a TTL with its first bit set is zero.
        return Record(names.text(name), shown, ttl if ttl < 1 << 31 else 0, self.read_data(shown, start, self._at))

    def read_data(self, rtype: str, start: int, end: int) -> str:
        """The data of a record of ``rtype`` that lies there, in presentation form."""
        raw = self._data[start:end]
        if rtype == "A" and len(raw) == 4:
            return str(ipaddress.IPv4Address(raw))
        if rtype == "AAAA" and len(raw) == 16:
            return str(ipaddress.IPv6Address(raw))
        if rtype == "TXT" and raw:
            return " ".join(map(_quoted, _strings(raw)))
        if rtype in SHAPES:
            parts, wire = self._shaped(SHAPES[rtype], start, end)
            if rtype in PRESENTED:
                return " ".join(parts)
            raw = wire
        return f"\\# {len(raw)} {raw.hex()}".rstrip()

    def _shaped(self, shape: str, at: int, end: int) -> tuple[list[str], bytes]:
        """The parts in presentation form, and all of it with its names written out."""
        parts: list[str] = []
        wire = b""
        for piece in shape:
            if piece == "n":
                name, after = self.read_name(at)
                parts.append(names.as_field(names.text(name)))
                wire += b"".join(bytes([len(label)]) + label for label in name) + b"\0"
            else:
                after = at + (1 + self._data[at] if piece == "s" else int(piece))
                parts.append(str(int.from_bytes(self._data[at:after], "big")))
                wire += self._data[at:after]
            at = after
        if at != end:
            raise ValueError("a record's data is longer or shorter than its type's")
        return parts, wire

    def read_name(self, at: int) -> tuple[tuple[bytes, ...], int]:
        """A name, perhaps compressed, and where what follows it begins. Each pointer must lead farther back than the one before."""
        labels: list[bytes] = []
        after, limit, size = 0, at, 1
        while length := self._data[at]:
            if length > 0xBF:
                target = (length & 0x3F) << 8 | self._data[at + 1]
                after = after or at + 2
                if target >= limit:
                    raise ValueError("a name that points forward, or to itself")
                at = limit = target
                continue
            if length > names.MAX_LABEL:
                raise ValueError("a label of an unknown kind")
            size += length + 1
            if size > names.MAX_NAME or at + 1 + length > len(self._data):
                raise ValueError("a name that is too long")
            labels.append(self._data[at + 1 : at + 1 + length])
            at += 1 + length
        return tuple(labels), after or at + 1


def _strings(raw: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(raw):
        end = at + 1 + raw[at]
        if end > len(raw):
            raise ValueError("a character string that is cut short")
        found.append(raw[at + 1 : end])
        at = end
    return found


def _quoted(string: bytes) -> str:
    return '"' + "".join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f"\\{c:03d}" for c in string) + '"'
