"""Headers, sizes, EDNS, and what is said to messages that are no good questions. Each test names the rule it holds to."""

from __future__ import annotations

import struct
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import pytest

from tests.dns.protocol.plane import Way

QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
OPT = struct.Struct("!BHHIH")


def header(number: int = 7, flags: int = 0, *counts: int) -> bytes:
    return struct.pack("!6H", number, flags, *(counts or (1, 0, 0, 0)))


QUESTION = b"\x01p\x04test\x00" + struct.pack("!HH", 1, 1)


def opt(size: int = 1232, *, rcode: int = 0, version: int = 0, flags: int = 0, data: bytes = b"") -> bytes:
    return OPT.pack(0, 41, size, rcode << 24 | version << 16 | flags, len(data)) + data


def flags_of(data: bytes) -> int:
    return int(struct.unpack_from("!H", data, 2)[0])


def rcode_of(data: bytes) -> int:
    return flags_of(data) & 0xF


@pytest.mark.parametrize("flags", [0, RD, CD, RD | CD])
def test_rfc1035_4_1_1_and_rfc4035_3_1_6_header(way: Way, flags: int) -> None:
    answer = way.exchange(header(0xBEEF, flags) + QUESTION)
    number, said, *counts = struct.unpack_from("!6H", answer)
    assert (number, said) == (0xBEEF, QR | AA | flags), "ID, RD and CD as asked; no RA, no AD, no Z"
    assert (counts, answer[12 : 12 + len(QUESTION)]) == ([1, 2, 0, 0], QUESTION)


def test_rfc4035_3_1_6_ad_is_not_copied(way: Way) -> None:
    assert not flags_of(way.exchange(header(1, RD | AD) + QUESTION)) & AD


@pytest.mark.parametrize("name", ["P.TEST", "p.TeSt", "Nothing.P.test", "eXample.COM", "SUB.p.teST"])
def test_dns_0x20_the_question_comes_back_byte_for_byte(way: Way, name: str) -> None:
    query = dns.message.make_query(name, "A").to_wire()
    for _ in range(2):
        assert way.exchange(query)[12 : len(query)] == query[12:]


@pytest.mark.parametrize("edns", [{}, {"use_edns": 0, "payload": 512}])
def test_rfc1035_2_3_4_an_answer_over_512_bytes_is_truncated(udp: Way, edns: dict[str, Any]) -> None:
    answer = udp.ask("mid.p.test", **edns)
    assert answer.flags & dns.flags.TC
    assert answer.answer == [], "RFC 2181 §9: a part of a set is no use"
    assert len(udp.exchange(dns.message.make_query("mid.p.test", "A", **edns).to_wire())) <= 512


def test_rfc6891_6_2_5_edns_allows_as_much_as_both_sides_allow(udp: Way) -> None:
    assert len(udp.ask("mid.p.test", use_edns=0, payload=1232).answer[0]) == 50
    for offered in (1232, 4096, 65535):
        query = dns.message.make_query("many.p.test", "A", use_edns=0, payload=offered).to_wire()
        answer = udp.exchange(query)
        assert flags_of(answer) & TC
        assert len(answer) <= 1232


def test_rfc6891_6_2_3_an_offer_below_512_counts_as_512(udp: Way) -> None:
    answer = udp.exchange(header(7, 0, 1, 0, 0, 1) + QUESTION + opt(size=0))
    assert not flags_of(answer) & TC
    assert struct.unpack_from("!H", answer, 6) == (2,)


def test_rfc7766_5_what_was_truncated_comes_whole_by_tcp(udp: Way) -> None:
    host, port = udp.address
    query = dns.message.make_query("fat.p.test", "TXT", use_edns=0, payload=1232)
    answer, by_tcp = dns.query.udp_with_fallback(query, host, port=port, timeout=30)
    assert (by_tcp, len(answer.answer[0])) == (True, 200)
    assert not answer.flags & dns.flags.TC


def test_rfc6891_6_1_1_opt_answers_opt_and_nothing_else_does(way: Way) -> None:
    for name in ("p.test", "nothing.p.test", "sub.p.test", "example.com", "mid.p.test"):
        assert way.ask(name).edns == -1
        answer = way.ask(name, use_edns=0, payload=512)
        assert (answer.edns, answer.payload, answer.ednsflags & 0xFFFF) == (0, 1232, 0)


