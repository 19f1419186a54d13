"""Route 53's rules for change batches, a test each, through boto3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aws.route53.lab import Lab, opened


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    yield from opened(tmp_path_factory.mktemp("route53"))


@pytest.fixture(autouse=True)
def zone(lab: Lab, request: pytest.FixtureRequest) -> None:
    """A hosted zone of the test's own."""
    label = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[-50:].strip("-")
    lab.name = f"{label}.example.com."
    lab.zone_id = lab.create_zone(lab.name)


def weighted(identifier: str, weight: int = 1) -> dict[str, Any]:
    return {"SetIdentifier": identifier, "Weight": weight}


def test_create_of_what_exists_is_refused(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    code, message = lab.refusal(lab.write("CREATE", "a", "192.0.2.2"))
    assert code == "InvalidChangeBatch"
    assert message == f"[Tried to create resource record set [name='a.{lab.name}', type='A'] but it already exists]"
    assert lab.values("a") == [["192.0.2.1"]]


def test_create_of_an_equal_set_is_refused_too(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    assert "already exists" in lab.refusal(lab.write("CREATE", "a", "192.0.2.1"))[1]


def test_delete_of_what_is_not_there_is_refused(lab: Lab) -> None:
    code, message = lab.refusal(lab.write("DELETE", "a", "192.0.2.1"))
    assert code == "InvalidChangeBatch"
    assert message == f"[Tried to delete resource record set [name='a.{lab.name}', type='A'] but it was not found]"


@pytest.mark.parametrize(("value", "ttl"), [("192.0.2.9", 60), ("192.0.2.1", 61)], ids=["another value", "another TTL"])
def test_delete_needs_exactly_what_is_there(lab: Lab, value: str, ttl: int) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    _, message = lab.refusal(lab.write("DELETE", "a", value, ttl=ttl))
    assert message.endswith("but the values provided do not match the current values]")
    assert lab.values("a") == [["192.0.2.1"]]


def test_delete_of_one_of_two_values_is_refused(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1", "192.0.2.2"))
    assert "do not match" in lab.refusal(lab.write("DELETE", "a", "192.0.2.1"))[1]


def test_delete_takes_the_values_in_any_order(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1", "192.0.2.2"))
    lab.change(lab.write("DELETE", "a", "192.0.2.2", "192.0.2.1"))
    assert lab.values("a") == []


def test_delete_judges_what_is_there_not_what_once_was(lab: Lab) -> None:
    """moto looks into its record of past changes, and lets a stale lock be stolen."""
    lab.change(lab.write("CREATE", "lock", '"one"', rtype="TXT"))
    lab.change(lab.write("UPSERT", "lock", '"two"', rtype="TXT"))
    stale = [lab.write("DELETE", "lock", '"one"', rtype="TXT"), lab.write("CREATE", "lock", '"thief"', rtype="TXT")]
    assert "do not match the current values" in lab.refusal(*stale)[1]
    assert lab.values("lock", "TXT") == [['"two"']]


def test_a_compare_and_swap_that_is_current_is_accepted(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "lock", '"one"', rtype="TXT"))
    lab.change(lab.write("DELETE", "lock", '"one"', rtype="TXT"), lab.write("CREATE", "lock", '"two"', rtype="TXT"))
    assert lab.values("lock", "TXT") == [['"two"']]


def test_a_batch_counts_whole_or_not_at_all(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    code, _ = lab.refusal(
        lab.write("CREATE", "b", "192.0.2.2"),
        lab.write("UPSERT", "a", "192.0.2.9"),
        lab.write("DELETE", "c", "192.0.2.3"),
    )
    assert code == "InvalidChangeBatch"
    assert [record_set["Name"] for record_set in lab.sets()] == [f"a.{lab.name}"]
    assert lab.values("a") == [["192.0.2.1"]]


def test_every_complaint_about_a_batch_is_told(lab: Lab) -> None:
    _, message = lab.refusal(lab.write("DELETE", "a", "192.0.2.1"), lab.write("DELETE", "b", "192.0.2.1"))
    assert message.count("but it was not found") == 2


def test_upsert_creates_and_replaces_whole(lab: Lab) -> None:
    lab.change(lab.write("UPSERT", "a", "192.0.2.1", "192.0.2.2"))
    lab.change(lab.write("UPSERT", "a", "192.0.2.3"))
    assert lab.values("a") == [["192.0.2.3"]]


def test_one_set_is_not_deleted_twice_in_a_batch(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    code, message = lab.refusal(lab.write("DELETE", "a", "192.0.2.1"), lab.write("DELETE", "a", "192.0.2.1"))
    assert code == "InvalidChangeBatch"
    assert message == f"[The request contains an invalid set of changes for a resource record set 'A a.{lab.name}']"


def test_create_before_delete_of_one_set_is_refused(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    _, message = lab.refusal(lab.write("CREATE", "a", "192.0.2.2"), lab.write("DELETE", "a", "192.0.2.1"))
    assert "invalid set of changes" in message


def test_an_alias_without_its_target_is_refused(lab: Lab) -> None:
    code, message = lab.refusal(lab.alias("CREATE", "active", "plan-7"))
    assert code == "InvalidChangeBatch"
    assert message == (
        f"[Tried to create an alias that targets plan-7.{lab.name}, type A in zone {lab.zone_id}, but that target was not found]"
    )


def test_an_alias_needs_a_target_of_its_own_type(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "plan-7", "2001:db8::1", rtype="AAAA"))
    assert "type A in zone" in lab.refusal(lab.alias("CREATE", "active", "plan-7"))[1]
    lab.change(lab.alias("CREATE", "active", "plan-7", rtype="AAAA"))


def test_upsert_of_an_alias_needs_its_target_too(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "plan-7", "192.0.2.7"), lab.alias("CREATE", "active", "plan-7"))
    assert "that target was not found" in lab.refusal(lab.alias("UPSERT", "active", "plan-8"))[1]


def test_a_target_made_earlier_in_the_batch_will_do(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "plan-7", "192.0.2.7"), lab.alias("CREATE", "active", "plan-7"))
    assert len(lab.sets()) == 2


def test_a_target_made_later_in_the_batch_will_not(lab: Lab) -> None:
    changes = [lab.alias("CREATE", "active", "plan-7"), lab.write("CREATE", "plan-7", "192.0.2.7")]
    assert "that target was not found" in lab.refusal(*changes)[1]


def test_a_target_upserted_later_is_not_found_though_there(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "plan-7", "192.0.2.7"))
    changes = [lab.alias("CREATE", "active", "plan-7"), lab.write("UPSERT", "plan-7", "192.0.2.8")]
    assert "that target was not found" in lab.refusal(*changes)[1]


def test_a_target_deleted_earlier_in_the_batch_is_gone(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "plan-7", "192.0.2.7"))
    changes = [lab.write("DELETE", "plan-7", "192.0.2.7"), lab.alias("CREATE", "active", "plan-7")]
    assert "that target was not found" in lab.refusal(*changes)[1]


def test_an_aliases_target_may_be_deleted(lab: Lab) -> None:
    """So a record becomes empty; and nothing that points at it can then be written again."""
    lab.change(lab.write("CREATE", "plan-7", "192.0.2.7"), lab.alias("CREATE", "active", "plan-7"))
    lab.change(lab.write("DELETE", "plan-7", "192.0.2.7"))
    assert [record_set["Name"] for record_set in lab.sets()] == [f"active.{lab.name}"]
    assert "that target was not found" in lab.refusal(lab.alias("UPSERT", "rollback", "plan-7"))[1]


def test_an_alias_whose_target_is_gone_can_be_deleted(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "plan-7", "192.0.2.7"), lab.alias("CREATE", "active", "plan-7"))
    lab.change(lab.write("DELETE", "plan-7", "192.0.2.7"))
    lab.change(lab.alias("DELETE", "active", "plan-7"))
    assert lab.sets() == []


