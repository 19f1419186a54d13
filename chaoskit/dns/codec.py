"""The wire format, by dnslib: the only file that imports it.

A datagram becomes a ``Request``: the ``Query`` that faults see, and what only the answer's header needs. An ``Answer`` becomes bytes that
fit the asker. The question is sent back byte for byte, so that a resolver that hides bits in the case of the name ("0x20",
draft-vixie-dnsext-dns0x20) finds them again.

Answers are built by dnslib. Requests are read here, because anybody may send them: dnslib follows compression pointers without bound,
reads the records that a query need not have, and refuses labels that are no UTF-8.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Literal

from dnslib import (
    AAAA,
    CAA,
    CLASS,
    EDNS0,
    MX,
    QTYPE,
    RR,
    SOA,
    SRV,
    TXT,
    A,
    DNSHeader,
    DNSLabel,
    DNSQuestion,
    DNSRecord,
    EDNSOption,
)
from dnslib.dns import RD, RDMAP, DNSBuffer

from chaoskit.dns import names, presentation, rcodes, rrtypes
from chaoskit.dns.damage import spoil
from chaoskit.dns.message import NO_OVERRIDES, Answer, ExtendedError, Query, Record, WireOverrides

HEADER = 12
PLAIN_UDP_SIZE = 512  # RFC 1035 §2.3.4
SERVER_UDP_SIZE = 1232  # what we offer and send at most: fits every path unfragmented (DNS flag day 2020)
TCP_SIZE = 65535
MAX_DATAGRAM = 65507  # what IPv4 can carry (RFC 791 §3.1, RFC 768), and IPv6 as well
MAX_POINTER = 0x3FFF  # the farthest place that a compression pointer can name (RFC 1035 §4.1.4)

QR, OPCODE, AA, TC, RD_BIT, RA, CD = 0x8000, 0x7800, 0x0400, 0x0200, 0x0100, 0x0080, 0x0010
IN, OPT = 1, 41
EDE = 15  # RFC 8914 §2


class NotAnswerable(Exception):
    """Not a query at all (too short, or itself a response): silence is the only safe answer (RFC 5452 §9.1)."""


@dataclass(frozen=True, slots=True)
class Request:
    """A readable query and what its answer must repeat. ``size`` is the most bytes the asker takes."""

    query: Query
    id: int
    flags: int
    question: bytes
    size: int
    edns: bool
    dnssec_ok: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is said to a query that cannot be served as it stands: ``data`` are the bytes, ``rcode`` their meaning.

    ``name`` and ``rtype`` are those of the question, empty when it could not be read.
    """

    data: bytes
    rcode: str
    name: str = ""
    rtype: str = ""


def read_request(
    data: bytes, transport: Literal["udp", "tcp"], asker: str, client: str, ordinal: int
) -> Request | Refusal:
    """Parse one message. Raises ``NotAnswerable`` when even an error would be wrong to send."""
    if len(data) < HEADER:
        raise NotAnswerable
    number, flags, *counts = struct.unpack_from("!6H", data)
    if flags & QR:
        raise NotAnswerable
    if flags & OPCODE:
        return _refusal(number, flags, "NOTIMP")
    try:
        name, end = _read_question(data, counts[0])
        edns = _read_edns(data, end, counts[1] + counts[2], counts[3])
    except (ValueError, IndexError, struct.error):
        return _refusal(number, flags, "FORMERR")
    rtype, rclass = struct.unpack_from("!HH", data, end - 4)
    edns_size = max(PLAIN_UDP_SIZE, edns[0]) if edns else None
    query = Query(names.text(name), rrtypes.mnemonic(rtype), transport, asker, client, edns_size, ordinal)
    size = TCP_SIZE if transport == "tcp" else min(edns_size or PLAIN_UDP_SIZE, SERVER_UDP_SIZE)
    dnssec_ok = bool(edns and edns[1] & 0x8000)
    request = Request(query, number, flags & (RD_BIT | CD), data[HEADER:end], size, bool(edns), dnssec_ok)
    if edns and (edns[1] >> 16) & 0xFF:  # RFC 6891 §6.1.3
        rcode = "BADVERS"
    elif rclass != IN:
        rcode = "REFUSED"
    else:
        return request
    return Refusal(_build(request, rcode, aa=False), rcode, query.name, query.rtype)