def test_rfc3225_3_do_comes_back(way: Way) -> None:
    assert way.ask("p.test", want_dnssec=True).ednsflags & dns.flags.DO


def test_rfc6891_6_1_2_unknown_options_are_ignored(way: Way) -> None:
    written = {65001: b"xyz", 10: b"ABCDEFGH", 3: b""}
    options = [dns.edns.GenericOption(dns.edns.OptionType.make(code), data) for code, data in written.items()]
    answer = way.ask("p.test", use_edns=0, options=options)
    assert (answer.rcode(), len(answer.answer[0]), answer.options) == (0, 2, ())


def test_rfc6891_6_1_4_unknown_edns_flags_are_not_copied(way: Way) -> None:
    answer = way.exchange(header(7, 0, 1, 0, 0, 1) + QUESTION + opt(flags=0x7FFF))
    assert dns.message.from_wire(answer).ednsflags == 0
    assert struct.unpack_from("!H", answer, 6) == (2,)


@pytest.mark.parametrize("version", [1, 255])
def test_rfc6891_6_1_3_badvers(way: Way, version: int) -> None:
    answer = dns.message.from_wire(way.exchange(header(7, 0, 1, 0, 0, 1) + QUESTION + opt(version=version)))
    assert (answer.rcode(), answer.edns, answer.answer) == (dns.rcode.BADVERS, 0, [])


@pytest.mark.parametrize(
    ("counts", "body"),
    [
        ((1, 0, 0, 2), QUESTION + opt() + opt()),
        ((1, 0, 0, 1), QUESTION + b"\x01x" + opt()),
        ((1, 0, 0, 1), QUESTION + opt()[:-3]),
        ((1, 0, 0, 1), QUESTION + opt(data=b"abc")[:-1]),
        ((0, 0, 0, 0), b""),
        ((2, 0, 0, 0), QUESTION * 2),
        ((1, 0, 0, 0), QUESTION[:-1]),
        ((1, 0, 0, 0), QUESTION + b"x"),
        ((1, 0, 0, 0), b"\xc0\x0c" + QUESTION[-4:]),
        ((1, 0, 0, 0), b"\x41" + b"a" * 65 + QUESTION[-5:]),
        ((1, 0, 0, 0), (b"\x3f" + b"a" * 63) * 4 + QUESTION[-5:]),
        ((1, 0, 0, 9), QUESTION),
    ],
    ids=[
        "rfc6891_6_1_1_two_opts",
        "rfc6891_6_1_2_opt_below_the_root",
        "opt_cut_short",
        "options_cut_short",
        "rfc9619_no_question",
        "rfc9619_two_questions",
        "question_cut_short",
        "bytes_behind_the_end",
        "rfc1035_4_1_4_pointer_to_itself",
        "rfc1035_4_1_4_label_type",
        "rfc1035_2_3_4_name_over_255",
        "records_that_are_not_there",
    ],
)
def test_formerr_is_a_header_alone(way: Way, counts: tuple[int, ...], body: bytes) -> None:
    answer = way.exchange(header(0xABCD, RD, *counts) + body)
    assert (len(answer), answer[:2], rcode_of(answer)) == (12, b"\xab\xcd", dns.rcode.FORMERR)
    assert flags_of(answer) & QR


@pytest.mark.parametrize("opcode", [1, 2, 4, 5, 15])
def test_rfc1035_4_1_1_other_opcodes_are_not_implemented(way: Way, opcode: int) -> None:
    answer = way.exchange(header(7, opcode << 11) + QUESTION)
    assert (rcode_of(answer), flags_of(answer) >> 11 & 0xF) == (dns.rcode.NOTIMP, opcode)


@pytest.mark.parametrize("rdclass", ["CH", "HS", "ANY", "NONE"])
def test_rfc1035_3_2_4_other_classes_are_refused(way: Way, rdclass: str) -> None:
    assert way.ask("p.test", rdclass=rdclass).rcode() == dns.rcode.REFUSED


def test_rfc5452_9_1_what_is_no_query_gets_no_answer(way: Way) -> None:
    question = header() + QUESTION
    answer = way.exchange(question)
    responses = [answer, header(7, QR) + QUESTION, header(7, QR | 0x7800), way.exchange(header(7, 0, 0, 0, 0, 0))]
    assert way.is_silent_to(*responses, *(question[:length] for length in range(12)))