def test_an_alias_to_another_name_is_no_match_for_delete(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "p7", "192.0.2.7"), lab.write("CREATE", "p8", "192.0.2.8"))
    lab.change(lab.alias("CREATE", "active", "p7"))
    assert "do not match" in lab.refusal(lab.alias("DELETE", "active", "p8"))[1]


def test_an_alias_outside_its_target_zone_is_refused(lab: Lab) -> None:
    change = lab.alias("CREATE", "active", "x")
    change["ResourceRecordSet"]["AliasTarget"]["DNSName"] = "elsewhere.example.org"
    assert "the alias target name does not lie within the target zone" in lab.refusal(change)[1]


def test_an_alias_to_a_resource_of_aws_is_taken_as_it_is(lab: Lab) -> None:
    change = lab.alias("CREATE", "www", "x")
    change["ResourceRecordSet"]["AliasTarget"] |= {
        "HostedZoneId": "Z35SXDOTRQ7X7K",
        "DNSName": "lb-1.us-east-1.elb.amazonaws.com",
    }
    lab.change(change)
    assert lab.sets()[0]["AliasTarget"]["DNSName"] == "lb-1.us-east-1.elb.amazonaws.com."


def test_an_alias_has_no_values_of_its_own(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "plan-7", "192.0.2.7"))
    code, message = lab.refusal(
        lab.alias("CREATE", "active", "plan-7", TTL=60, ResourceRecords=[{"Value": "192.0.2.1"}])
    )
    assert code == "InvalidInput"
    assert "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]" in message
    assert "but found more than one in Change with [Action=CREATE" in message


