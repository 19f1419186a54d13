"""Master files: what RFC 1035 §5 allows is read as dnspython reads it, and what is wrong is named with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.dns.masterfile import open_master_file, parse_ttl, read_master_file
from chaoskit.dns.zone import Zone, Zones
from chaoskit.errors import InputError
from tests.dns.fuzz.properties import answer_of
from tests.effort import examples

EVERYTHING = r"""
$ORIGIN example.com.
$TTL 1h30m
@       IN SOA ns1 hostmaster.example.com. (
            2025102001 ; serial
            2h 15m     ; refresh, retry
            2w 5m )
        NS      ns1
        NS      ns2.elsewhere.org.
        MX      10 mail ; a comment with "a quote and (
ns1     A       192.0.2.1
        AAAA    2001:db8::1
api 5   IN A    192.0.2.2
api IN 5 A      192.0.2.3
www     CNAME   api
*.wild  TXT     "one; not a comment" two "with \"quotes\" (and parentheses)"
odd\.name A     192.0.2.9
@       TXT     a\;b
_s._tcp 0 SRV   1 2 443 api
$ORIGIN sub
deep    A       192.0.2.4
x       TYPE65400 \# 3 010203
mail.example.com. A ( 192.0.2.5
                     )
"""


def triples(text: str) -> set[tuple[str, str, int, str]]:
    """(name, type, TTL, data) of every record, in dnspython's own spelling."""
    zone = dns.zone.from_text(text, origin="example.com.", relativize=False, check_origin=False)
    return {
        (str(name).lower(), dns.rdatatype.to_text(rdataset.rdtype), rdataset.ttl, rdata.to_text().lower())
        for name, rdataset in zone.iterate_rdatasets()
        for rdata in rdataset
    }


def respelt(plan: dict[str, Any]) -> set[tuple[str, str, int, str]]:
    """The same of a plan: written out with absolute names, and read by dnspython."""
    records = [(r["name"], r["ttl"], r["rtype"], r["data"]) for r in plan["records"]]
    dotted = {"CNAME": [0], "NS": [0], "MX": [1], "SRV": [3], "SOA": [0, 1], "PTR": [0]}
    lines = []
    soa = plan.get("soa")
    if soa:
        numbers = " ".join(str(soa[key]) for key in ("serial", "refresh", "retry", "expire", "minimum"))
        records.append((plan["apex"], soa["ttl"], "SOA", f"{soa['mname']} {soa['rname']} {numbers}"))
    for name, ttl, rtype, data in records:
        fields = data.split(" ") if rtype in dotted else [data]
        for place in dotted.get(rtype, []):
            fields[place] += "."
        lines.append(f"{name}. {ttl} IN {rtype} {' '.join(fields)}")
    return triples("\n".join(lines) + "\n")


def test_all_of_the_syntax_is_read_as_dnspython_reads_it() -> None:
    plan = read_master_file(EVERYTHING, "zone").plan()
    assert plan["apex"] == "example.com"
    assert respelt(plan) == triples(EVERYTHING)
    assert len(plan["records"]) == 15
    zone = Zone.from_plan(plan)
    assert zone.node("deep.sub.example.com"), "a relative $ORIGIN is relative to the one before"
    assert zone.soa.ttl == 300, "the negative TTL is the SOA's minimum"


def test_without_ttl_directive_the_last_ttl_or_minimum_counts() -> None:
    soa = "@ SOA a b 1 2 3 4 77\n"
    plan = read_master_file(f"{soa}x A 192.0.2.1\ny 9 A 192.0.2.1\nz A 192.0.2.1\n", "zone", "example.com").plan()
    assert [record["ttl"] for record in plan["records"]] == [77, 9, 9]


def test_a_named_zone_file_without_an_soa_gets_one() -> None:
    plan = read_master_file("api 5 A 192.0.2.1\n", "zone", "Example.COM").plan()
    assert (plan["apex"], plan["records"][0]["name"]) == ("example.com", "api.example.com")
    assert Zone.from_plan(plan).soa.rtype == "SOA"


