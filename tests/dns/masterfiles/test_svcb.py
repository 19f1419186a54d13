"""The test vectors of RFC 9460, appendix D: presentation form, and its octets on the wire."""

from __future__ import annotations

import pytest

from chaoskit.dns.codec import check_record
from chaoskit.dns.message import Record
from chaoskit.dns.presentation import octets

FOO = "03666f6f076578616d706c65"
COM, ORG = "03636f6d00", "036f726700"

VECTORS = [
    ("0 foo.example.com.", f"0000 {FOO} {COM}"),
    ("1 .", "0001 00"),
    ("16 foo.example.com. port=53", f"0010 {FOO} {COM} 0003 0002 0035"),
    ("1 foo.example.com. key667=hello", f"0001 {FOO} {COM} 029b 0005 68656c6c6f"),
    (r'1 foo.example.com. key667="hello\210qoo"', f"0001 {FOO} {COM} 029b 0009 68656c6c6fd2716f6f"),
    (
        '1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
        f"0001 {FOO} {COM} 0006 0020 20010db8000000000000000000000001 20010db8000000000000000000530001",
    ),
    (
        '1 example.com. ipv6hint="2001:db8:122:344::192.0.2.33"',
        f"0001 076578616d706c65 {COM} 0006 0010 20010db80122034400000000c0000221",
    ),
    (
        "16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
        f"0010 {FOO} {ORG} 0000 0004 00010004 0001 0009 02 6832 05 68332d3139 0004 0004 c0000201",
    ),
    (r'16 foo.example.org. alpn="f\\\\oo\\,bar,h2"', f"0010 {FOO} {ORG} 0001 000c 08 665c6f6f2c626172 02 6832"),
    (r"16 foo.example.org. alpn=f\\\092oo\092,bar,h2", f"0010 {FOO} {ORG} 0001 000c 08 665c6f6f2c626172 02 6832"),
]

FAILURES = [
    "1 foo.example.com. key123=abc key123=def",
    "1 foo.example.com. mandatory",
    "1 foo.example.com. alpn",
    "1 foo.example.com. port",
    "1 foo.example.com. ipv4hint",
    "1 foo.example.com. ipv6hint",
    "1 foo.example.com. no-default-alpn=abc",
    "1 foo.example.com. mandatory=key123",
    "1 foo.example.com. mandatory=mandatory",
    "1 foo.example.com. mandatory=key123,key123 key123=abc",
]


@pytest.mark.parametrize("rtype", ["SVCB", "HTTPS"])
@pytest.mark.parametrize(("written", "wire"), VECTORS)
def test_presentation_forms(rtype: str, written: str, wire: str) -> None:
    assert octets(rtype, written) == bytes.fromhex(wire)


@pytest.mark.parametrize("written", FAILURES)
def test_failure_cases(written: str) -> None:
    with pytest.raises(ValueError, match="is no valid data of a SVCB record"):
        check_record(Record("example.com", "SVCB", 5, written))


def test_the_draft_name_of_ech() -> None:
    config = "AEj+DQBEAQAgACAdd+scUi0IYFsXnUIU7ko2Nd9+F8M26pAGZVpz/KrWPgAEAAEAAWQVZWNoLXNpdGVzLmV4YW1wbGUubmV0AAA="
    assert octets("HTTPS", f"1 . echconfig={config}") == octets("HTTPS", f'1 . ech="{config}"')


@pytest.mark.parametrize("around", ["ech=AAEC", 'ech="AAEC"'])
def test_what_is_in_ech_is_taken_as_it_is(around: str) -> None:
    wire = octets("HTTPS", f"1 a.test. ipv6hint=2001:db8::1 {around} port=53 alpn=h2")
    assert wire == bytes.fromhex(
        "0001 0161 0474657374 00 0001 0003 02 6832 0003 0002 0035 0005 0003 000102 0006 0010 20010db8"
    ) + (bytes(11) + b"\x01")
    assert octets("SVCB", f"1 . {around}") == bytes.fromhex("0001 00 0005 0003 000102")
