"""What Route 53's name servers answer from a hosted zone: aliases followed, sets of one name and type put together. Pure.

Departure: weights choose nothing. Of weighted sets all are served whose weight is above 0 (all, if every weight is 0), so a name is
empty here exactly when no weight could give an address. Sets of other routing policies are all served too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from chaoskit.aws.route53.batch import Change
from chaoskit.aws.route53.control_plane import ChangeInfo
from chaoskit.aws.route53.record_set import HostedZone, RecordSet
from chaoskit.journal.events import HostedZoneChanged, ServedName, ServedRecord, SetChange

MAX_ALIASES = 16
"""Aliases followed for one answer. A chain that is longer, or a loop, gives nothing."""

Served: TypeAlias = Mapping[str, tuple[ServedRecord, ...]]
"""The records of each name that exists, by its name without the final dot; none for an alias whose target is gone."""


def served_names(zone: HostedZone) -> Served:
    """All that is served, but for the zone's own SOA."""
    names: dict[str, tuple[ServedRecord, ...]] = {}
    for name in dict.fromkeys(record_set.name for record_set in zone.sets.values()):
        types = dict.fromkeys(record_set.rtype for record_set in zone.at(name))
        records = [record for rtype in types for record in _records(zone, name, rtype, MAX_ALIASES)]
        names[dns_name(name)] = tuple(record for record in records if record.rtype != "SOA")
    return names


def _records(zone: HostedZone, name: str, rtype: str, aliases: int) -> list[ServedRecord]:
    """The records of a set of names. They have one TTL (RFC 2181 §5.2): the smallest; an alias has its target's."""
    ttl_of: dict[str, int] = {}
    for record_set in _chosen(zone.at(name, rtype)):
        if record_set.alias is None:
            ttl_of |= dict.fromkeys(record_set.values, record_set.ttl or 0)
        elif record_set.alias.zone == zone.id and aliases:
            target = _records(zone, record_set.alias.name, rtype, aliases - 1)
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
    before, after = served_names(info.before), served_names(info.zone)
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