def test_the_root_as_origin() -> None:
    plan = read_master_file("$ORIGIN .\n@ SOA a b 1 2 3 4 5\ncom NS ns\n", "zone").plan()
    assert (plan["apex"], plan["records"][0]["name"], plan["records"][0]["data"]) == ("", "com", "ns")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$INCLUDE /etc/passwd\n", r"z:1: \$INCLUDE is refused"),
        ("\n\n$GENERATE 1-9 a$\n", r"z:3: \$GENERATE takes a range"),
        ("$GENERATE 9-1 a$ A 192.0.2.$\n", "z:1: the range 9-1 goes nowhere"),
        ("$GENERATE 1-3/0 a$ A 192.0.2.$\n", "z:1: the range 1-3/0 goes nowhere"),
        ("$GENERATE one a$ A 192.0.2.$\n", "z:1: 'one' is no range"),
        ("$GENERATE 0-4000000000 a$ A 192.0.2.1\n", "z:1: the range 0-4000000000 makes more than 65,536 records"),
        ("$GENERATE 1-3 a${-2} A 192.0.2.1\n", "z:1: .* is below 0 for 1"),
        ("api 5 AAAA fe80::1%eth0\n", "z:1: .*means something on one machine only"),
        ("$TTL\n", r"z:1: \$TTL takes one value"),
        ("$COLOUR red\n", r"z:1: \$COLOUR is not understood"),
        ("$TTL soon\n", r"z:1: 'soon' is no TTL"),
        ("api A\n", "z:1: a record of type A without data"),
        ("api 5 IN\n", "z:1: a record without a type"),
        ("api 5 A 192.0.2.300\n", "z:1: '192.0.2.300' is no valid data of a A record"),
        ("api 5 HAT 1\n", "z:1: HAT is no record type"),
        ("api 5 CH A 192.0.2.1\n", "z:1: only class IN"),
        ("   5 A 192.0.2.1\n", "z:1: the first record has no owner"),
        ('api 5 A 192.0.2.1\nx 5 TXT "open\ny 5 TXT closed"\n', "z:2: a quote that is not closed"),
        ("api 5 A (\n 192.0.2.1\n", "z:1: this parenthesis is never closed"),
        ("api 5 A 192.0.2.1 )\n", "z:1: a closing parenthesis"),
        ("api 5 A ((192.0.2.1))\n", "z:1: a parenthesis inside"),
        ("@ 5 SOA a b 1 2 3 4\n", "z:1: an SOA has seven fields, not 6"),
        ("@ SOA a b 1 2 3 4 5\n@ SOA a b 1 2 3 4 5\n", "z:2: a second SOA"),
        ("other.org. SOA a b 1 2 3 4 5\n", "z:1: the SOA is that of other.org, but the zone is example.com"),
        ("api A 192.0.2.1\n", "z:1: no TTL is stated for api.example.com"),
        ("\nother.org. 5 A 192.0.2.1\n", "z:2: other.org lies outside the zone example.com"),
        ("a..b 5 A 192.0.2.1\n", "z:1: .* has an empty label"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        read_master_file(text, "z", "example.com")


def test_a_relative_name_needs_an_origin() -> None:
    with pytest.raises(InputError, match=r"z:1: 'api' is relative, but to what\? Write \$ORIGIN first"):
        read_master_file("api 5 A 192.0.2.1\n", "z")
    with pytest.raises(InputError, match="no SOA says which zone this is"):
        read_master_file("api.example.com. 5 A 192.0.2.1\n", "z")


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("300", 300), ("1h30m", 5400), ("2W", 1209600), ("1d", 86400), ("1m1s", 61)]
)
def test_ttl_units(text: str, seconds: int) -> None:
    assert parse_ttl(text) == seconds


PIECES = st.sampled_from(
    ["@", "a", "b.c", "x.y.", "\n", "\n ", " ", "\t", "(", ")", ";", '"', "\\", "\\#", "\\300", "IN", "CH", "A", "TXT", "SOA", "MX", "5",
     "1h", "192.0.2.1", "$TTL", "$ORIGIN", "$INCLUDE", "$GENERATE", "1-3", "a$", "${0,2,x}", "é", "\x00", "\r"]
)  # fmt: skip


