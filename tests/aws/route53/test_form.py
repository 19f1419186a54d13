"""What Route 53 refuses of a change whatever else the zone holds, and of sets that share a name and type. No server is started."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.aws.route53 import wire
from chaoskit.aws.route53.batch import Refusal, apply_batch
from chaoskit.aws.route53.record_set import HostedZone

ZONE = HostedZone("Z1", "example.com.")
WEIGHTED = "<SetIdentifier>x</SetIdentifier><Weight>1</Weight>"


def written(rtype: str = "A", *values: str, name: str = "a.example.com", ttl: str = "60", more: str = "") -> str:
    records = "".join(
        f"<ResourceRecord><Value>{escape(value)}</Value></ResourceRecord>" for value in values or ["192.0.2.1"]
    )
    return f"<Name>{name}</Name><Type>{rtype}</Type>{more}<TTL>{ttl}</TTL><ResourceRecords>{records}</ResourceRecords>"


def alias(rtype: str, more: str = "") -> str:
    target = "<HostedZoneId>Z9</HostedZoneId><DNSName>lb.example.net</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth>"
    return f"<Name>a.example.com</Name><Type>{rtype}</Type>{more}<AliasTarget>{target}</AliasTarget>"


def refusal(*sets: str, comment: str = "") -> tuple[str, str]:
    """Code and messages of a batch that creates ``sets``; two empty texts where Route 53 takes it."""
    changes = "".join(
        f"<Change><Action>CREATE</Action><ResourceRecordSet>{one}</ResourceRecordSet></Change>" for one in sets
    )
    batch = f"<ChangeBatch><Comment>{comment}</Comment><Changes>{changes}</Changes></ChangeBatch>"
    root = "ChangeResourceRecordSetsRequest"
    try:
        apply_batch(ZONE, wire.parse_batch(f"<{root}>{batch}</{root}>".encode()))
    except Refusal as refused:
        return refused.code, str(refused)
    return "", ""


TEXTS = ('"a" "b"', '"a""b"', r'"say \"hi\" \052"', f'"{"x" * 255}"', '"' + r"\052" * 255 + '"', '""')


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_one_quoted_string_or_more(text: str) -> None:
    assert refusal(written("TXT", text)) == ("", "")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f'"{"x" * 256}"', "CharacterStringTooLong (Value is too long)"),
        ('"a"b"', "InvalidCharacterString (Value should be enclosed in quotation marks)"),
        ('"', "InvalidCharacterString (Value should be enclosed in quotation marks)"),
        ('"a\\"', "InvalidCharacterString (Value should be enclosed in quotation marks)"),
    ],
)
def test_other_texts_are_refused(text: str, fault: str) -> None:
    assert refusal(written("TXT", text)) == (
        "InvalidChangeBatch",
        f"Invalid Resource Record: 'FATAL problem: {fault} encountered with '{text}''",
    )


@pytest.mark.parametrize(
    ("rtype", "value"),
    [
        ("MX", "10 mail.example.net"),
        ("MX", "0 ."),
        ("SRV", "1 10 5269 xmpp.example.net."),
        ("CAA", '0 issue "ca.example.net; policy=ev"'),
        ("CNAME", "b.example.net"),
        ("PTR", "b.example.net."),
        ("SOA", "ns.example.net. hostmaster.example.net. 1 7200 900 1209600 86400"),
        ("AAAA", "::ffff:192.0.2.1"),
        ("NAPTR", '100 50 "u" "E2U+sip" "!^.*$!sip:info@example.net!" .'),
    ],
)
def test_values_of_their_types_are_taken(rtype: str, value: str) -> None:
    assert refusal(written(rtype, value)) == ("", "")


@pytest.mark.parametrize(
    ("rtype", "value"),
    [
        ("MX", "mail.example.net"),
        ("MX", "65536 mail.example.net"),
        ("SRV", "1 10 xmpp.example.net."),
        ("CAA", "0 issue ca.example.net"),
        ("CNAME", "b.example.net c.example.net"),
        ("PTR", ""),
        ("NS", "ns..example.net"),
        ("SOA", "ns.example.net. hostmaster.example.net. 1 7200"),
        ("AAAA", "fe80::1%eth0"),
    ],
)
def test_values_of_other_shapes_are_refused(rtype: str, value: str) -> None:
    code, message = refusal(written(rtype, value))
    assert code == "InvalidChangeBatch"
    assert message.startswith("Invalid Resource Record: 'FATAL problem: ")


def test_cname_and_soa_have_one_value() -> None:
    assert "must have exactly one value" in refusal(written("CNAME", "b.example.net", "c.example.net"))[1]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("a..example.com", "DomainLabelEmpty (Domain label is empty) encountered with 'a..example.com.'"),
        (f"{'x' * 64}.example.com", f"DomainLabelTooLong (Domain label is too long) encountered with '{'x' * 64}'"),
        (".".join(["x" * 60] * 5) + ".example.com", "DomainNameTooLong (Domain name is too long)"),
    ],
)
def test_names_keep_to_the_lengths_of_dns(name: str, fault: str) -> None:
    code, message = refusal(written(name=name))
    assert (code, fault in message) == ("InvalidChangeBatch", True)


def test_an_escape_is_one_octet_of_a_label() -> None:
    assert refusal(written(name="\\052" * 63 + ".example.com")) == ("", "")
    assert refusal(written(name="\\777.example.com"))[0] == "InvalidInput"


FORMS = {
    "type": (written("FOO"), "cvc-enumeration-valid: Value 'FOO'"),
    "TTL": (written(ttl=str(2**31)), "is not between 0 and 2147483647"),
    "TTL of other digits": (written(ttl="٣"), "is not a valid value for 'TTL'"),
    "TTL of no digit": (written(ttl="²"), "is not a valid value for 'TTL'"),
    "weight": (written(more="<SetIdentifier>x</SetIdentifier><Weight>much</Weight>"), "is not a valid value for 'Weight'"),
    "identifier": (written(more=f"<SetIdentifier>{'x' * 129}</SetIdentifier><Weight>1</Weight>"), "more than 128 characters"),
    "value": (written("TXT", " ".join([f'"{"x" * 250}"'] * 16)), "more than 4000 characters"),
    "failover": (written(more="<SetIdentifier>x</SetIdentifier><Failover>THIRD</Failover>"), "is none of [PRIMARY, SECONDARY]"),
    "wildcard NS": (written("NS", "ns.example.net", name="*.example.com"), "no wildcard"),
    "weighted NS": (written("NS", "ns.example.net", more=WEIGHTED), "no routing policy"),
    "alias NS": (alias("NS"), "are no aliases"),
    "latency": (written("A", "192.0.2.1", "192.0.2.2", more="<SetIdentifier>x</SetIdentifier><Region>eu-west-1</Region>"), "one value"),
    "multivalue alias": (
        alias("A", "<SetIdentifier>x</SetIdentifier><MultiValueAnswer>true</MultiValueAnswer>"),
        "A multivalue answer set is no alias",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("written_set", "fault"), FORMS.values(), ids=FORMS)
def test_what_no_zone_takes_is_invalid_input(written_set: str, fault: str) -> None:
    code, message = refusal(written_set)
    assert (code, fault in message) == ("InvalidInput", True), message


def test_a_comment_has_at_most_256_characters() -> None:
    assert refusal(written(), comment="x" * 256) == ("", "")
    assert refusal(written(), comment="x" * 257)[0] == "InvalidInput"


def twice(policy: str, again: str) -> Iterator[str]:
    for number, element in enumerate((policy, again)):
        yield written(more=f"<SetIdentifier>set-{number}</SetIdentifier>{element}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<Region>eu-west-1</Region>", "<Region>us-east-1</Region>"),
        ("<Failover>PRIMARY</Failover>", "<Failover>SECONDARY</Failover>"),
        (
            "<GeoLocation><CountryCode>DE</CountryCode></GeoLocation>",
            "<GeoLocation><CountryCode>*</CountryCode></GeoLocation>",
        ),
    ],
)
def test_no_two_sets_have_one_region_role_or_place(one: str, other: str) -> None:
    assert refusal(*twice(one, other)) == ("", "")
    code, message = refusal(*twice(one, one))
    assert (code, "RRSet with the same name, type and" in message) == ("InvalidChangeBatch", True)


def test_the_words_of_a_region_that_is_taken() -> None:
    assert refusal(*twice("<Region>eu-west-1</Region>", "<Region>eu-west-1</Region>"))[1] == (
        "RRSet with DNS name a.example.com., type A, SetIdentifier set-1, and Region Name=eu-west-1 cannot be created because a latency "
        "RRSet with the same name, type and region already exists."
    )


def test_a_name_has_at_most_a_hundred_weighted_sets() -> None:
    sets = [written(more=f"<SetIdentifier>{n}</SetIdentifier><Weight>1</Weight>") for n in range(101)]
    assert refusal(*sets[:100]) == ("", "")
    assert "there are 100 sets" in refusal(*sets)[1]


@given(
    st.sampled_from(["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SPF", "SRV", "TXT", "FOO"]),
    st.text(alphabet='0a. "\\:%²٣é€*\t', max_size=30),
    st.text(alphabet="0129-² ", max_size=22),
    st.text(alphabet="aA.\\0527é€*-", max_size=30),
)
def test_whatever_comes_is_taken_or_refused(rtype: str, value: str, number: str, name: str) -> None:
    """No text makes it fall over."""
    more = f"<SetIdentifier>x</SetIdentifier><Weight>{number}</Weight>"
    assert refusal(written(rtype, value, name=f"{name}.example.com", ttl=number, more=more)) is not None