def test_a_set_has_values_or_an_alias(lab: Lab) -> None:
    code, message = lab.refusal({"Action": "CREATE", "ResourceRecordSet": {"Name": lab.fqdn("a"), "Type": "A"}})
    assert (code, "but found none in Change" in message) == ("InvalidInput", True)


def test_a_cname_stands_alone(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    _, message = lab.refusal(lab.write("CREATE", "a", "b.example.com", rtype="CNAME"))
    assert message == (
        f"[RRSet of type CNAME with DNS name a.{lab.name} is not permitted as it conflicts with other records "
        f"with the same DNS name in zone {lab.name}]"
    )


def test_nothing_stands_beside_a_cname(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "b.example.com", rtype="CNAME"))
    assert "a conflicting RRSet of type CNAME" in lab.refusal(lab.write("CREATE", "a", "192.0.2.1"))[1]


def test_a_cname_gives_way_in_one_batch(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "b.example.com", rtype="CNAME"))
    lab.change(lab.write("DELETE", "a", "b.example.com", rtype="CNAME"), lab.write("CREATE", "a", "192.0.2.1"))
    assert lab.values("a") == [["192.0.2.1"]]


def test_no_cname_at_the_apex(lab: Lab) -> None:
    assert "is not permitted at apex in zone" in lab.refusal(lab.write("CREATE", "", "b.example.com", rtype="CNAME"))[1]


def test_names_outside_the_zone_are_refused(lab: Lab) -> None:
    change = lab.write("CREATE", "a", "192.0.2.1")
    change["ResourceRecordSet"]["Name"] = "a.example.org"
    assert lab.refusal(change)[1] == f"[RRSet with DNS name a.example.org. is not permitted in zone {lab.name}]"


def test_a_name_that_only_ends_alike_is_outside(lab: Lab) -> None:
    change = lab.write("CREATE", "a", "192.0.2.1")
    change["ResourceRecordSet"]["Name"] = f"not{lab.name}"
    assert "is not permitted in zone" in lab.refusal(change)[1]


def test_the_apex_keeps_its_soa_and_its_ns(lab: Lab) -> None:
    listed = lab.client.list_resource_record_sets(HostedZoneId=lab.zone_id)["ResourceRecordSets"]
    by_type = {record_set["Type"]: {"Action": "DELETE", "ResourceRecordSet": record_set} for record_set in listed}
    assert lab.refusal(by_type["SOA"])[1] == "[A HostedZone must contain exactly one SOA record.]"
    assert "must contain at least one NS record for the zone itself" in lab.refusal(by_type["NS"])[1]


def test_weighted_sets_stand_beside_each_other(lab: Lab) -> None:
    lab.change(
        lab.write("CREATE", "a", "192.0.2.1", **weighted("one", 10)),
        lab.write("CREATE", "a", "192.0.2.2", **weighted("two", 0)),
    )
    assert [(record_set["SetIdentifier"], record_set["Weight"]) for record_set in lab.sets()] == [
        ("one", 10),
        ("two", 0),
    ]
    _, message = lab.refusal(lab.write("CREATE", "a", "192.0.2.3", **weighted("two")))
    assert f"[name='a.{lab.name}', type='A', set-identifier='two'] but it already exists" in message