@settings(max_examples=examples(600))
@given(st.lists(PIECES, max_size=40).map("".join) | st.lists(PIECES, max_size=40).map(" ".join) | st.text(max_size=60))
def test_any_text_is_a_zone_or_an_error_with_a_line(text: str) -> None:
    try:
        plan = read_master_file(text, "z", "example.com").plan()
    except InputError as error:
        assert str(error).startswith("z:")
    else:
        assert plan["apex"] == "example.com"


LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
TEXTS = st.text(st.characters(codec="ascii", exclude_characters='"\\\n\r', exclude_categories=["Cc"]), max_size=20)


@settings(max_examples=examples(150))
@given(st.lists(st.tuples(LABEL, st.integers(0, 9999), TEXTS), min_size=1, max_size=5, unique_by=lambda one: one[0]))
def test_generated_zones_are_read_as_dnspython_reads_them(rows: list[tuple[str, int, str]]) -> None:
    text = "".join(f'{name} {ttl} TXT "{said}"\n' for name, ttl, said in rows)
    plan = read_master_file(text, "zone", "example.com").plan()
    del plan["soa"]  # the file has none; the zone has one of ours
    assert respelt(plan) == triples(text)


@pytest.mark.parametrize(
    "written",
    [
        "A 192.0.2.1",
        "AAAA 2001:db8::1",
        'CAA 0 issue "ca.example"',
        "CNAME .",
        "CNAME t",
        r"CNAME \"t",
        "DNAME t.example.",
        "DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
        "DS 2371 13 2 1F987CC6583E92DF0890718C42A85AEAFD5917B86CDC6ABCE9B9E3D2D3D2D9A1",
        "HTTPS 0 t.z.test.",
        "HTTPS 1 . alpn=h2",
        "HTTPS 1 @ ipv4hint=192.0.2.1,192.0.2.2",
        'HTTPS 1 t port=8443 alpn="h2,h3" ipv6hint=2001:db8::1',
        "HTTPS 16 t.b.example. mandatory=alpn alpn=h2 no-default-alpn",
        "MX 0 .",
        "MX 10 mail",
        'NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .',
        'NAPTR 1 1 "S" "a" "" t',
        "NS ns",
        "NSEC t A MX",
        "PTR .",
        "RP . .",
        "RP who what.example.",
        "SRV 0 5 443 .",
        "SRV 0 5 443 t",
        "SSHFP 4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789",
        "TLSA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971",
        'TXT "a b" c',
        r"TYPE65000 \# 3 010203",
    ],
)
def test_what_is_served_is_what_another_reader_makes_of_the_line(written: str) -> None:
    """dnspython reads the same line, and our answer: the two must be one."""
    rtype, _, data = written.partition(" ")
    meant = dns.rdata.from_text("IN", rtype, data, origin=dns.name.from_text("z.test."), relativize=False)
    zones = Zones.of([read_master_file(f"{HEAD}x {written}\n", "f", "z.test")])
    wire = answer_of(dns.message.make_query("x.z.test", rtype, id=1).to_wire(), "tcp", zones)
    assert wire is not None
    answer = dns.message.from_wire(wire)
    (found,) = (answer.answer or answer.authority)[0]  # NS below the apex is a referral
    assert found == meant


@pytest.mark.parametrize(
    ("written", "said"),
    [("1 . alpn=h2 alpn=h3", 'duplicate key "1"'), ("1 . alpn", "value cannot be empty")],
)
def test_https_parameters_that_cannot_be(written: str, said: str) -> None:
    with pytest.raises(InputError, match=f"f:3: .*{said}"):
        read_master_file(f"{HEAD}x HTTPS {written}\n", "f", "z.test")


HEAD = "$TTL 5\n@ SOA a b 1 2 3 4 5\n"


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        (["a A 192.0.2.1", "b A 192.0.2.300", "c A 192.0.2.1"], 2, "is no valid data of a A record"),
        (["a 5000000000 A 192.0.2.1"], 1, "is not between 0 and 2147483647"),
        (["a A 192.0.2.1", "c A 192.0.2.1", "a CNAME c"], 3, "a CNAME beside other data"),
        (["*.a NS ns"], 1, "mean nothing at a wildcard"),
        (["a DNAME b", "x.a A 192.0.2.1"], 2, "lies below the DNAME"),
    ],
)
def test_what_a_zone_cannot_have_is_told_with_its_line(lines: list[str], line: int, said: str) -> None:
    with pytest.raises(InputError, match=rf"^f:{2 + line}: .*{said}"):
        read_master_file(HEAD + "\n".join(lines) + "\n", "f", "z.test")