def write_answer(request: Request, answer: Answer) -> bytes:
    """The bytes of ``answer``, within what the asker takes; with TC set and no records when they do not fit (RFC 2181 §9).

    Raises ``ValueError`` for records that have no wire form, and for an answer that no message can hold.
    """
    bend = answer.bend
    if bend is not NO_OVERRIDES:
        request, answer = _bent(request, bend), _without_edns(answer) if not bend.edns else answer
    sections = (answer.records, answer.authority, answer.additional)
    build = partial(_build, request, answer.rcode, aa=answer.aa, ra=answer.ra, error=answer.error)
    data = build(sections, truncated=bend.truncated)
    if len(data) > request.size and _can_lose_additional(answer) and not bend.whole:
        data = build((*sections[:2], ()), truncated=bend.truncated)
    if len(data) > request.size and not bend.whole:
        data = build(truncated=True)
    if len(data) > (most := TCP_SIZE if request.query.transport == "tcp" else MAX_DATAGRAM):
        raise ValueError(
            f"an answer of {len(data):,} bytes, and a message over {request.query.transport} holds {most:,}"
        )
    return spoil(data, bend.damage) if bend.damage else data


def _bent(request: Request, bend: WireOverrides) -> Request:
    """The request as a server took it that goes wrong in this way."""
    question = request.question
    if bend.question:
        name, rtype = bend.question
        # A type that was asked for goes back as it came: 0 has a name that no record could have.
        kind = request.question[-4:-2] if rtype == request.query.rtype else struct.pack("!H", rrtypes.number(rtype))
        question = names.wire(names.labels(name)) + kind + struct.pack("!H", IN)
    size = request.size if bend.edns or request.query.transport == "tcp" else PLAIN_UDP_SIZE
    return replace(request, id=request.id ^ bend.id_xor, question=question, size=size, edns=request.edns and bend.edns)


def _without_edns(answer: Answer) -> Answer:
    """A server that knows no EDNS has four bits for the RCODE."""
    return replace(answer, rcode=rcodes.mnemonic(rcodes.number(answer.rcode) & rcodes.WITHOUT_EDNS))


def _can_lose_additional(answer: Answer) -> bool:
    """Whether the loss of the additional records is no truncation: not if they are a referral's glue (RFC 9471 §3.1)."""
    return bool(answer.additional) and not any(record.rtype == "NS" for record in answer.authority)


def answer_count(data: bytes) -> int:
    """How many records the answer section of a message that we built holds: 0 when it was truncated."""
    return int.from_bytes(data[6:8], "big")


def check_record(record: Record) -> None:
    """Raise ``ValueError``, saying why, if ``record`` has no wire form."""
    try:
        _resource(record).pack(DNSBuffer())
    except Exception as error:
        # dnslib's readers of master-file text raise whatever they meet: IndexError, struct.error, its own kinds.
        raise ValueError(f"{record.data!r} is no valid data of a {record.rtype} record ({error})") from error


def data_bytes(record: Record) -> bytes:
    """The data of ``record`` as on the wire, alone. Raises ``ValueError`` for data that has no wire form."""
    _rdata(record.rtype, record.data).pack(buffer := DNSBuffer())
    return bytes(buffer.data)


def _read_question(data: bytes, count: int) -> tuple[tuple[bytes, ...], int]:
    """The name that is asked for, and where the question ends. A question's name has nothing before it that it could point to."""
    if count != 1:  # RFC 9619
        raise ValueError("not one question")
    labels = []
    at = HEADER
    while length := data[at]:
        if length > names.MAX_LABEL:
            raise ValueError("a pointer, or no label")
        labels.append(data[at + 1 : at + 1 + length])
        at += 1 + length
    name = tuple(labels)
    if names.wire_length(name) > names.MAX_NAME or at + 5 > len(data):
        raise ValueError("a name too long, or no type and class")
    return name, at + 5


