"""What is told of an injection that may never meet a query."""

from __future__ import annotations

from typing import Any

import pytest

from chaoskit.dns.control.target_warning import doubt
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zones


def zone(apex: str, *records: tuple[str, str, str]) -> dict[str, Any]:
    return {"apex": apex, "records": [{"name": name, "rtype": t, "ttl": 5, "data": data} for name, t, data in records]}


ZONES = Zones.from_plan(
    [
        zone(
            "example.com",
            ("api.example.com", "A", "192.0.2.1"),
            ("deep.sub.example.com", "A", "192.0.2.1"),
            ("cut.example.com", "NS", "ns.example.net"),
        ),
        zone("wild.test", ("*.wild.test", "A", "192.0.2.1")),
    ]
)


@pytest.mark.parametrize(
    "where",
    [
        DnsTarget("api.example.com"),
        DnsTarget("API.example.com", types=("AAAA",)),
        DnsTarget("sub.example.com"),
        DnsTarget("x.cut.example.com"),
        DnsTarget("anything.wild.test"),
        DnsTarget(under="example.com"),
        DnsTarget(under="com"),
        DnsTarget(glob="api.*"),
        DnsTarget(regex=r"api\..*"),
        DnsTarget(regex="q+"),  # the wildcard might answer for it
    ],
)
def test_of_what_is_served_nothing_is_told(where: DnsTarget) -> None:
    assert doubt(where, ZONES, forwards=False) is None


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            DnsTarget("apy.example.com"),
            "apy.example.com does not exist in the zone example.com; did you mean api.example.com?",
        ),
        (DnsTarget("zzz.example.com"), "zzz.example.com does not exist in the zone example.com"),
        (
            DnsTarget("api.exmaple.com"),
            "no zone here answers for api.exmaple.com, so it is REFUSED anyway; served: example.com, wild.test; "
            "did you mean api.example.com?",
        ),
        (
            DnsTarget(under="net"),
            "no zone here answers for net and below, so it is REFUSED anyway; served: example.com, wild.test",
        ),
    ],
)
def test_of_what_is_not_the_nearest_is_named(where: DnsTarget, said: str) -> None:
    assert doubt(where, ZONES, forwards=False) == said


def test_a_glob_that_no_name_fits_is_warned_of_without_wildcard() -> None:
    zones = Zones.from_plan([zone("example.com", ("api.example.com", "A", "192.0.2.1"))])
    said = "no name that exists here matches db.*, nor one that a search list makes; served: example.com"
    assert doubt(DnsTarget(glob="db.*"), zones, forwards=False) == said
    assert (
        doubt(DnsTarget("api.example.com"), Zones({}), forwards=False)
        == "no zone here answers for api.example.com, so it is REFUSED anyway; served: none"
    )


def test_an_upstream_may_have_what_zones_lack_not_what_they_deny() -> None:
    assert doubt(DnsTarget("www.example.net"), ZONES, forwards=True) is None
    assert doubt(DnsTarget(glob="db.*"), ZONES, forwards=True) is None
    assert doubt(DnsTarget("zzz.example.com"), ZONES, forwards=True) is not None


@pytest.mark.parametrize(
    "where",
    [
        DnsTarget(glob="*.com.*.cluster.local"),
        DnsTarget(glob="*.shop.svc.cluster.local"),
        DnsTarget(regex=r".*\.com\..*\.cluster\.local"),
        DnsTarget(regex=r"gone-\d+\.cluster\.local$"),
        DnsTarget(glob="x.us-east-1.amazonaws.com.*"),
        DnsTarget(regex=r"x\.us-east-1\.amazonaws\.com\.[a-z.]+"),
    ],
)
def test_names_that_do_not_exist_and_that_a_search_list_makes(where: DnsTarget) -> None:
    zones = Zones.from_plan(
        [
            zone("amazonaws.com", ("x.us-east-1.amazonaws.com", "A", "192.0.2.1")),
            zone("cluster.local", ("db.shop.svc.cluster.local", "A", "192.0.2.2")),
        ]
    )
    assert doubt(where, zones, forwards=False) is None
