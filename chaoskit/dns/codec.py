"""The wire format, by dnslib: the only file that imports it.

A datagram becomes a ``Request``: the ``Query`` that faults see, and what only the answer's header needs. An ``Answer`` becomes bytes that
fit the asker. The question is sent back byte for byte, so that a resolver that hides bits in the case of the name ("0x20",
draft-vixie-dnsext-dns0x20) finds them again.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Literal

from dnslib import CLASS, EDNS0, QTYPE, RCODE, RR, DNSError, DNSHeader, DNSLabel, DNSQuestion, DNSRecord
from dnslib.buffer import BufferError as ShortBufferError
from dnslib.dns import RD, RDMAP, DNSBuffer

from chaoskit.dns.message import Answer, Query, Record

HEADER = 12
PLAIN_UDP_SIZE = 512  # RFC 1035 §2.3.4
SERVER_UDP_SIZE = 1232  # what we offer and send at most: fits every path unfragmented (DNS flag day 2020)
TCP_SIZE = 65535

_MALFORMED = (DNSError, ShortBufferError, ValueError, struct.error, IndexError, UnicodeError)


class NotAnswerable(Exception):
    """Not a query at all (too short, or itself a response): silence is the only safe answer (RFC 5452 §9.1)."""


@dataclass(frozen=True, slots=True)
class Request:
    """A readable query and what its answer must repeat. ``size`` is the most bytes the asker takes."""

    query: Query
    id: int
    recursion_desired: bool
    question: bytes
    size: int
    edns: bool
    dnssec_ok: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is said to a query that cannot be served as it stands: ``data`` are the bytes, ``rcode`` their meaning."""

    data: bytes
    rcode: str


def read_request(
    data: bytes, transport: Literal["udp", "tcp"], asker: str, client: str, ordinal: int
) -> Request | Refusal:
    """Parse one message. Raises ``NotAnswerable`` when even an error would be wrong to send."""
    if len(data) < HEADER:
        raise NotAnswerable
    number, flags, questions = struct.unpack_from("!HHH", data)
    if flags & 0x8000:
        raise NotAnswerable
    if (flags >> 11) & 0xF:
        return _refusal(number, flags, "NOTIMP")
    if questions != 1:
        return _refusal(number, flags, "FORMERR")
    try:
        buffer = DNSBuffer(data)
        DNSHeader.parse(buffer)
        question = DNSQuestion.parse(buffer)
        end = buffer.offset
        additional = DNSRecord.parse(data).ar
    except _MALFORMED:
        return _refusal(number, flags, "FORMERR")
    options = [record for record in additional if record.rtype == QTYPE.OPT]
    if len(options) > 1:
        return _refusal(number, flags, "FORMERR")
    edns_size = max(PLAIN_UDP_SIZE, options[0].rclass) if options else None
    query = Query(_plain_name(question.qname), _mnemonic(question.qtype), transport, asker, client, edns_size, ordinal)
    size = TCP_SIZE if transport == "tcp" else min(edns_size or PLAIN_UDP_SIZE, SERVER_UDP_SIZE)
    dnssec_ok = bool(options and options[0].ttl & 0x8000)
    request = Request(query, number, bool(flags & 0x0100), data[HEADER:end], size, bool(options), dnssec_ok)
    if options and (options[0].ttl >> 16) & 0xFF:
        return Refusal(
            _build(request, 0, (), (), (), aa=False, extended=1), "BADVERS"
        )  # RFC 6891 §6.1.3: BADVERS is 16
    return request


def write_answer(request: Request, answer: Answer) -> bytes:
    """The bytes of ``answer``, within what the asker takes; with TC set and no records when they do not fit (RFC 2181 §9)."""
    rcode = _rcode(answer.rcode)
    parts = [answer.records, answer.authority, answer.additional]
    data = _build(request, rcode & 0xF, *parts, aa=answer.aa, extended=rcode >> 4)
    if len(data) > request.size and answer.additional:
        data = _build(request, rcode & 0xF, answer.records, answer.authority, (), aa=answer.aa, extended=rcode >> 4)
    if len(data) > request.size:
        data = _build(request, rcode & 0xF, (), (), (), aa=answer.aa, extended=rcode >> 4, truncated=True)
    return data