def test_delete_of_a_weighted_set_needs_its_weight(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1", **weighted("one", 10)))
    assert "do not match" in lab.refusal(lab.write("DELETE", "a", "192.0.2.1", **weighted("one", 11)))[1]
    lab.change(lab.write("DELETE", "a", "192.0.2.1", **weighted("one", 10)))


def test_simple_and_weighted_sets_do_not_mix(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    message = lab.refusal(lab.write("CREATE", "a", "192.0.2.2", **weighted("two")))[1]
    assert "cannot be created as a non-weighted set exists with the same name and type." in message


def test_weighted_sets_have_one_ttl(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1", **weighted("one")))
    message = lab.refusal(lab.write("CREATE", "a", "192.0.2.2", ttl=61, **weighted("two")))[1]
    assert "weighted sets must contain the same TTL." in message


def test_a_routing_policy_needs_an_identifier(lab: Lab) -> None:
    assert lab.refusal(lab.write("CREATE", "a", "192.0.2.1", Weight=1))[0] == "InvalidInput"
    assert lab.refusal(lab.write("CREATE", "a", "192.0.2.1", SetIdentifier="one"))[0] == "InvalidInput"


@pytest.mark.parametrize(
    ("rtype", "value", "fault"),
    [
        ("A", "300.0.2.1", "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"),
        ("AAAA", "192.0.2.1", "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"),
        ("TXT", "bare", "InvalidCharacterString (Value should be enclosed in quotation marks)"),
    ],
)
def test_values_are_data_of_their_type(lab: Lab, rtype: str, value: str, fault: str) -> None:
    _, message = lab.refusal(lab.write("CREATE", "a", value, rtype=rtype))
    assert message == f"[Invalid Resource Record: 'FATAL problem: {fault} encountered with '{value}'']"


def test_a_value_stands_once_in_a_set(lab: Lab) -> None:
    assert (
        "Duplicate Resource Record: '192.0.2.1'" in lab.refusal(lab.write("CREATE", "a", "192.0.2.1", "192.0.2.1"))[1]
    )


def test_a_batch_has_at_most_a_thousand_records(lab: Lab) -> None:
    addresses = [f"10.0.{n // 250}.{n % 250}" for n in range(1001)]
    assert "limit of 1000 exceeded" in lab.refusal(lab.write("CREATE", "a", *addresses))[1]
    lab.change(lab.write("CREATE", "a", *addresses[:1000]))


def test_records_of_an_upsert_count_twice(lab: Lab) -> None:
    addresses = [f"10.0.{n // 250}.{n % 250}" for n in range(501)]
    assert "limit of 1000 exceeded" in lab.refusal(lab.write("UPSERT", "a", *addresses))[1]
    lab.change(lab.write("UPSERT", "a", *addresses[:500]))


def test_a_batch_has_at_most_so_many_characters(lab: Lab) -> None:
    texts = [f'"{n:03d}{"x" * 250}"' for n in range(127)]  # 127 times 255
    assert "limit of 32000 exceeded" in lab.refusal(lab.write("CREATE", "a", *texts, rtype="TXT"))[1]
    lab.change(lab.write("CREATE", "a", *texts[:125], rtype="TXT"))


def test_names_are_one_whatever_their_case_and_final_dot(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    change = lab.write("CREATE", "a", "192.0.2.2")
    change["ResourceRecordSet"]["Name"] = lab.fqdn("A").rstrip(".").upper()
    assert "already exists" in lab.refusal(change)[1]


def test_a_wildcard_is_listed_as_an_escape(lab: Lab) -> None:
    lab.change(lab.write("CREATE", "*", "192.0.2.1"))
    assert lab.sets()[0]["Name"] == f"\\052.{lab.name}"
    lab.change(lab.write("DELETE", "*", "192.0.2.1"))


def test_zones_keep_their_records_apart(lab: Lab) -> None:
    other = lab.create_zone(f"other-{lab.name}")
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    listed = lab.client.list_resource_record_sets(HostedZoneId=other)["ResourceRecordSets"]
    assert {record_set["Type"] for record_set in listed} == {"NS", "SOA"}
