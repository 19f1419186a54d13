"""Zones that follow a hosted zone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.clock import Instant
from chaoskit.dns.followed_zones import FollowedZones, HostedChange
from chaoskit.dns.message import Query
from chaoskit.dns.zone import Zone, Zones
from chaoskit.errors import PlaneError
from chaoskit.journal.events import ServedName, ServedRecord, ZoneChanged

APEX = "live.test"
OWN = {"name": "canary.live.test", "rtype": "A", "ttl": 5, "data": "127.0.0.1"}


class Lab:
    """A followed zone, and the clock at 1000."""

    def __init__(self) -> None:
        self.zones = Zones.from_plan([{"apex": APEX, "records": [OWN]}])
        self.events: list[ZoneChanged] = []
        self.followed = FollowedZones(self.zones.zones.values(), self, self._swap, self.events.append)

    def _swap(self, zone: Zone) -> None:
        self.zones = self.zones.with_zone(zone)

    def now(self) -> Instant:
        return 1000

    async def sleep_until(self, instant: Instant) -> None:
        raise AssertionError("nothing here waits")

    def tell(self, *names: ServedName, zone: str = APEX, effective_at: Instant = 400) -> None:
        self.followed.apply(HostedChange(zone, "C1", effective_at, names))

    def ask(self, name: str, rtype: str = "A") -> tuple[str, list[str]]:
        answer = self.zones.answer(Query(name, rtype, "udp", "test", "127.0.0.1", None, 1))
        return answer.rcode, [record.data for record in answer.records]


def at(label: str, *addresses: str) -> ServedName:
    records = tuple(ServedRecord(rtype="A", ttl=5, data=address) for address in addresses)
    return ServedName(name=f"{label}.{APEX}", exists=True, records=records)


def gone(label: str) -> ServedName:
    return ServedName(name=f"{label}.{APEX}", exists=False)


def test_what_is_told_is_served_and_what_is_gone_is_not() -> None:
    lab = Lab()
    lab.tell(at("a", "192.0.2.1"))
    assert lab.ask("a.live.test") == ("NOERROR", ["192.0.2.1"])
    lab.tell(gone("a"))
    assert lab.ask("a.live.test") == ("NXDOMAIN", [])


def test_a_name_without_records_is_empty_and_not_gone() -> None:
    lab = Lab()
    lab.tell(at("active", "192.0.2.1"))
    lab.tell(at("active"))
    assert lab.ask("active.live.test") == ("NOERROR", [])
    lab.tell(at("other", "192.0.2.2"))
    assert lab.ask("active.live.test") == ("NOERROR", []), "a later change elsewhere does not forget it"


def test_records_of_its_own_stay() -> None:
    lab = Lab()
    lab.tell(at("a", "192.0.2.1"))
    assert lab.ask("canary.live.test") == ("NOERROR", ["127.0.0.1"])
    lab.tell(at("canary", "192.0.2.9"))
    assert lab.ask("canary.live.test") == ("NOERROR", ["192.0.2.9"])
    lab.tell(gone("canary"))
    assert lab.ask("canary.live.test") == ("NOERROR", ["127.0.0.1"])


def test_the_journal_tells_before_after_and_lag() -> None:
    lab = Lab()
    lab.tell(at("a", "192.0.2.1"))
    lab.tell(at("a", "192.0.2.2"), effective_at=900)
    change = lab.events[-1]
    assert (change.source, change.author, change.lag_ns, change.serial) == ("route53", "C1", 100, 3)
    (name,) = change.changes
    assert ([record.data for record in name.before], [record.data for record in name.after]) == (
        ["192.0.2.1"],
        ["192.0.2.2"],
    )


def test_a_change_of_the_apex_keeps_the_soa() -> None:
    lab = Lab()
    ns = ServedRecord(rtype="NS", ttl=5, data="ns.elsewhere.test")
    lab.tell(ServedName(name=APEX, exists=True, records=(ns,)))
    assert lab.ask(APEX, "NS") == ("NOERROR", ["ns.elsewhere.test"])
    assert lab.ask(APEX, "SOA")[0] == "NOERROR"
    assert [record.rtype for record in lab.events[-1].changes[0].after] == ["NS"]


def test_a_zone_that_follows_nothing_is_not_told() -> None:
    with pytest.raises(PlaneError, match=r"no zone here follows the hosted zone other\.test"):
        Lab().tell(at("a", "192.0.2.1"), zone="other.test")


def test_what_cannot_be_served_is_told_and_changes_nothing() -> None:
    lab = Lab()
    lab.tell(at("a", "192.0.2.1"))
    with pytest.raises(PlaneError, match=r"holds what cannot be served: .*300\.0\.0\.1"):
        lab.tell(at("a", "300.0.0.1"))
    assert lab.ask("a.live.test") == ("NOERROR", ["192.0.2.1"])
    lab.tell(at("b", "192.0.2.2"))
    assert lab.ask("a.live.test") == ("NOERROR", ["192.0.2.1"])


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "x.a", "y.x.a"]), st.none() | st.integers(0, 2)), max_size=12))
def test_any_row_of_changes_serves_what_was_told_last(changes: list[tuple[str, int | None]]) -> None:
    lab, served = Lab(), dict[str, int]()
    for label, count in changes:
        if count is None:
            served.pop(label, None)
            lab.tell(gone(label))
        else:
            served[label] = count
            lab.tell(at(label, *(f"192.0.2.{n}" for n in range(count))))
    for label, count in served.items():
        assert lab.ask(f"{label}.live.test") == ("NOERROR", [f"192.0.2.{n}" for n in range(count)])
    for label in {"a", "b", "x.a", "y.x.a"} - set(served):
        below = any(other.endswith(f".{label}") for other in served)
        assert lab.ask(f"{label}.live.test") == ("NOERROR" if below else "NXDOMAIN", [])
