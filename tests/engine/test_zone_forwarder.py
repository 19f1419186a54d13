"""From the journal to the DNS process."""

from __future__ import annotations

from typing import Any

from chaoskit.dns.followed_zones import HostedChange
from chaoskit.engine.zone_forwarder import ZoneForwarder
from chaoskit.journal.events import CanaryChecked, HostedZoneChanged, ServedName, ServedRecord
from chaoskit.journal.store import Journal

NAMES = (
    ServedName(name="a.live.test", exists=True, records=(ServedRecord(rtype="A", ttl=5, data="192.0.2.1"),)),
    ServedName(name="b.live.test", exists=False),
)


def changed(zone: str) -> HostedZoneChanged:
    return HostedZoneChanged(
        at=1, effective_at=7, zone=zone, zone_id="Z1", version=1, change="C1", request=3, names=NAMES
    )


def test_a_change_of_a_followed_zone_is_passed_on_as_it_is() -> None:
    commands: list[dict[str, Any]] = []
    journal = Journal()
    journal.listen(ZoneForwarder(["Live.test."], commands.append))
    journal.append(changed("live.test"))
    journal.append(changed("other.test"))
    journal.append(CanaryChecked(at=1, name="canary", ok=True, detail="", latency_ns=1))
    (command,) = commands
    assert command.pop("do") == "follow"
    assert HostedChange.from_json(command) == HostedChange("live.test", "C1", 7, NAMES)