def _read_edns(data: bytes, at: int, before: int, additional: int) -> tuple[int, int] | None:
    """Size and flags (the RR's class and TTL) of the OPT record among the ``additional`` records; None without.

    ``before`` records of other sections come first, where no OPT belongs (RFC 6891 §6.1.1).
    """
    found: list[tuple[int, int]] = []
    for number in range(before + additional):
        start = at
        while 0 < (length := data[at]) <= names.MAX_LABEL:
            at += 1 + length
        at += 2 if length else 1  # a pointer ends a name as the root does; it is not followed
        rtype, rclass, ttl, size = struct.unpack_from("!HHIH", data, at)
        at += 10 + size
        if rtype == OPT:
            if data[start] or number < before:
                raise ValueError("an OPT record belongs to the root, and into the additional section")
            _check_options(data[at - size : at])
            found.append((rclass, ttl))
    if at != len(data) or len(found) > 1:  # RFC 6891 §6.1.1
        raise ValueError("cut short, something behind the last record, or two OPT records")
    return found[0] if found else None


def _check_options(options: bytes) -> None:
    """Each is a code, a length and as many bytes (RFC 6891 §6.1.2)."""
    at = 0
    while at < len(options):
        _, length = struct.unpack_from("!HH", options, at)
        at += 4 + length
    if at != len(options):
        raise ValueError("an option is longer than the OPT record")


class _Buffer(DNSBuffer):  # type: ignore[misc]
    """A message begun with its header and question, whose name later names may point to."""

    def __init__(self, start: bytes) -> None:
        super().__init__(start)
        self.offset = len(start)
        at, places = HEADER, []
        while length := start[at]:
            places.append((at, start[at + 1 : at + 1 + length].lower()))
            at += 1 + length
        labels = [label for _, label in places]
        self.names = {tuple(labels[depth:]): place for depth, (place, _) in enumerate(places)}

    def encode_name(self, name: Any) -> None:
        """As dnslib's, but what lies too far into a long message is not pointed to."""
        super().encode_name(name)
        while self.names and next(reversed(self.names.values())) > MAX_POINTER:
            self.names.popitem()


def _build(
    request: Request,
    rcode: str,
    sections: tuple[Sequence[Record], ...] = ((), (), ()),
    *,
    aa: bool,
    ra: bool = False,
    truncated: bool = False,
    error: ExtendedError | None = None,
) -> bytes:
    number = rcodes.number(rcode)
    resources = [list(map(_resource, section)) for section in sections]
    if request.edns:
        flags = "do" if request.dnssec_ok else ""  # RFC 3225 §3
        options = [EDNSOption(EDE, struct.pack("!H", error.code) + error.text.encode())] if error else None
        resources[2].append(EDNS0(udp_len=SERVER_UDP_SIZE, flags=flags, ext_rcode=number >> 4, opts=options))
    elif number > rcodes.WITHOUT_EDNS:
        raise ValueError(f"{rcode} needs EDNS, which the asker did not offer")
    bits = QR | request.flags | AA * aa | RA * ra | TC * truncated | number & 0xF
    buffer = _Buffer(struct.pack("!6H", request.id, bits, 1, *map(len, resources)) + request.question)
    for part in resources:
        for resource in part:
            resource.pack(buffer)
    return bytes(buffer.data)


def _refusal(number: int, flags: int, rcode: str) -> Refusal:
    # The header alone: never larger than what was asked, so it cannot amplify.
    reply = QR | flags & (OPCODE | RD_BIT) | rcodes.number(rcode)
    return Refusal(struct.pack("!6H", number, reply, 0, 0, 0, 0), rcode)


def _resource(record: Record) -> Any:
    data = _rdata(record.rtype, record.data)
    return RR(_label(record.name), rrtypes.number(record.rtype), CLASS.IN, record.ttl, data)


