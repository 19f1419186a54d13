"""How much larger an answer may be than its question: what a forger of addresses gains (RFC 5358). Over UDP, where they can forge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dns.message
import pytest

from chaoskit.dns.codec import PLAIN_UDP_SIZE, SERVER_UDP_SIZE
from chaoskit.dns.zone import Zones
from chaoskit.experiment.loader import load
from chaoskit.experiment.plans import zones as zones_of
from tests.dns.fuzz.properties import answer_of
from tests.dns.protocol.zones import ZONES

EXPERIMENTS = Path(__file__).resolve().parents[3] / "experiments"
TYPES = ["A", "AAAA", "ANY", "CNAME", "NS", "SOA", "TXT", "MX", "DS", "TYPE65400"]


def largest(plans: list[dict[str, Any]], edns: dict[str, Any]) -> float:
    """The largest ratio of an answer's bytes to its question's, whatever is asked of these zones."""
    zones = Zones.from_plan(plans)
    names = {name for zone in zones.zones.values() for name in (*zone.nodes, zone.apex, f"x.{zone.apex}")} | {
        "example.com"
    }
    ratios = []
    for name in names:
        for rtype in TYPES:
            query = dns.message.make_query(name, rtype, **edns).to_wire()
            answer = answer_of(query, "udp", zones)
            assert answer is not None
            ratios.append(len(answer) / len(query))
    return max(ratios)


@pytest.mark.parametrize(("edns", "bound"), [({"use_edns": -1}, 4.0), ({"use_edns": 0, "payload": 1232}, 4.0)])
def test_rfc5358_the_zones_of_experiments_are_poor_amplifiers(edns: dict[str, Any], bound: float) -> None:
    found = [largest(zones_of(load(path).spec), edns) for path in sorted(EXPERIMENTS.glob("*/*.yaml"))]
    assert 1 < max(found) < bound


@pytest.mark.parametrize(
    ("edns", "size"), [({"use_edns": -1}, PLAIN_UDP_SIZE), ({"use_edns": 0, "payload": 65535}, SERVER_UDP_SIZE)]
)
def test_whatever_a_zone_holds_the_size_limits_bound_it(edns: dict[str, Any], size: int) -> None:
    shortest = len(dns.message.make_query("p.test", "A", **edns).to_wire())
    assert largest(ZONES, edns) <= size / shortest
