from __future__ import annotations

from typing import Any

import pytest

from chaoskit.dns.message import Answer, Query
from chaoskit.dns.zone import Zone, Zones

API: dict[str, Any] = {
    "apex": "api.test",
    "soa": {"minimum": 60, "ttl": 900},
    "records": [
        {"name": "api.test", "rtype": "A", "ttl": 5, "data": "127.0.0.1"},
        {"name": "api.test", "rtype": "AAAA", "ttl": 5, "data": "::1"},
        {"name": "a.b.api.test", "rtype": "A", "ttl": 5, "data": "127.0.0.2"},
        {"name": "www.api.test", "rtype": "CNAME", "ttl": 5, "data": "api.test."},
        {"name": "out.api.test", "rtype": "CNAME", "ttl": 5, "data": "elsewhere.example."},
        {"name": "gone.api.test", "rtype": "CNAME", "ttl": 5, "data": "nothing.api.test."},
        {"name": "loop.api.test", "rtype": "CNAME", "ttl": 5, "data": "loop.api.test."},
        {"name": "*.wild.api.test", "rtype": "A", "ttl": 5, "data": "127.0.0.3"},
        {"name": "is.wild.api.test", "rtype": "TXT", "ttl": 5, "data": '"here"'},
    ],
}


def ask(name: str, rtype: str = "A", plan: dict[str, Any] = API) -> Answer:
    return Zones.from_plan([plan]).answer(Query(name, rtype, "udp", "cold", "127.0.0.1", None, 1))


def data(answer: Answer) -> list[str]:
    return [record.data for record in answer.records]


def test_records_are_answered() -> None:
    assert data(ask("api.test")) == ["127.0.0.1"]
    assert data(ask("api.test", "AAAA")) == ["::1"]
    assert ask("api.test").authority == ()


def test_nodata_and_nxdomain_carry_the_soa_with_the_negative_ttl() -> None:
    for answer, rcode in ((ask("api.test", "MX"), "NOERROR"), (ask("no.api.test"), "NXDOMAIN")):
        assert answer.rcode == rcode
        assert answer.records == ()
        (soa,) = answer.authority
        assert (soa.rtype, soa.ttl) == ("SOA", 60), "the smaller of the SOA's TTL and MINIMUM (RFC 2308 §3)"
        assert soa == answer.soa


def test_the_default_negative_ttl_is_route_53s() -> None:
    (soa,) = ask("none.x.test", plan={"apex": "x.test"}).authority
    assert soa.ttl == 900


def test_an_empty_non_terminal_exists() -> None:
    assert ask("b.api.test").rcode == "NOERROR"
    assert ask("c.api.test").rcode == "NXDOMAIN"


def test_cname_chains() -> None:
    assert data(ask("www.api.test")) == ["api.test.", "127.0.0.1"]
    assert data(ask("www.api.test", "CNAME")) == ["api.test."]
    assert data(ask("out.api.test")) == ["elsewhere.example."], "the rest is the resolver's"
    assert ask("gone.api.test").rcode == "NXDOMAIN", "of the last name (RFC 6604 §3)"
    assert data(ask("gone.api.test")) == ["nothing.api.test."]
    assert data(ask("loop.api.test")) == ["loop.api.test."], "a loop ends, and no record is said twice"


def test_wildcards_apply_only_where_nothing_closer_exists() -> None:
    assert data(ask("any.wild.api.test")) == ["127.0.0.3"]
    assert ask("any.wild.api.test").records[0].name == "any.wild.api.test"
    assert ask("any.wild.api.test", "MX").rcode == "NOERROR"
    assert data(ask("is.wild.api.test")) == [], "the name exists, so no wildcard for its other types (RFC 4592 §2.2.1)"
    assert data(ask("deep.any.wild.api.test")) == ["127.0.0.3"]
    assert ask("x.is.wild.api.test").rcode == "NXDOMAIN", "is.wild is the closest encloser, and has no wildcard"


def test_outside_our_zones_is_refused() -> None:
    answer = ask("google.com")
    assert (answer.rcode, answer.aa, answer.soa) == ("REFUSED", False, None)
    assert ask("notapi.test").rcode == "REFUSED", "a name that only ends alike is not inside"


