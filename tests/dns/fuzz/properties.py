"""What must hold of any bytes that anybody sends, for hypothesis and atheris alike."""

from __future__ import annotations

from functools import cache
from typing import Literal

import dns.exception
import dns.message

from chaoskit.dns import names
from chaoskit.dns.codec import (
    PLAIN_UDP_SIZE,
    SERVER_UDP_SIZE,
    TCP_SIZE,
    NotAnswerable,
    Refusal,
    Request,
    check_record,
    decode_answer,
    read_request,
    write_answer,
)
from chaoskit.dns.message import Record
from chaoskit.dns.zone import Zones
from tests.dns.protocol.zones import ZONES

Transport = Literal["udp", "tcp"]


@cache
def zones() -> Zones:
    """Those of the protocol suite: one name for each rule."""
    return Zones.from_plan(ZONES)


def answer_of(data: bytes, transport: Transport, of: Zones) -> bytes | None:
    """The honest answer as the general path makes it; None for silence."""
    try:
        request = read_request(data, transport, "fuzz", "127.0.0.1", 1)
    except NotAnswerable:
        return None
    return request.data if isinstance(request, Refusal) else write_answer(request, of.answer(request.query))


def check_message(data: bytes, transport: Transport, of: Zones | None = None) -> None:
    """Nothing but ``NotAnswerable`` is raised, nothing is too large, nothing that we say would be answered in turn."""
    decode_answer(data)
    try:
        request = read_request(data, transport, "fuzz", "127.0.0.1", 1)
    except NotAnswerable:
        assert len(data) < 12 or data[2] & 0x80
        return
    answer = answer_of(data, transport, of or zones())
    assert answer is not None
    assert answer[:2] == data[:2]
    assert answer_of(answer, transport, of or zones()) is None, "two servers would talk to each other for ever"
    if isinstance(request, Refusal):
        assert len(answer) <= len(data), "an error larger than what was asked"
        return
    assert len(answer) <= size_of(request)
    assert answer[12 : 12 + len(request.question)] == request.question == data[12 : 12 + len(request.question)]
    read = dns.message.from_wire(answer)
    assert bool(read.edns >= 0) == request.edns
    _check_reading(data, request)


def size_of(request: Request) -> int:
    """The most bytes that its asker takes."""
    if request.query.transport == "tcp":
        return TCP_SIZE
    return min(max(request.query.edns_size or 0, PLAIN_UDP_SIZE), SERVER_UDP_SIZE)


def _check_reading(data: bytes, request: Request) -> None:
    """dnspython reads the same question, or finds fault with something else in the message."""
    try:
        read = dns.message.from_wire(data)
    except (dns.exception.DNSException, ValueError, NotImplementedError):
        return
    (question,) = read.question
    assert names.text(question.name.labels[:-1]) == request.query.name
    if read.edns >= 0:
        assert request.query.edns_size == max(read.payload, PLAIN_UDP_SIZE)
        assert request.dnssec_ok == bool(read.ednsflags & 0x8000)


def check_name(written: str) -> None:
    """A name is refused with ``ValueError``, or has one text, which names it."""
    try:
        labels = names.labels(written)
    except ValueError:
        return
    text = names.text(labels)
    assert names.canonical(text) == text
    assert names.labels(text) == tuple(label.lower() for label in labels)
    assert len(names.wire(labels)) == names.wire_length(labels) <= names.MAX_NAME


def check_data(rtype: str, written: str) -> None:
    """Data is refused with ``ValueError``, or has a wire form that dnspython can read."""
    record = Record("x.test", rtype, 5, written)
    try:
        check_record(record)
    except ValueError:
        return
    plan = {"apex": "x.test", "records": [{"name": "x.test", "rtype": rtype, "ttl": 5, "data": written}]}
    try:
        found = Zones.from_plan([plan])
    except ValueError:
        return
    query = dns.message.make_query("x.test", rtype, id=1)
    answer = answer_of(query.to_wire(), "tcp", found)
    assert answer is not None
    try:
        dns.message.from_wire(answer)
    except (dns.exception.DNSException, ValueError) as error:
        # Data in hexadecimal is the writer's own business (RFC 3597 §5), and of DS dnspython judges the digest, not the form.
        if not written.lstrip().startswith("\\#") and rtype != "DS":
            raise AssertionError(f"dnspython cannot read {rtype} {written!r}: {error!r}") from error
