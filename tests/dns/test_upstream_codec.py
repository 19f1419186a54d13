"""Replies of upstreams: read as dnspython wrote them, written again by our codec with nothing lost, and never a crash."""

from __future__ import annotations

import struct
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.dns.codec import Request, read_request, write_answer
from chaoskit.dns.upstream_codec import CaseChanged, ResponseMismatch, read_reply
from tests.effort import examples

RRSETS = {
    "A": ["192.0.2.1", "192.0.2.2"],
    "AAAA": ["2001:db8::1"],
    "CNAME": ["api.example.com."],
    "NS": ["ns.example.com."],
    "PTR": ["www.example.com."],
    "MX": ["10 mail.example.com."],
    "SRV": ["1 2 443 api.example.com."],
    "SOA": ["ns.example.com. hostmaster.example.com. 1 2 3 4 5"],
    "TXT": ['"plain" "with \\"quotes\\"; \\\\ and \\200"'],
    "CAA": ['0 issue "ca.example.net"'],
    "NAPTR": ['10 20 "s" "SIP+D2U" "" _sip._udp.example.com.'],
    "RP": ["who.example.com. why.example.com."],
    "HTTPS": ["1 . alpn=h2"],
    "TYPE65400": ["\\# 3 010203"],
}


def ask(name: str = "WwW.example.com", rtype: str = "A", **more: Any) -> tuple[dns.message.Message, Request]:
    query = dns.message.make_query(name, rtype, **more)
    request = read_request(query.to_wire(), "tcp", "serve", "127.0.0.1", 1)
    assert isinstance(request, Request)
    return query, request


@pytest.mark.parametrize("rtype", RRSETS)
def test_every_type_comes_out_as_it_went_in(rtype: str) -> None:
    query, request = ask(rtype=rtype, use_edns=0)
    upstream = dns.message.make_response(query)
    upstream.answer.append(dns.rrset.from_text_list("www.example.com.", 300, "IN", rtype, RRSETS[rtype]))
    upstream.authority.append(dns.rrset.from_text("example.com.", 60, "IN", "NS", "ns.example.com."))
    upstream.additional.append(dns.rrset.from_text("ns.example.com.", 60, "IN", "A", "192.0.2.53"))
    answer, truncated = read_reply(upstream.to_wire(), query.id, request.question)
    assert not truncated
    ours = dns.message.from_wire(write_answer(request, answer))
    assert (ours.answer, ours.authority, ours.additional) == (upstream.answer, upstream.authority, upstream.additional)
    assert ours.flags & dns.flags.RA, "glibc passes over an empty answer that has neither AA nor RA (res_send.c)"
    assert not ours.flags & dns.flags.AA


def test_a_negative_reply_brings_its_soa() -> None:
    query, request = ask(use_edns=0)
    upstream = dns.message.make_response(query)
    upstream.set_rcode(dns.rcode.NXDOMAIN)
    upstream.authority.append(dns.rrset.from_text("example.com.", 60, "IN", "SOA", *RRSETS["SOA"]))
    answer, _ = read_reply(upstream.to_wire(), query.id, request.question)
    assert answer.rcode == "NXDOMAIN"
    assert answer.soa is not None
    assert (answer.soa.name, answer.soa.ttl, answer.records) == ("example.com", 60, ())


def test_whose_reply_it_is() -> None:
    query, request = ask()
    wire = dns.message.make_response(query).to_wire()
    read_reply(wire, query.id, request.question)
    for other in (wire[:5], query.to_wire(), wire.replace(b"WwW", b"XxX")):
        with pytest.raises(ResponseMismatch):
            read_reply(other, query.id, request.question)
    with pytest.raises(ResponseMismatch):
        read_reply(wire, query.id ^ 1, request.question)
    lower = wire.replace(b"WwW", b"www")
    with pytest.raises(CaseChanged):
        read_reply(lower, query.id, request.question)
    read_reply(lower, query.id, request.question, exact=False)


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        (b"\xc0\x21" + struct.pack("!HHIH", 1, 1, 5, 4) + bytes(4), "points forward"),
        (b"\x80\x00" + struct.pack("!HHIH", 1, 1, 5, 4) + bytes(4), "unknown kind"),
        (b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 5, 9) + bytes(4), "cut short"),
        (b"\xc0\x0c" + struct.pack("!HHIH", 15, 1, 5, 9) + bytes(9), "longer or shorter"),
        (b"\xc0\x0c" + struct.pack("!HHIH", 16, 1, 5, 2) + b"\x09a", "character string"),
        ((b"\x3f" + b"a" * 63) * 4 + b"\0" + struct.pack("!HHIH", 1, 1, 5, 4) + bytes(4), "too long"),
        (b"", "cut short"),
    ],
)
def test_what_cannot_be_read_is_said(tail: bytes, message: str) -> None:
    query, request = ask()
    wire = bytearray(dns.message.make_response(query).to_wire())
    wire[6:8] = b"\0\1"
    with pytest.raises(ValueError, match=message):
        read_reply(bytes(wire) + tail, query.id, request.question)


@settings(max_examples=examples(1000))
@given(st.sampled_from(list(RRSETS)), st.integers(0, 200), st.binary(min_size=1, max_size=4))
def test_damaged_bytes_give_a_writable_answer_or_an_error(rtype: str, place: int, damage: bytes) -> None:
    query, request = ask(rtype=rtype, use_edns=0)
    upstream = dns.message.make_response(query)
    upstream.answer.append(dns.rrset.from_text_list("www.example.com.", 300, "IN", rtype, RRSETS[rtype]))
    wire = bytearray(upstream.to_wire())
    wire[place : place + len(damage)] = damage
    try:
        answer, _ = read_reply(bytes(wire), query.id, request.question, exact=False)
    except (ResponseMismatch, ValueError):
        return
    assert write_answer(request, answer)
