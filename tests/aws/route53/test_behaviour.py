"""What happens around a change: throttles, requests under way, propagation, a frozen control plane, contention."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError

from chaoskit.aws.faults.unavailable import Unavailable
from chaoskit.aws.inject import Faults
from chaoskit.aws.route53.buckets import Bucket, Rate
from chaoskit.aws.route53.control_plane import Behaviour
from chaoskit.aws.target import ServiceTarget
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Once
from chaoskit.units import HOUR, MILLISECOND, SECOND
from tests.aws.route53.lab import Lab


def code_of(call: Callable[[], object]) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_an_account_has_fifty_requests_and_then_ten_a_second(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour())  # made its zone with one request
    asked = [code_of(lab.client.list_hosted_zones) for _ in range(50)]
    assert asked == [""] * 49 + ["Throttling"]
    lab.clock.at += SECOND
    assert [code_of(lab.client.list_hosted_zones) for _ in range(11)] == [""] * 10 + ["Throttling"]


def test_create_hosted_zone_has_a_bucket_of_its_own(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=Rate(1000, 1000)))
    asked = [code_of(lambda n=n: lab.create_zone(f"z{n}.{lab.name}")) for n in range(40)]  # type: ignore[misc]
    assert asked == [""] * 39 + ["Throttling"]
    assert code_of(lab.client.list_hosted_zones) == ""


def test_single_changes_can_have_a_bucket_too(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None, changes=Rate(5, 1)))
    lab.change(*(lab.write("CREATE", f"a{n}", "192.0.2.1") for n in range(4)))
    both = [lab.write("CREATE", "b", "192.0.2.1"), lab.write("CREATE", "c", "192.0.2.1")]
    assert lab.refusal(*both) == ("Throttling", "Rate exceeded")
    lab.clock.at += SECOND
    lab.change(*both)


def test_a_refused_request_takes_no_token(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None, changes=Rate(2, 1)))
    three = [lab.write("CREATE", f"a{n}", "192.0.2.1") for n in range(2)]
    lab.change(*three[:1])
    assert lab.refusal(*(lab.write("CREATE", f"b{n}", "192.0.2.1") for n in range(2)))[0] == "Throttling"
    lab.change(lab.write("CREATE", "c", "192.0.2.1"))


def test_a_bucket_never_holds_more_than_its_capacity() -> None:
    bucket = Bucket.full(Rate(3, 1), 0).take(2, 0)
    assert bucket is not None
    assert bucket.filled(HOUR).tokens == 3
    assert bucket.take(2, SECOND // 2) is None
    assert bucket.take(2, SECOND) is not None


def test_a_change_under_way_keeps_the_next_out(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None, processing_ns=20 * MILLISECOND))
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))  # the lab's clock stands: it is under way still
    code, message = lab.refusal(lab.write("CREATE", "b", "192.0.2.2"))
    assert code == "PriorRequestNotComplete"
    assert message == "The request was rejected because Route 53 was still processing a prior request."
    lab.clock.at += 20 * MILLISECOND
    lab.change(lab.write("CREATE", "b", "192.0.2.2"))


def test_zones_do_not_keep_each_other_out(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None, processing_ns=20 * MILLISECOND))
    other = lab.create_zone(f"other.{lab.name}")
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    change = lab.write("CREATE", "a.other", "192.0.2.1")
    lab.change(change, zone_id=other)


def test_a_refused_batch_keeps_nobody_out(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None, processing_ns=20 * MILLISECOND))
    assert lab.refusal(lab.write("DELETE", "a", "192.0.2.1"))[0] == "InvalidChangeBatch"
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))


def test_a_change_is_pending_and_then_in_sync(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None, propagation_ns=30 * SECOND))
    info = lab.change(lab.write("CREATE", "a", "192.0.2.1"))["ChangeInfo"]
    assert info["Status"] == "PENDING"

    def status() -> str:
        return str(lab.client.get_change(Id=info["Id"])["ChangeInfo"]["Status"])

    assert status() == "PENDING"
    lab.clock.at += 30 * SECOND - 1
    assert status() == "PENDING"
    lab.clock.at += 1
    assert status() == "INSYNC"


def test_what_is_pending_is_listed(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None, propagation_ns=30 * SECOND))
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    assert lab.values("a") == [["192.0.2.1"]]


def test_a_change_that_never_was_is_not_found(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None))
    assert code_of(lambda: lab.client.get_change(Id="C2682N5HXP0BZ4")) == "NoSuchChange"


def test_a_hosted_zone_that_never_was_is_not_found(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None))
    assert code_of(lambda: lab.change(lab.write("CREATE", "a", "192.0.2.1"), zone_id="ZNONE")) == "NoSuchHostedZone"
    assert code_of(lambda: lab.client.list_resource_record_sets(HostedZoneId="ZNONE")) == "NoSuchHostedZone"


def test_a_zone_tells_how_many_sets_it_has(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None))
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    assert lab.client.get_hosted_zone(Id=lab.zone_id)["HostedZone"]["ResourceRecordSetCount"] == 3
    listed = {entry["Name"]: entry["ResourceRecordSetCount"] for entry in lab.client.list_hosted_zones()["HostedZones"]}
    assert listed[lab.name] == 3


def test_a_zone_with_records_is_not_deleted(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None))
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    assert code_of(lambda: lab.client.delete_hosted_zone(Id=lab.zone_id)) == "HostedZoneNotEmpty"
    lab.change(lab.write("DELETE", "a", "192.0.2.1"))
    lab.client.delete_hosted_zone(Id=lab.zone_id)
    assert code_of(lambda: lab.client.list_resource_record_sets(HostedZoneId=lab.zone_id)) == "NoSuchHostedZone"


def test_sets_are_listed_by_reversed_name_page_by_page(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None))
    lab.change(*(lab.write("CREATE", label, "192.0.2.1") for label in ("b", "x.a", "a", "z.b", "c")))
    paginator = lab.client.get_paginator("list_resource_record_sets")
    pages = list(paginator.paginate(HostedZoneId=lab.zone_id, PaginationConfig={"PageSize": 2}))
    listed = [entry["Name"].removesuffix(f".{lab.name}") for page in pages for entry in page["ResourceRecordSets"]]
    assert len(pages) == 4
    assert listed == [lab.name, lab.name, "a", "x.a", "b", "z.b", "c"]


def test_weighted_sets_are_paged_by_their_identifier(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None))
    for number in range(5):
        lab.change(lab.write("CREATE", "a", f"192.0.2.{number}", SetIdentifier=f"s{number}", Weight=1))
    paginator = lab.client.get_paginator("list_resource_record_sets")
    pages = paginator.paginate(HostedZoneId=lab.zone_id, PaginationConfig={"PageSize": 2})
    listed = [entry["SetIdentifier"] for page in pages for entry in page["ResourceRecordSets"] if entry["Type"] == "A"]
    assert listed == [f"s{number}" for number in range(5)]


def test_every_accepted_change_is_told_in_order(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None))
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    lab.refusal(lab.write("CREATE", "a", "192.0.2.1"))
    lab.change(lab.write("UPSERT", "a", "192.0.2.2"))
    assert [info.zone.version for info in lab.accepted] == [0, 1, 2]
    assert lab.accepted[-1].before is lab.accepted[-2].zone


def test_of_many_swaps_from_one_value_one_wins(opened: Callable[..., Lab]) -> None:
    lab = opened(Behaviour(account=None))
    lab.change(lab.write("CREATE", "lock", '"0"', rtype="TXT"))
    clients = [lab.connect() for _ in range(8)]

    def swap(number: int) -> str:
        changes = [
            lab.write("DELETE", "lock", '"0"', rtype="TXT"),
            lab.write("CREATE", "lock", f'"{number + 1}"', rtype="TXT"),
        ]
        batch = {"Changes": changes}
        return code_of(lambda: clients[number].change_resource_record_sets(HostedZoneId=lab.zone_id, ChangeBatch=batch))

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(swap, range(8)))
    assert sorted(outcomes) == ["", *["InvalidChangeBatch"] * 7]
    assert lab.values("lock", "TXT") == [[f'"{outcomes.index("") + 1}"']]


def test_a_frozen_control_plane_refuses_changes_and_reads_on(opened: Callable[..., Lab]) -> None:
    """Frozen by an ordinary service fault: ``unavailable`` where the operation is ``POST /2013-04-01/hostedzone/*``."""
    where = ServiceTarget("route53", operation="POST /2013-04-01/hostedzone/*")
    faults = Faults([Injection("frozen", where, Once(0, HOUR), Unavailable())], 0)
    lab = opened(Behaviour(account=None), around=faults.around)
    lab.change(lab.write("CREATE", "a", "192.0.2.1"))
    faults.arm(time.monotonic_ns())
    assert code_of(lambda: lab.change(lab.write("UPSERT", "a", "192.0.2.2"))) != ""
    assert lab.values("a") == [["192.0.2.1"]]


def test_a_list_of_health_checks_says_where_it_ends(opened: Callable[..., Lab]) -> None:
    answer = opened().client.list_health_checks()
    assert (answer["HealthChecks"], answer["IsTruncated"]) == ([], False)  # octoDNS reads both
