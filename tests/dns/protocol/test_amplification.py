"""How much larger an answer may be than its question: what a forger of addresses gains (RFC 5358). Over UDP, where they can forge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import dns.message
import pytest

from chaoskit.dns.codec import PLAIN_UDP_SIZE, SERVER_UDP_SIZE
from chaoskit.dns.zone import Zones
from chaoskit.experiment.loader import load
from chaoskit.experiment.plans import zones as zones_of
from chaoskit.experiment.shipped import index
from tests.dns.fuzz.properties import answer_of
from tests.dns.protocol.zones import ZONES

TYPES = ["A", "AAAA", "ANY", "CNAME", "NS", "SOA", "TXT", "MX", "DS", "TYPE65400"]


def unlike(plans: list[dict[str, Any]]) -> Iterator[tuple[Zones, str]]:
    """Every name of these zones and its zone, but for those that differ from another in nothing but letters.

    Those are as long, label for label, in a zone whose name is as long, and have as many records of each type.
    """
    seen = set()
    for plan in plans:
        zones = Zones.from_plan([plan])
        (zone,) = zones.zones.values()
        for name in (*zone.nodes, zone.apex, f"x.{zone.apex}", "example.com"):
            records = tuple((rtype, len(found)) for rtype, found in sorted(zone.nodes.get(name, {}).items()))
            shape = (tuple(map(len, name.split("."))), tuple(map(len, zone.apex.split("."))), records)
            if shape not in seen:
                seen.add(shape)
                yield zones, name


def largest(plans: list[dict[str, Any]], edns: dict[str, Any]) -> float:
    """The largest ratio of an answer's bytes to its question's, whatever is asked of these zones."""
    ratios = []
    for zones, name in unlike(plans):
        for rtype in TYPES:
            query = dns.message.make_query(name, rtype, **edns).to_wire()
            answer = answer_of(query, "udp", zones)
            assert answer is not None
            ratios.append(len(answer) / len(query))
    return max(ratios)


@pytest.mark.parametrize(("edns", "bound"), [({"use_edns": -1}, 4.0), ({"use_edns": 0, "payload": 1232}, 4.0)])
def test_rfc5358_the_zones_of_experiments_are_poor_amplifiers(edns: dict[str, Any], bound: float) -> None:
    plans = {json.dumps(plan): plan for shipped in index() for plan in zones_of(load(shipped.path).spec)}
    assert 1 < largest(list(plans.values()), edns) < bound


@pytest.mark.parametrize(
    ("edns", "size"), [({"use_edns": -1}, PLAIN_UDP_SIZE), ({"use_edns": 0, "payload": 65535}, SERVER_UDP_SIZE)]
)
def test_whatever_a_zone_holds_the_size_limits_bound_it(edns: dict[str, Any], size: int) -> None:
    shortest = len(dns.message.make_query("p.test", "A", **edns).to_wire())
    assert largest(ZONES, edns) <= size / shortest
