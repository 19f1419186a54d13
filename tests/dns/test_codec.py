"""The codec against dnspython, which shares no code with it, and against what anybody may send."""

from __future__ import annotations

import contextlib
import struct

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.dns import names, rrtypes
from chaoskit.dns.codec import (
    NotAnswerable,
    Refusal,
    Request,
    answer_count,
    check_record,
    decode_answer,
    encode_question,
    read_request,
    write_answer,
)
from chaoskit.dns.message import Answer, Record
from chaoskit.dns.zone import Zones
from tests.effort import examples

OPT = b"\x00" + struct.pack("!HHIH", 41, 1400, 0, 0)


def wire(
    question: bytes = b"\x03api\x04test\x00\x00\x01\x00\x01", *, flags: int = 0x0100, more: bytes = b"", ar: int = 0
) -> bytes:
    return struct.pack("!6H", 7, flags, 1, 0, 0, ar) + question + more


def opt_in(section: str) -> bytes:
    """A question whose OPT record stands in the answer (``an``) or authority (``ns``) section."""
    counts = (1, 0, 0) if section == "an" else (0, 1, 0)
    return struct.pack("!6H", 7, 0x0100, 1, *counts) + wire()[12:] + OPT


def with_options(options: bytes) -> bytes:
    return wire(more=b"\x00" + struct.pack("!HHIH", 41, 1400, 0, len(options)) + options, ar=1)


def test_sound_options_are_passed_over() -> None:
    cookie = b"\x00\x0a\x00\x08" + bytes(8)
    assert request(with_options(cookie + b"\x00\x03\x00\x00")).query.edns_size == 1400


def read(data: bytes, transport: str = "udp") -> Request | Refusal:
    return read_request(data, transport, "cold", "127.0.0.1", 1)  # type: ignore[arg-type]


def request(data: bytes | None = None, transport: str = "udp") -> Request:
    found = read(wire() if data is None else data, transport)
    assert isinstance(found, Request)
    return found


def refusal(data: bytes) -> str:
    found = read(data)
    assert isinstance(found, Refusal)
    assert dns.message.from_wire(found.data).rcode().name == found.rcode
    return found.rcode


def test_a_question_is_read() -> None:
    query = request(wire(b"\x03aPi\x04tEST\x00\x00\x1c\x00\x01")).query
    assert (query.name, query.rtype, query.edns_size) == ("api.test", "AAAA", None)
    assert request(wire(b"\x00\xff\x78\x00\x01")).query.rtype == "TYPE65400"
    assert request(wire(b"\x00\x00\x06\x00\x01")).query.name == ""


def test_any_byte_may_stand_in_a_label() -> None:
    query = request(wire(b"\x03a.b\x02\xff \x00\x00\x01\x00\x01")).query
    assert query.name == "a\\046b.\\255\\032", "neither a dot inside a label nor bytes that are no UTF-8 confuse it"


@pytest.mark.parametrize(
    ("data", "rcode"),
    [
        (wire(b"\x03api"), "FORMERR"),
        (wire(b"\xc0\x0c\x00\x01\x00\x01"), "FORMERR"),
        (wire(b"\x40" + b"a" * 64 + b"\x00\x00\x01\x00\x01"), "FORMERR"),
        (wire(b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 3 + b"\x00\x00\x01\x00\x01"), "FORMERR"),
        (wire(more=b"x"), "FORMERR"),
        (wire(more=OPT * 2, ar=2), "FORMERR"),
        (wire(more=b"\x01a" + OPT, ar=1), "FORMERR"),
        (wire(more=OPT[:-1], ar=1), "FORMERR"),
        (opt_in("an"), "FORMERR"),
        (opt_in("ns"), "FORMERR"),
        (with_options(b"\x00"), "FORMERR"),
        (with_options(b"\x00\x0a\x00"), "FORMERR"),
        (with_options(b"\x00\x0a\x00\x09" + bytes(8)), "FORMERR"),
        (with_options(b"\x00\x0a\x00\x08" + bytes(8) + b"\x00\x03"), "FORMERR"),
        (struct.pack("!6H", 7, 0, 2, 0, 0, 0) + b"\x00\x00\x01\x00\x01" * 2, "FORMERR"),
        (struct.pack("!6H", 7, 0, 0, 0, 0, 0), "FORMERR"),
        (wire(flags=0x2800), "NOTIMP"),
        (wire(b"\x00\x00\x01\x00\x03"), "REFUSED"),
        (wire(more=b"\x00" + struct.pack("!HHIH", 41, 1400, 1 << 16, 0), ar=1), "BADVERS"),
    ],
)
def test_what_cannot_be_served(data: bytes, rcode: str) -> None:
    assert refusal(data) == rcode


