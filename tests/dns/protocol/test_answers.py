"""What is answered, asked by dnspython, an implementation that shares no code with ours. Each test names the rule it holds to."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import pytest

from tests.dns.protocol.plane import Way
from tests.dns.protocol.zones import NEGATIVE_TTL

AA = dns.flags.AA


def section(rrsets: list[dns.rrset.RRset]) -> list[str]:
    """``name TTL type data``, a line each record, sorted."""
    return sorted(
        f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {item}" for rrset in rrsets for item in rrset
    )


def is_authoritative(answer: dns.message.Message) -> bool:
    return bool(answer.flags & AA)


SOA = f"p.test. {NEGATIVE_TTL} SOA ns.p.test. hostmaster.p.test. 1 7200 900 1209600 {NEGATIVE_TTL}"


@pytest.mark.parametrize(
    ("name", "rtype", "records"),
    [
        ("p.test", "A", ["p.test. 5 A 127.0.0.1", "p.test. 5 A 127.0.0.2"]),
        ("p.test", "AAAA", ["p.test. 5 AAAA ::1"]),
        ("p.test", "NS", ["p.test. 300 NS ns.p.test."]),
        ("p.test", "MX", ["p.test. 7 MX 10 mail.p.test."]),
        ("p.test", "TXT", ['p.test. 8 TXT "one" "two words"']),
        ("p.test", "CAA", ['p.test. 9 CAA 0 issue "ca.test"']),
        ("_dns._udp.p.test", "SRV", ["_dns._udp.p.test. 9 SRV 1 2 53 ns.p.test."]),
    ],
)
def test_rfc1034_4_3_2_3a_records_of_the_type(way: Way, name: str, rtype: str, records: list[str]) -> None:
    answer = way.ask(name, rtype)
    assert (answer.rcode(), section(answer.answer), answer.authority) == (0, records, [])
    assert is_authoritative(answer)


def test_rfc2308_2_2_nodata(way: Way) -> None:
    answer = way.ask("odd.p.test", "A")
    assert (answer.rcode(), answer.answer, section(answer.authority)) == (0, [], [SOA])
    assert is_authoritative(answer)


def test_rfc2308_2_1_nxdomain(way: Way) -> None:
    answer = way.ask("nothing.p.test", "A")
    assert (answer.rcode(), answer.answer, section(answer.authority)) == (dns.rcode.NXDOMAIN, [], [SOA])
    assert is_authoritative(answer)


def test_rfc2308_3_the_soa_of_a_negative_answer_has_its_ttl(way: Way) -> None:
    (denial,) = way.ask("nothing.p.test").authority
    (soa,) = way.ask("p.test", "SOA").answer
    assert (denial.ttl, soa.ttl, soa[0].minimum) == (NEGATIVE_TTL, 900, NEGATIVE_TTL)


def test_rfc8020_2_an_empty_non_terminal_exists(way: Way) -> None:
    for name in ("under.empty.p.test", "empty.p.test"):
        assert way.ask(name).rcode() == dns.rcode.NOERROR
    for name in ("x.under.empty.p.test", "x.empty.p.test"):
        assert way.ask(name).rcode() == dns.rcode.NXDOMAIN


def test_rfc4592_3_3_1_a_wildcard_answers_if_nothing_is_closer(way: Way) -> None:
    assert section(way.ask("any.wild.p.test").answer) == ["any.wild.p.test. 5 A 127.0.0.4"]
    assert section(way.ask("two.deep.wild.p.test").answer) == ["two.deep.wild.p.test. 5 A 127.0.0.4"]
    assert section(way.ask("*.wild.p.test").answer) == ["*.wild.p.test. 5 A 127.0.0.4"]
    assert section(way.ask("x.walias.p.test").answer) == [
        "ns.p.test. 300 A 127.0.0.53",
        "x.walias.p.test. 5 CNAME ns.p.test.",
    ]


def test_rfc4592_2_2_1_a_wildcard_is_stopped_by_what_exists(way: Way) -> None:
    assert section(way.ask("any.wild.p.test", "MX").authority) == [SOA]
    assert section(way.ask("is.wild.p.test", "A").authority) == [SOA], "the name exists with another type"
    assert way.ask("x.is.wild.p.test").rcode() == dns.rcode.NXDOMAIN, "the closest encloser has no wildcard"


def test_rfc1034_3_6_2_cnames_are_followed(way: Way) -> None:
    answer = way.ask("two.p.test")
    assert section(answer.answer) == [
        "ns.p.test. 300 A 127.0.0.53",
        "two.p.test. 6 CNAME www.p.test.",
        "www.p.test. 5 CNAME ns.p.test.",
    ]
    assert [str(rrset.name) for rrset in answer.answer] == ["two.p.test.", "www.p.test.", "ns.p.test."]
    assert section(way.ask("two.p.test", "CNAME").answer) == ["two.p.test. 6 CNAME www.p.test."]
    assert section(way.ask("cross.p.test").answer)[1] == "host.q.test. 5 A 127.0.0.10"
    assert section(way.ask("out.p.test").answer) == ["out.p.test. 5 CNAME elsewhere.example."]


def test_rfc6604_3_the_rcode_speaks_of_the_last_name(way: Way) -> None:
    answer = way.ask("gone.p.test")
    assert (answer.rcode(), section(answer.answer)) == (dns.rcode.NXDOMAIN, ["gone.p.test. 5 CNAME nothing.p.test."])
    assert section(answer.authority) == [SOA]
    answer = way.ask("nodata.p.test")
    assert (answer.rcode(), section(answer.authority)) == (dns.rcode.NOERROR, [SOA])


def test_rfc1034_5_2_2_a_loop_of_cnames_ends(way: Way) -> None:
    assert section(way.ask("loop.p.test").answer) == [
        "loop.p.test. 5 CNAME pool.p.test.",
        "pool.p.test. 5 CNAME loop.p.test.",
    ]


SERVERS = ["sub.p.test. 20 NS ns.sub.p.test.", "sub.p.test. 20 NS ns2.sub.p.test."]
GLUE = ["ns.sub.p.test. 20 A 127.0.0.5", "ns2.sub.p.test. 20 AAAA ::5"]


@pytest.mark.parametrize(
    ("name", "rtype"), [("sub.p.test", "A"), ("sub.p.test", "NS"), ("x.y.sub.p.test", "A"), ("hidden.sub.p.test", "A")]
)
def test_rfc1034_4_3_2_3b_a_referral_has_glue_no_authority(way: Way, name: str, rtype: str) -> None:
    answer = way.ask(name, rtype)
    assert (answer.rcode(), answer.answer, is_authoritative(answer)) == (0, [], False)
    assert (section(answer.authority), section(answer.additional)) == (SERVERS, GLUE)


def test_rfc4035_3_1_4_1_the_ds_of_a_cut_is_the_parents(way: Way) -> None:
    answer = way.ask("sub.p.test", "DS")
    assert (section(answer.answer), is_authoritative(answer)) == (["sub.p.test. 21 DS 12345 13 2 " + "ab" * 32], True)


def test_rfc1035_4_1_1_aa_speaks_of_the_first_name(way: Way) -> None:
    answer = way.ask("into.p.test")
    assert (section(answer.answer), is_authoritative(answer)) == (["into.p.test. 5 CNAME www.sub.p.test."], True)
    assert (section(answer.authority), section(answer.additional)) == (SERVERS, GLUE)


def test_rfc9471_3_1_glue_that_does_not_fit_is_truncation(udp: Way, tcp: Way) -> None:
    small = udp.ask("x.wide.p.test")
    assert small.flags & dns.flags.TC
    whole = tcp.ask("x.wide.p.test")
    assert (bool(whole.flags & dns.flags.TC), len(section(whole.additional))) == (False, 24)


def test_rfc6672_2_2_a_dname_redirects_what_lies_below(way: Way) -> None:
    assert section(way.ask("host.moved.p.test").answer) == [
        "host.moved.p.test. 11 CNAME host.new.p.test.",
        "host.new.p.test. 5 A 127.0.0.7",
        "moved.p.test. 11 DNAME new.p.test.",
    ]
    long = ".".join(["l" * 63, "l" * 63, "l" * 63, "l" * 47, "moved.p.test"])
    assert way.ask(long).rcode() == dns.rcode.NXDOMAIN
    assert section(way.ask("moved.p.test", "DNAME").answer) == ["moved.p.test. 11 DNAME new.p.test."]


def test_rfc8482_4_1_any_gets_one_set(way: Way) -> None:
    answer = way.ask("p.test", "ANY")
    assert len(answer.answer) == 1
    assert way.ask("nothing.p.test", "ANY").rcode() == dns.rcode.NXDOMAIN
    assert section(way.ask("under.empty.p.test", "ANY").authority) == [SOA]


def test_rfc3597_3_unknown_types_are_carried_as_they_are(way: Way) -> None:
    assert section(way.ask("odd.p.test", "TYPE65400").answer) == ["odd.p.test. 5 TYPE65400 \\# 3 010203"]
    assert section(way.ask("p.test", "TYPE65401").authority) == [SOA]


def test_rfc4343_3_case_does_not_matter_and_comes_back_as_asked(way: Way) -> None:
    answer = way.ask("wWw.P.tEsT")
    assert str(answer.question[0].name) == "wWw.P.tEsT."
    assert str(answer.answer[0].name) == "wWw.P.tEsT.", "the owner is the name as asked, for resolvers that compare"
    assert section(way.ask("www.p.test").answer)[0] == "ns.p.test. 300 A 127.0.0.53"


def test_rfc1035_5_1_a_dot_inside_a_label_separates_nothing(way: Way) -> None:
    assert section(way.ask(r"a\.b.p.test").answer) == [r"a\.b.p.test. 5 A 127.0.0.9"]
    assert way.ask("a.b.p.test").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize("name", ["example.com", "xp.test", "test", "."])
def test_rfc1034_4_3_2_names_outside_the_zones_are_refused(way: Way, name: str) -> None:
    answer = way.ask(name)
    assert (answer.rcode(), is_authoritative(answer)) == (dns.rcode.REFUSED, False)
    assert (answer.answer, answer.authority, answer.additional) == ([], [], [])


@pytest.mark.parametrize("rtype", ["AXFR", "IXFR"])
def test_rfc5936_2_2_1_transfers_are_refused(way: Way, rtype: str) -> None:
    assert way.ask("p.test", rtype).rcode() == dns.rcode.REFUSED


def test_rfc2181_5_2_the_records_of_a_set_have_one_ttl(way: Way) -> None:
    query = dns.message.make_query("mid.p.test", "A", use_edns=0, payload=1232)
    answer = dns.message.from_wire(way.exchange(query.to_wire()), one_rr_per_rrset=True)
    assert [rrset.ttl for rrset in answer.answer] == [5] * 50
