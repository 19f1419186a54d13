"""Master files of our own, read by NSD, by BIND and by chaoskit: the same records on the wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dns.masterfiles.peers import WireRecord, bind_records, missing, nsd_records, our_records

CORPUS = Path(__file__).parent / "corpus"
ZONES = sorted(CORPUS.glob("*.zone"))

NOT_NSD = {"generated.test": "$GENERATE is BIND's own", "rare.test": "NSD 4.6 does not know these types"}
"""Zones that NSD refuses, and why."""

BIND_EVENS_TTLS = ("differing.test", "syntax.test", "signed.test")
"""Zones with records whose TTLs differ within a set: BIND gives all of a set the first one's, NSD and chaoskit serve what is written."""


def apex(zone: Path) -> str:
    return "" if zone.stem == "root" else zone.stem


def without_ttl(records: set[WireRecord]) -> set[tuple[bytes, int, bytes]]:
    return {(owner, rtype, data) for owner, rtype, _, data in records}


@pytest.fixture(autouse=True)
def peers() -> None:
    if programs := missing():
        pytest.skip(f"{', '.join(programs)}: not installed (Debian: nsd, bind9-utils)")


@pytest.mark.parametrize("zone", ZONES, ids=apex)
def test_the_same_records_as_nsd(zone: Path) -> None:
    theirs = nsd_records(zone, apex(zone))
    if apex(zone) in NOT_NSD:
        assert theirs is None, "NSD has learnt it: compare"
        pytest.skip(NOT_NSD[apex(zone)])
    assert our_records(zone, apex(zone)) == theirs


@pytest.mark.parametrize("zone", ZONES, ids=apex)
def test_the_same_records_as_bind(zone: Path) -> None:
    ours, theirs = our_records(zone, apex(zone)), bind_records(zone, apex(zone))
    assert theirs is not None, "BIND refuses it"
    if apex(zone) in BIND_EVENS_TTLS:
        assert without_ttl(ours) == without_ttl(theirs)
    else:
        assert ours == theirs