@pytest.mark.parametrize("data", [b"", b"\x00" * 11, wire(flags=0x8000), wire(flags=0xA800)])
def test_what_must_not_be_answered(data: bytes) -> None:
    with pytest.raises(NotAnswerable):
        read(data)


def test_pointers_are_never_followed() -> None:
    """A chain of pointers through a whole TCP message costs dnslib its stack."""
    chain = b"\x00" + b"".join(struct.pack("!H", 0xC000 | (29 + 2 * n)) for n in range(3000))
    pointed = b"\x00" + struct.pack("!HHIH", 65400, 1, 0, len(chain)) + chain
    deep = b"\xff\xff" + struct.pack("!HHIH", 65400, 1, 0, 0)
    assert request(wire(b"\x00\x00\x01\x00\x01", more=pointed + deep, ar=2)).query.name == ""


@settings(max_examples=examples(300))
@given(st.binary(max_size=120), st.integers(0, 3), st.integers(0, 3))
def test_anything_behind_a_header_is_read_or_refused_in_short(rest: bytes, questions: int, additional: int) -> None:
    data = struct.pack("!6H", 7, 0x0100, questions, 0, 0, additional) + rest
    found = read(data)
    assert len(found.data) <= len(data) + 11 if isinstance(found, Refusal) else found.question in data


@given(st.lists(st.binary(min_size=1, max_size=63), max_size=4), st.integers(1, 65535))
def test_questions_as_dnspython_writes_them(labels: list[bytes], rtype: int) -> None:
    if rtype in (dns.rdatatype.OPT, dns.rdatatype.TSIG):
        return
    asked = dns.message.make_query(dns.name.Name([*labels, b""]), f"TYPE{rtype}")
    query = request(asked.to_wire()).query
    assert query.name == names.text(tuple(labels))
    assert rrtypes.canonical(f"TYPE{rtype}") == query.rtype


