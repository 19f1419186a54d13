"""Zones that follow a hosted zone of Route 53: told name by name what is served there, and from when on.

Who tells it (the mock AWS, or a reader of any compatible endpoint) is not known here; the engine or the command line passes it on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chaoskit.clock import Clock, Instant
from chaoskit.dns import rrtypes
from chaoskit.dns.codec import check_record
from chaoskit.dns.message import Record
from chaoskit.dns.names import canonical
from chaoskit.dns.update import name_change, next_serial, with_serial
from chaoskit.dns.zone import FOLLOWED, NOT_DATA, Node, WrongName, Zone
from chaoskit.errors import PlaneError
from chaoskit.journal.events import ServedName, ServedRecord, ZoneChanged


@dataclass(frozen=True, slots=True)
class HostedChange:
    """A change of the hosted zone that ``zone`` follows: what is served at ``names`` from ``effective_at`` on.

    ``author`` is the change's id there.
    """

    zone: str
    author: str
    effective_at: Instant
    names: tuple[ServedName, ...]

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> HostedChange:
        """The command ``follow`` of the process contract (ARCHITECTURE.md)."""
        names = tuple(
            ServedName(
                name=entry["name"],
                exists=entry["exists"],
                records=tuple(ServedRecord(**record) for record in entry["records"]),
            )
            for entry in plain["names"]
        )
        return cls(plain["zone"], plain["author"], plain["effective_at"], names)


class FollowedZones:
    """The zones of a server that follow hosted zones. ``swap`` serves another version of one; ``emit`` gets the journal's account.

    Names may exist there without a record (an alias whose target is gone), which the records of a zone cannot say; so what was told is
    kept here. Records that the zone has of its own stay beside them, but at a name that the hosted zone has.
    """

    def __init__(
        self, zones: Iterable[Zone], clock: Clock, swap: Callable[[Zone], object], emit: Callable[[ZoneChanged], object]
    ) -> None:
        self._zones = {zone.apex: zone for zone in zones}
        self._own = dict(self._zones)
        self._nodes: dict[str, dict[str, Node]] = {zone.apex: {} for zone in self._zones.values()}
        self._clock = clock
        self._swap = swap
        self._emit = emit

    def apply(self, change: HostedChange) -> None:
        """Serve what ``change`` says, from now on. Raises ``PlaneError`` for what this server cannot serve."""
        before = self._zones.get(canonical(change.zone))
        if before is None:
            raise PlaneError(f"no zone here follows the hosted zone {change.zone}")
        nodes = dict(self._nodes[before.apex])
        soa = before.nodes[before.apex]["SOA"][0]
        try:
            for entry in change.names:
                if entry.exists:
                    nodes[canonical(entry.name)] = _node(entry)
                else:
                    nodes.pop(canonical(entry.name), None)
            own = {name: node for name, node in self._own[before.apex].nodes.items() if node}
            whole = {**own, **nodes}
            apex = {**whole[before.apex], "SOA": (with_serial(soa, next_serial(before.serial)),)}
            after = Zone.from_nodes(before.apex, {**whole, before.apex: apex})
        except (ValueError, WrongName) as error:
            raise PlaneError(f"the hosted zone {change.zone} holds what cannot be served: {error}") from error
        self._zones[before.apex], self._nodes[before.apex] = after, nodes
        self._swap(after)
        now = self._clock.now()
        self._emit(
            ZoneChanged(
                at=now,
                zone=after.apex,
                serial=after.serial,
                source="route53",
                author=change.author,
                changes=tuple(name_change(canonical(entry.name), before, after) for entry in change.names),
                lag_ns=now - change.effective_at,
            )
        )


def _node(served: ServedName) -> Node:
    node: dict[str, tuple[Record, ...]] = {}
    for entry in served.records:
        record = Record(canonical(served.name), rrtypes.canonical(entry.rtype), entry.ttl, entry.data)
        if record.rtype in NOT_DATA or (record.rtype in FOLLOWED and record.data.lstrip().startswith("\\#")):
            raise ValueError(f"{record.name} has {record.rtype} data {record.data!r}")
        check_record(record)
        node[record.rtype] = (*node.get(record.rtype, ()), record)
    return node