def test_the_longest_apex_wins() -> None:
    inner = {"apex": "in.api.test", "records": [{"name": "in.api.test", "rtype": "A", "ttl": 1, "data": "127.0.0.9"}]}
    for plans in ([API, inner], [inner, API]):
        zones = Zones.from_plan(plans)
        found = zones.find("x.in.api.test")
        assert found is not None
        assert found.apex == "in.api.test"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"name": "other.test", "rtype": "A", "ttl": 1, "data": "127.0.0.1"}, "lies outside the zone"),
        ({"name": "x.api.test", "rtype": "A", "ttl": 1, "data": "127.0.0.256"}, "no valid data of a A record"),
        ({"name": "x.api.test", "rtype": "AAAA", "ttl": 1, "data": "127.0.0.1"}, "no valid data of a AAAA record"),
        ({"name": "x.api.test", "rtype": "A", "ttl": -1, "data": "127.0.0.1"}, "is not between 0 and 2147483647"),
        ({"name": "x.api.test", "rtype": "NOPE", "ttl": 1, "data": "x"}, "is no record type known here"),
        ({"name": "www.api.test", "rtype": "A", "ttl": 1, "data": "127.0.0.1"}, "CNAME beside other data"),
        ({"name": "x.api.test", "rtype": "A", "ttl": "5", "data": "127.0.0.1"}, "TTL 5 of x.api.test is not"),
        ({"name": "x..api.test", "rtype": "A", "ttl": 1, "data": "127.0.0.1"}, "empty label"),
        ({"name": "x.api.test", "rtype": "CNAME", "ttl": 1, "data": "y" * 64}, "63 are allowed"),
        ({"name": "x.api.test", "rtype": "TXT", "ttl": 1, "data": '"open'}, "a quote that is not closed"),
        ({"name": "x.api.test", "rtype": "ANY", "ttl": 1, "data": "\\# 0"}, "no zone can hold it"),
        ({"name": "x.api.test", "rtype": "SOA", "ttl": 1, "data": "a b 1 2 3 4 5"}, "the zone's own 'soa'"),
        ({"name": "x.api.test", "rtype": "A", "data": "127.0.0.1"}, "needs the field 'ttl'"),
        ({"name": "x.api.test", "rtype": "A", "ttl": 1, "data": "127.0.0.1", "class": "IN"}, "no field 'class'"),
        ({"name": "x.api.test", "rtype": "MX", "ttl": 1, "data": "mail"}, "no valid data of a MX record"),
        ({"name": "a" * 64 + ".api.test", "rtype": "A", "ttl": 1, "data": "127.0.0.1"}, "has 64 bytes; 63 are allowed"),
    ],
)
def test_what_cannot_be_served_is_refused_with_a_reason(record: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Zone.from_plan(API | {"records": [*API["records"], record]})


def test_a_zone_is_written_once() -> None:
    with pytest.raises(ValueError, match="written twice"):
        Zones.from_plan([API, API])


def test_the_soa_itself_keeps_its_ttl() -> None:
    (soa,) = ask("api.test", "SOA").records
    assert soa.ttl == 900
    assert ask("api.test").soa == ask("api.test", "MX").authority[0], "what a fault may say in a negative answer"


def test_a_chain_into_another_zone_keeps_the_first_zone_s_soa() -> None:
    first = {"apex": "a.test", "records": [{"name": "x.a.test", "rtype": "CNAME", "ttl": 1, "data": "y.b.test"}]}
    answer = Zones.from_plan([first, {"apex": "b.test"}]).answer(Query("x.a.test", "A", "udp", "c", "::1", None, 1))
    assert (answer.rcode, answer.authority[0].name) == ("NXDOMAIN", "b.test")
    assert answer.soa is not None
    assert answer.soa.name == "a.test"


def test_types_and_names_differ_by_meaning_not_spelling() -> None:
    plan = {"apex": "X.test.", "records": [{"name": "X.TEST", "rtype": "type1", "ttl": 1, "data": "\\# 4 7F000001"}]}
    assert ask("x.test", "A", plan).records[0].rtype == "A"
    assert ask("x\\.test", "A", plan).rcode == "REFUSED", "a dot inside a label separates nothing"


def test_one_record_written_twice_is_one() -> None:
    twice = [{"name": "x.test", "rtype": "A", "ttl": 1, "data": "127.0.0.1"}] * 2
    assert len(ask("x.test", "A", {"apex": "x.test", "records": twice}).records) == 1


def test_any_gets_one_set_and_transfers_none() -> None:
    assert {record.rtype for record in ask("is.wild.api.test", "ANY").records} == {"TXT"}
    assert ask("api.test", "AXFR").rcode == "REFUSED"


def test_a_zone_cannot_be_changed() -> None:
    zone = Zone.from_plan(API)
    with pytest.raises(TypeError):
        zone.nodes["api.test"]["A"] = ()  # type: ignore[index]


def test_the_root_can_be_a_zone() -> None:
    plan = {"apex": ".", "records": [{"name": "*", "rtype": "A", "ttl": 1, "data": "127.0.0.1"}]}
    assert data(ask("any.where.example", plan=plan)) == ["127.0.0.1"]
    assert ask("", "SOA", plan).records


CUT: dict[str, Any] = {
    "apex": "up.test",
    "records": [
        {"name": "up.test", "rtype": "NS", "ttl": 9, "data": "ns.up.test."},
        {"name": "ns.up.test", "rtype": "A", "ttl": 9, "data": "127.0.0.1"},
        {"name": "*.up.test", "rtype": "A", "ttl": 9, "data": "127.0.0.9"},
        {"name": "sub.up.test", "rtype": "NS", "ttl": 9, "data": "ns.sub.up.test."},
        {"name": "sub.up.test", "rtype": "NS", "ttl": 9, "data": "ns.elsewhere.example."},
        {"name": "sub.up.test", "rtype": "DS", "ttl": 9, "data": "\\# 6 000108020102"},
        {"name": "sub.up.test", "rtype": "TXT", "ttl": 9, "data": "occluded"},
        {"name": "ns.sub.up.test", "rtype": "A", "ttl": 9, "data": "127.0.0.2"},
        {"name": "ns.sub.up.test", "rtype": "AAAA", "ttl": 9, "data": "::2"},
        {"name": "deep.sub.up.test", "rtype": "NS", "ttl": 9, "data": "ns.deeper.example."},
        {"name": "into.up.test", "rtype": "CNAME", "ttl": 9, "data": "www.sub.up.test."},
    ],
}


@pytest.mark.parametrize(
    ("name", "rtype"),
    [
        ("sub.up.test", "A"),
        ("sub.up.test", "NS"),
        ("sub.up.test", "TXT"),
        ("sub.up.test", "ANY"),
        ("no.sub.up.test", "A"),
        ("ns.sub.up.test", "A"),
        ("x.deep.sub.up.test", "DS"),
    ],
)
def test_at_and_below_a_cut_there_is_a_referral_with_glue(name: str, rtype: str) -> None:
    answer = ask(name, rtype, CUT)
    assert (answer.rcode, answer.aa, answer.records) == ("NOERROR", False, ())
    assert {(record.name, record.rtype) for record in answer.authority} == {("sub.up.test", "NS")}, "the topmost cut"
    assert [record.data for record in answer.additional] == ["127.0.0.2", "::2"]


def test_the_ds_of_a_cut_lies_above_it() -> None:
    answer = ask("sub.up.test", "DS", CUT)
    assert (answer.aa, len(answer.records), answer.authority) == (True, 1, ())
    bare = CUT | {"records": [record for record in CUT["records"] if record["rtype"] != "DS"]}
    answer = ask("sub.up.test", "DS", bare)
    assert (answer.rcode, answer.aa, answer.authority) == ("NOERROR", True, (answer.soa,))


def test_the_ds_of_a_zone_is_asked_of_its_parent() -> None:
    def whose(plans: list[dict[str, Any]]) -> list[str]:
        answer = Zones.from_plan(plans).answer(Query("sub.up.test", "DS", "udp", "c", "::1", None, 1))
        assert answer.rcode == "NOERROR"
        return [record.name for record in (*answer.records, *answer.authority)]

    child = {"apex": "sub.up.test"}
    assert whose([CUT, child]) == ["sub.up.test"]
    assert Zones.from_plan([CUT, child]).answer(Query("sub.up.test", "A", "udp", "c", "::1", None, 1)).aa
    assert whose([{"apex": "up.test"}, child]) == ["sub.up.test"], "no NXDOMAIN from a zone that does not delegate it"
    assert whose([child]) == ["sub.up.test"]


def test_a_cname_into_a_delegation_ends_in_a_referral() -> None:
    answer = ask("into.up.test", plan=CUT)
    assert (answer.aa, data(answer)) == (True, ["www.sub.up.test."]), "AA speaks of the first name (RFC 1035 §4.1.1)"
    assert {record.rtype for record in answer.authority} == {"NS"}


def test_the_apex_ns_is_no_cut_no_wildcard_reaches_below_one() -> None:
    assert data(ask("up.test", "NS", CUT)) == ["ns.up.test."]
    assert data(ask("ns.up.test", plan=CUT)) == ["127.0.0.1"]
    assert data(ask("any.up.test", plan=CUT)) == ["127.0.0.9"]
    assert data(ask("any.sub.up.test", plan=CUT)) == []


MOVED: dict[str, Any] = {
    "apex": "old.test",
    "records": [
        {"name": "at.old.test", "rtype": "DNAME", "ttl": 7, "data": "new.old.test."},
        {"name": "at.old.test", "rtype": "TXT", "ttl": 7, "data": "itself"},
        {"name": "a.new.old.test", "rtype": "A", "ttl": 7, "data": "127.0.0.1"},
        {"name": "round.old.test", "rtype": "DNAME", "ttl": 7, "data": "x.round.old.test."},
        *({"name": f"c{n}.old.test", "rtype": "CNAME", "ttl": 7, "data": f"c{n + 1}.old.test."} for n in range(40)),
    ],
}


def test_a_dname_redirects_what_lies_below_it_and_not_itself() -> None:
    answer = ask("a.at.old.test", plan=MOVED)
    assert [(record.name, record.rtype, record.ttl, record.data) for record in answer.records] == [
        ("at.old.test", "DNAME", 7, "new.old.test."),
        ("a.at.old.test", "CNAME", 7, "a.new.old.test."),
        ("a.new.old.test", "A", 7, "127.0.0.1"),
    ]
    assert data(ask("at.old.test", "TXT", MOVED)) == ["itself"]
    assert ask("no.at.old.test", plan=MOVED).rcode == "NXDOMAIN", "of the last name"
    assert [record.rtype for record in ask("no.at.old.test", "CNAME", MOVED).records] == ["DNAME", "CNAME"]
    assert ask("l" * 63 + "." + "l" * 63 + "." + "l" * 63 + "." + "l" * 49 + ".at.old.test", plan=MOVED).rcode == (
        "YXDOMAIN"
    ), "the new name has 256 bytes"


def test_no_chain_is_followed_without_end() -> None:
    assert len(ask("c0.old.test", plan=MOVED).records) == 16
    assert len(ask("x.round.old.test", plan=MOVED).records) == 17


@pytest.mark.parametrize(
    ("name", "rtype", "written", "said"),
    [
        ("*.old.test", "NS", "ns.test.", "mean nothing at a wildcard"),
        ("*.old.test", "DNAME", "x.test.", "mean nothing at a wildcard"),
        ("at.old.test", "DNAME", "x.test.", "several DNAME"),
        ("at.old.test", "NS", "x.test.", "both NS and DNAME"),
        ("b.at.old.test", "A", "127.0.0.1", "lies below the DNAME of at.old.test"),
        ("c.old.test", "CNAME", "\\# 3 026100", "is no name"),
    ],
)
def test_cuts_and_redirects_that_mean_nothing_are_refused(name: str, rtype: str, written: str, said: str) -> None:
    record = {"name": name, "rtype": rtype, "ttl": 1, "data": written}
    with pytest.raises(ValueError, match=said):
        Zone.from_plan(MOVED | {"records": [*MOVED["records"], record]})
