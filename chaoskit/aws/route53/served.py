"""What Route 53's name servers answer from a hosted zone: aliases followed, sets of one name and type put together. Pure.

Departure: weights choose nothing. Of weighted sets all are served whose weight is above 0 (all, if every weight is 0), so a name is
empty here exactly when no weight could give an address. Sets of other routing policies are all served too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from chaoskit.aws.route53.batch import Change
from chaoskit.aws.route53.control_plane import ChangeInfo
from chaoskit.aws.route53.record_set import HostedZone, RecordSet
from chaoskit.journal.events import HostedZoneChanged, ServedName, ServedRecord, SetChange

MAX_ALIASES = 16
"""Aliases followed for one answer. A chain that is longer, or a loop, gives nothing."""

SetsByName: TypeAlias = Mapping[str, Sequence[RecordSet]]
Served: TypeAlias = Mapping[str, tuple[ServedRecord, ...]]
"""The records of each name that exists, by its name without the final dot; none for an alias whose target is gone."""


def served_names(zone: HostedZone, among: Collection[str] | None = None) -> Served:
    """What is served at each name, or at those ``among`` them, but for the zone's own SOA."""
    by_name = _by_name(zone)
    names: dict[str, tuple[ServedRecord, ...]] = {}
    for name, sets in by_name.items():
        if among is not None and name not in among:
            continue
        types = dict.fromkeys(record_set.rtype for record_set in sets)
        records = [record for rtype in types for record in _records(zone.id, by_name, name, rtype, MAX_ALIASES)]
        names[dns_name(name)] = tuple(record for record in records if record.rtype != "SOA")
    return names


def _by_name(zone: HostedZone) -> dict[str, list[RecordSet]]:
    by_name: dict[str, list[RecordSet]] = {}
    for record_set in zone.sets.values():
        by_name.setdefault(record_set.name, []).append(record_set)
    return by_name


def touched_names(before: HostedZone, after: HostedZone) -> set[str]:
    """The names at which sets differ, and every alias that leads to one of them. A change touches few names of many."""
    keys = {*before.sets, *after.sets}
    touched = {key[0] for key in keys if before.sets.get(key) != after.sets.get(key)}
    aliases: dict[str, set[str]] = {}
    for record_set in (*before.sets.values(), *after.sets.values()):
        if record_set.alias is not None:
            aliases.setdefault(record_set.alias.name, set()).add(record_set.name)
    ahead = list(touched)
    while ahead:
        further = aliases.get(ahead.pop(), set()) - touched
        touched |= further
        ahead += further
    return touched


def _records(zone_id: str, by_name: SetsByName, name: str, rtype: str, aliases: int) -> list[ServedRecord]:
    """The records of a set of names. They have one TTL (RFC 2181 §5.2): the smallest; an alias has its target's."""
    ttl_of: dict[str, int] = {}
    for record_set in _chosen([known for known in by_name.get(name, ()) if known.rtype == rtype]):
        if record_set.alias is None:
            ttl_of |= dict.fromkeys(record_set.values, record_set.ttl or 0)
        elif record_set.alias.zone == zone_id and aliases:
            target = _records(zone_id, by_name, record_set.alias.name, rtype, aliases - 1)
            ttl_of |= {record.data: record.ttl for record in target}
    ttl = min(ttl_of.values(), default=0)
    return [ServedRecord(rtype=rtype, ttl=ttl, data=data) for data in ttl_of]


def _chosen(sets: Sequence[RecordSet]) -> Sequence[RecordSet]:
    weighing = [record_set for record_set in sets if record_set.weight != 0]
    return weighing or sets


def dns_name(name: str) -> str:
    """A name of Route 53 as text of this project: without the final dot, escapes in decimal (RFC 1035 §5.1) and ``*`` as it is."""

    def decoded(escape: re.Match[str]) -> str:
        code = int(escape[1], 8)
        return chr(code) if 33 <= code <= 126 and chr(code) not in ".\\" else f"\\{code:03d}"

    return re.sub(r"\\([0-7]{3})", decoded, name).removesuffix(".")


def change_event(info: ChangeInfo) -> HostedZoneChanged:
    """The journal's account of an accepted change."""
    touched = touched_names(info.before, info.zone)
    before, after = served_names(info.before, touched), served_names(info.zone, touched)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return HostedZoneChanged(
        at=info.at,
        effective_at=info.effective_at,
        zone=dns_name(info.zone.name),
        zone_id=info.zone.id,
        version=info.zone.version,
        change=info.id,
        request=info.request,
        changes=tuple(map(_set_change, info.changes)),
        names=tuple(ServedName(name=name, exists=name in after, records=after.get(name, ())) for name in changed),
    )


def _set_change(change: Change) -> SetChange:
    record_set = change.record_set
    return SetChange(
        action=change.action,
        name=dns_name(record_set.name),
        rtype=record_set.rtype,
        identifier=record_set.identifier,
        values=record_set.values,
        alias=dns_name(record_set.alias.name) if record_set.alias else "",
    )