def check_record(record: Record) -> None:
    """Raise ``ValueError``, saying why, if ``record`` has no wire form."""
    try:
        _resource(record).pack(DNSBuffer())
    except _MALFORMED as error:
        raise ValueError(f"{record.data!r} is no valid data of a {record.rtype} record ({error})") from error


def known_type(rtype: str) -> bool:
    """Whether records of this type can be kept in a zone."""
    return rtype in RDMAP or _unknown_number(rtype) is not None


def _build(
    request: Request,
    rcode: int,
    records: tuple[Record, ...],
    authority: tuple[Record, ...],
    additional: tuple[Record, ...],
    *,
    aa: bool,
    extended: int = 0,
    truncated: bool = False,
) -> bytes:
    extra = [_resource(record) for record in additional]
    if request.edns:
        extra.append(EDNS0(udp_len=SERVER_UDP_SIZE, flags="do" if request.dnssec_ok else "", ext_rcode=extended))
    flags = 0x8000 | (aa << 10) | (truncated << 9) | (request.recursion_desired << 8) | rcode
    counts = (1, len(records), len(authority), len(extra))
    buffer = DNSBuffer(struct.pack("!HHHHHH", request.id, flags, *counts) + request.question)
    buffer.offset = len(buffer.data)
    for resource in (*map(_resource, records), *map(_resource, authority), *extra):
        resource.pack(buffer)
    return bytes(buffer.data)


def _refusal(number: int, flags: int, rcode: str) -> Refusal:
    # The header alone: never larger than what was asked, so it cannot amplify.
    reply = 0x8000 | (flags & 0x7900) | _rcode(rcode)
    return Refusal(struct.pack("!HHHHHH", number, reply, 0, 0, 0, 0), rcode)


def _resource(record: Record) -> Any:
    number = _unknown_number(record.rtype)
    if number is not None:
        return RR(DNSLabel(record.name), number, CLASS.IN, record.ttl, RD(_unknown_data(record.data)))
    rtype = getattr(QTYPE, record.rtype)
    data = RDMAP[record.rtype].fromZone(_words(record.data), DNSLabel("."))
    return RR(DNSLabel(record.name), rtype, CLASS.IN, record.ttl, data)


def _words(text: str) -> list[str]:
    """The fields of a record's data; quotes keep spaces (RFC 1035 §5.1)."""
    import shlex

    return shlex.split(text) if '"' in text else text.split()


def _unknown_number(rtype: str) -> int | None:
    """The number in ``TYPE65400`` (RFC 3597 §5), unless it has a mnemonic that we know."""
    digits = rtype.removeprefix("TYPE")
    return int(digits) if rtype != digits and digits.isdigit() and int(digits) < 65536 else None


def _unknown_data(text: str) -> bytes:
    """``\\# 4 0A000001`` (RFC 3597 §5)."""
    mark, length, *rest = text.split()
    data = bytes.fromhex("".join(rest))
    if mark != "\\#" or len(data) != int(length):
        raise ValueError("write unknown data as \\# LENGTH HEX")
    return data


def _mnemonic(rtype: int) -> str:
    name = QTYPE.forward.get(rtype)
    return str(name) if name else f"TYPE{rtype}"


def _rcode(name: str) -> int:
    if name == "BADVERS":
        return 16
    return int(getattr(RCODE, name))


def _plain_name(label: Any) -> str:
    return str(label).rstrip(".").lower()


@dataclass(frozen=True, slots=True)
class StubAnswer:
    """What a stub resolver reads of a response: ``addresses`` of the answer section, whatever names they hang on."""

    id: int
    rcode: str
    truncated: bool
    addresses: tuple[str, ...]


def encode_question(name: str, rtype: str, number: int) -> bytes:
    """A stub resolver's question."""
    record = DNSRecord(DNSHeader(id=number, rd=1), q=DNSQuestion(DNSLabel(name), getattr(QTYPE, rtype)))
    return bytes(record.pack())


def decode_answer(data: bytes) -> StubAnswer | None:
    """Read a response; None for what is none."""
    try:
        record = DNSRecord.parse(data)
    except _MALFORMED:
        return None
    addresses = tuple(str(rr.rdata) for rr in record.rr if rr.rtype in (QTYPE.A, QTYPE.AAAA))
    rcode = RCODE.forward.get(record.header.rcode, str(record.header.rcode))
    return StubAnswer(record.header.id, str(rcode), bool(record.header.tc), addresses)