@lru_cache(maxsize=4096)
def _rdata(rtype: str, data: str) -> Any:
    written = names.fields(data)
    if written[:1] == ["\\#"] and written[1:2] and written[1].isdigit():
        return RD(_unknown_data(written))
    match rtype, written:
        case "A", [address]:
            return A(tuple(ipaddress.IPv4Address(address).packed))
        case "AAAA", [address]:
            return AAAA(tuple(_ipv6(address)))
        case "CNAME" | "DNAME" | "NS" | "PTR", [target]:
            # A DNAME's target is never compressed (RFC 6672 §2.5).
            return RDMAP[rtype](_label(target)) if rtype != "DNAME" else RD(names.wire(names.labels(target)))
        case "MX", [preference, target]:
            return MX(_label(target), int(preference))
        case "SRV", [priority, weight, port, target]:
            return SRV(int(priority), int(weight), int(port), _label(target))
        case "SOA", [mname, rname, serial, refresh, retry, expire, minimum]:
            return SOA(_label(mname), _label(rname), tuple(map(int, (serial, refresh, retry, expire, minimum))))
        case "TXT", [_, *_]:
            return TXT([names.string(part) for part in written])
        case "CAA", [flags, tag, value]:
            return _caa(int(flags), tag, names.string(value))
        case "A" | "AAAA" | "CNAME" | "DNAME" | "NS" | "PTR" | "MX" | "SRV" | "SOA" | "TXT" | "CAA", _:
            raise ValueError(f"{len(written)} fields are too many or too few")
    return RD(presentation.octets(rtype, data))


def _ipv6(written: str) -> bytes:
    if "%" in written:
        raise ValueError(
            "a zone such as %eth0 means something on one machine only (RFC 4007 §11.2) and has no wire form"
        )
    return ipaddress.IPv6Address(written).packed


def _caa(flags: int, tag: str, value: bytes) -> Any:
    if not (tag.isascii() and tag.isalnum()):
        raise ValueError(f"the tag {tag!r} has other characters than letters and digits (RFC 8659 §4.1)")
    return CAA(flags, tag, value.decode())


def _unknown_data(written: list[str]) -> bytes:
    """``\\# 4 0A000001`` (RFC 3597 §5)."""
    _, length, *rest = written
    data = bytes.fromhex("".join(rest))
    if len(data) != int(length):
        raise ValueError(f"it has {len(data)} bytes, not {length}")
    return data


def name_of_octets(data: str) -> str:
    """The name, as a field, that is all of the data ``\\# LENGTH HEX``. Raises ``ValueError`` if it is none."""
    wire = _unknown_data(names.fields(data))
    labels, at = [], 0
    while at < len(wire) and (length := wire[at]):
        labels.append(wire[at + 1 : at + 1 + length])
        at += 1 + length
    name = tuple(labels)
    if names.wire(name) != wire or any(len(label) > names.MAX_LABEL for label in name) or len(wire) > names.MAX_NAME:
        raise ValueError(f"{data!r} is no name")
    return f"{names.text(name)}.".replace('"', '\\"') if name else "."


def _label(name: str) -> Any:
    return DNSLabel(names.labels(name))


@dataclass(frozen=True, slots=True)
class StubAnswer:
    """What a stub resolver reads of a response: ``addresses`` of the answer section, whatever names they hang on."""

    id: int
    rcode: str
    truncated: bool
    addresses: tuple[str, ...]


def encode_question(name: str, rtype: str, number: int) -> bytes:
    """A stub resolver's question."""
    record = DNSRecord(DNSHeader(id=number, rd=1), q=DNSQuestion(_label(name), rrtypes.number(rtype)))
    return bytes(record.pack())


def decode_answer(data: bytes) -> StubAnswer | None:
    """Read a response; None for what is none."""
    try:
        record = DNSRecord.parse(data)
    except Exception:  # noqa: BLE001 - dnslib raises whatever it meets in garbage; to a stub resolver that is no answer
        return None
    addresses = tuple(str(rr.rdata) for rr in record.rr if rr.rtype in (QTYPE.A, QTYPE.AAAA))
    rcode = rcodes.mnemonic(record.header.rcode)
    return StubAnswer(record.header.id, rcode, bool(record.header.tc), addresses)