def test_ttls_that_differ_in_a_set_are_served_and_warned_of() -> None:
    zone = read_master_file(f"{HEAD}a 1 A 192.0.2.1\na 2 A 192.0.2.2\n", "f", "z.test")
    assert sorted(record.ttl for record in zone.nodes["a.z.test"]["A"]) == [1, 2]
    assert list(zone.warnings()) == ["the A records of a.z.test differ in TTL (1, 2), which RFC 2181 §5.2 deprecates"]


def test_a_signed_alias_loads_and_its_signature_is_served() -> None:
    signature = "RRSIG CNAME 13 3 60 20351102000000 20251002000000 4711 z.test. AwEAAag="
    lines = (
        f"a 60 CNAME b\na 60 {signature}\na 300 NSEC b CNAME RRSIG NSEC\na 300 {signature.replace('CNAME', 'NSEC')}\n"
    )
    zone = read_master_file(HEAD + lines, "f", "z.test")
    assert list(zone.warnings()) == [], "signatures have the TTLs of what they sign"
    wire = answer_of(dns.message.make_query("a.z.test", "RRSIG", id=1).to_wire(), "tcp", Zones.of([zone]))
    assert wire is not None
    assert {str(rrset.name) for rrset in dns.message.from_wire(wire).answer} == {"a.z.test."}
    assert len(dns.message.from_wire(wire, one_rr_per_rrset=True).answer) == 2


def test_files_are_included_from_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "zone").write_text(f"{HEAD}$INCLUDE sub/more deeper\nafter A 192.0.2.1\n")
    (tmp_path / "sub" / "more").write_text("in A 192.0.2.2\n$ORIGIN elsewhere.z.test.\n")
    zone = open_master_file(tmp_path / "zone", "z.test")
    assert {"in.deeper.z.test", "after.z.test"} <= zone.nodes.keys(), "the origin is afterwards as before"


@pytest.mark.parametrize(
    ("included", "said"),
    [
        ("a A 192.0.2.300", r"more:1: '192.0.2.300' is no valid data"),
        ("\na A 192.0.2.1\na CNAME b", r"more:3: a.z.test has a CNAME beside other data"),
        ("$INCLUDE more", r"more:1: more than 10 files include one another"),
        ("$INCLUDE nothing", r"more:1: \$INCLUDE nothing: cannot read .*nothing: No such file"),
    ],
)
def test_an_error_in_an_included_file_is_named_with_its_line(tmp_path: Path, included: str, said: str) -> None:
    (tmp_path / "zone").write_text(f"{HEAD}$INCLUDE more\n")
    (tmp_path / "more").write_text(included + "\n")
    with pytest.raises(InputError, match=said):
        open_master_file(tmp_path / "zone", "z.test")


def test_generated_records_are_bounded() -> None:
    line = "$GENERATE 0-65535 a$ A 192.0.2.1\n"
    with pytest.raises(InputError, match="more than 100 records"):
        read_master_file(HEAD + line, "f", "z.test", most=100)


def test_octets_that_are_no_ascii_stand_for_themselves(tmp_path: Path) -> None:
    (tmp_path / "zone").write_bytes(HEAD.encode() + b'b\xfccher TXT "caf\xe9"\n')
    zone = open_master_file(tmp_path / "zone", "z.test")
    assert zone.nodes["b\\252cher.z.test"]["TXT"][0].data == '"caf\\233"'
    wire = answer_of(
        dns.message.make_query(dns.name.from_text("b\\252cher.z.test."), "TXT", id=1).to_wire(), "tcp", Zones.of([zone])
    )
    assert wire is not None
    assert dns.message.from_wire(wire).answer[0][0].strings == (b"caf\xe9",)