RECORDS = [
    ("A", "127.0.0.1"),
    ("AAAA", "2001:db8::1"),
    ("CNAME", "other.test."),
    ("NS", "ns.api.test."),
    ("PTR", "host.api.test."),
    ("SOA", "ns.api.test. host.api.test. 1 2 3 4 5"),
    ("MX", "10 mail.api.test."),
    ("TXT", '"v=1; a" "say \\"hi\\"" "\\255"'),
    ("SRV", "1 2 443 api.test."),
    ("CAA", '0 issue "ca.example; policy=x"'),
    ("TYPE65400", "\\# 3 010203"),
    ("TYPE65401", "\\# 0"),
    ("NAPTR", '100 10 "U" "E2U+sip" "!^.*$!sip:x!" .'),
    ("TLSA", "3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
]


@pytest.mark.parametrize(("rtype", "data"), RECORDS, ids=[rtype for rtype, _ in RECORDS])
def test_every_type_of_a_zone_is_read_alike_by_dnspython(rtype: str, data: str) -> None:
    record = Record("x.api.test", rtype, 5, data)
    check_record(record)
    (rrset,) = dns.message.from_wire(write_answer(request(), Answer(records=(record,)))).answer
    expected = dns.rdata.from_text("IN", rtype, data)
    assert (str(rrset.name), rrset.ttl, list(rrset)) == ("x.api.test.", 5, [expected])


@pytest.mark.parametrize(
    ("rtype", "data"),
    [
        ("A", "127.0.0"),
        ("A", "127.0.0.256"),
        ("A", "127.0.0.1 127.0.0.2"),
        ("AAAA", "127.0.0.1"),
        ("CNAME", ""),
        ("CNAME", "a..b"),
        ("MX", "mail"),
        ("MX", "70000 mail"),
        ("SRV", "1 2 x target"),
        ("SOA", "a b 1 2 3 4"),
        ("TXT", ""),
        ("TXT", "a" * 256),
        ("CAA", "300 issue x"),
        ("TYPE65400", "010203"),
        ("TYPE65400", "\\# 4 010203"),
        ("TYPE65400", "\\# x"),
        ("TLSA", "1"),
    ],
)
def test_data_without_a_wire_form_is_refused_by_name(rtype: str, data: str) -> None:
    with pytest.raises(ValueError, match=f"is no valid data of a {rtype} record"):
        check_record(Record("x.test", rtype, 5, data))


def test_the_question_returns_byte_for_byte_answers_point_to_it() -> None:
    asked = wire(b"\x03aPi\x04tEST\x00\x00\x01\x00\x01")
    data = write_answer(request(asked), Answer(records=(Record("api.test", "A", 5, "127.0.0.1"),)))
    assert data[12:26] == asked[12:26]
    assert len(data) == len(asked) + 16, "the owner is a pointer of two bytes"
    assert str(dns.message.from_wire(data).answer[0].name) == "aPi.tEST.", "so it comes in the asker's case"


def test_flags() -> None:
    answer = dns.message.from_wire(write_answer(request(wire(flags=0x0110)), Answer(aa=False)))
    assert answer.flags == dns.flags.QR | dns.flags.RD | dns.flags.CD
    assert dns.message.from_wire(write_answer(request(wire(flags=0)), Answer())).flags == dns.flags.QR | dns.flags.AA


def many(count: int) -> tuple[Record, ...]:
    return tuple(Record("api.test", "A", 5, f"127.0.{n // 250}.{n % 250}") for n in range(count))


@given(st.integers(0, 120), st.integers(0, 70000), st.booleans(), st.sampled_from(["udp", "tcp"]))
def test_never_more_than_the_asker_takes(count: int, size: int, edns: bool, transport: str) -> None:
    option = b"\x00" + struct.pack("!HHIH", 41, min(size, 65535), 0, 0)
    asked = request(wire(more=option, ar=1) if edns else wire(), transport)
    data = write_answer(asked, Answer(records=many(count), additional=many(1)))
    limit = 65535 if transport == "tcp" else min(max(512, size), 1232) if edns else 512
    assert len(data) <= limit
    answer = dns.message.from_wire(data)
    truncated = bool(answer.flags & dns.flags.TC)
    assert answer_count(data) == (0 if truncated else count)
    assert truncated == (12 + 14 + 16 * count + 11 * edns > limit), "only what cannot fit is truncated"
    assert (answer.edns == 0) == edns


def test_additional_records_go_first_and_are_no_truncation() -> None:
    answer = dns.message.from_wire(write_answer(request(), Answer(records=many(29), additional=many(9))))
    assert (len(answer.answer[0]), answer.additional, answer.flags & dns.flags.TC) == (29, [], 0)


def test_long_tcp_answers_point_no_farther_than_pointers_reach() -> None:
    far = tuple(
        Record(f"n{n // 2}.s{n // 2}.other.test", "A" if n % 2 else "AAAA", 5, "::1" if n % 2 == 0 else "127.0.0.1")
        for n in range(1800)
    )
    data = write_answer(request(transport="tcp"), Answer(records=far))
    assert len(data) > 0x4000
    answer = dns.message.from_wire(data)
    assert {str(rrset.name) for rrset in answer.answer} == {f"n{n}.s{n}.other.test." for n in range(900)}


def test_what_has_no_wire_form_fails_loudly() -> None:
    for answer in (
        Answer(rcode="NOPE"),
        Answer(rcode="BADVERS"),
        Answer(records=(Record("a..b", "A", 1, "127.0.0.1"),)),
    ):
        with pytest.raises(ValueError, match=r"RCODE|EDNS|label"):
            write_answer(request(), answer)


def test_a_stub_reads_what_we_write() -> None:
    asked = encode_question("Api.Test", "AAAA", 4711)
    records = (Record("api.test", "CNAME", 5, "b.test"), Record("b.test", "AAAA", 5, "::1"))
    answer = decode_answer(write_answer(request(asked), Answer(records=records)))
    assert answer is not None
    assert (answer.id, answer.rcode, answer.truncated, answer.addresses) == (4711, "NOERROR", False, ("::1",))
    truncated = decode_answer(write_answer(request(asked), Answer(records=many(99))))
    assert truncated is not None
    assert truncated.truncated


@given(st.binary(max_size=200))
def test_a_stub_takes_garbage_for_no_answer(data: bytes) -> None:
    with contextlib.suppress(AttributeError):
        assert decode_answer(data).addresses is not None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rtype", "data"),
    [
        ("CAA", "0 is-sue x"),
        ("CAA", "0 3\x08 x"),
        ("HTTPS", "30 \x01..b"),
        ("NAPTR", "1 1 u e r a..b"),
        ("AAAA", "fe80::1%eth0"),
        ("RP", "a..b c"),
    ],
)
def test_data_that_no_resolver_could_read_is_refused(rtype: str, data: str) -> None:
    with pytest.raises(ValueError, match="is no valid data"):
        check_record(Record("x.test", rtype, 5, data))


def test_an_asker_with_edns_is_told_that_no_zone_has_the_name() -> None:
    zones = Zones.from_plan([{"apex": "api.test", "records": []}])
    for edns in (False, True):
        asked = request(dns.message.make_query("other.test", "A", use_edns=edns).to_wire())
        answer = dns.message.from_wire(write_answer(asked, zones.answer(asked.query)))
        assert answer.rcode() == dns.rcode.REFUSED
        assert [option.code for option in answer.options] == ([20] if edns else []), "RFC 8914: Not Authoritative"
