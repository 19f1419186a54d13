"""Change batches: what Route 53 accepts, refuses, and says. Pure: a zone and a batch in, the zone after it out.

The rules and most messages are those of the API reference ("ChangeResourceRecordSets") and of public issue threads in which
people show what Route 53 answered them. Where neither says anything the code says so beside the rule ("not verified").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from chaoskit.aws.route53.form import form_fault
from chaoskit.aws.route53.names import name_fault
from chaoskit.aws.route53.record_set import HostedZone, RecordSet, SetKey
from chaoskit.aws.route53.values import value_faults

Action: TypeAlias = Literal["CREATE", "DELETE", "UPSERT"]
ACTIONS: tuple[Action, ...] = get_args(Action)

MAX_SETS = 100
"""Of one name and type, with a routing policy (Developer Guide, "Managing over 100 weighted records")."""

MAX_RECORDS = 1000
MAX_CHARACTERS = 32_000
"""Of all values of a batch; records and characters of an UPSERT count twice (Developer Guide, "Quotas on ChangeResourceRecordSets")."""

Zone: TypeAlias = dict[SetKey, RecordSet]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a batch."""

    action: Action
    record_set: RecordSet


class Refusal(Exception):
    """A request that Route 53 refuses: ``code`` as in the API reference, ``status`` the HTTP status, ``messages`` what it says."""

    def __init__(self, code: str, *messages: str, status: int = 400) -> None:
        super().__init__("; ".join(messages))
        self.code = code
        self.messages = messages
        self.status = status


def apply_batch(zone: HostedZone, changes: Sequence[Change]) -> HostedZone:
    """The zone after all of ``changes``. Raises ``Refusal``, and then none of them counts.

    Changes are judged in their order, each against what those before it left; so a batch may delete a set and create it anew, which
    is how a compare-and-swap is written.
    """
    for change in changes:
        _check_form(change)
    _check_size(changes)
    complaints = [message for change in changes for message in value_faults(change.record_set)]
    complaints += _repeated(changes)
    if complaints:
        raise Refusal("InvalidChangeBatch", *complaints)
    sets = dict(zone.sets)
    written_later = [change.record_set.key for change in changes if change.action != "DELETE"]
    for change in changes:
        if change.action != "DELETE":
            written_later.pop(0)
        complaint = _judge(zone, sets, change, written_later)
        if complaint:
            complaints.append(complaint)
            continue
        if change.action == "DELETE":
            del sets[change.record_set.key]
        else:
            sets[change.record_set.key] = change.record_set
    complaints += _check_apex(zone, sets)
    if complaints:
        raise Refusal("InvalidChangeBatch", *complaints)
    return zone.with_sets(sets)


def _check_form(change: Change) -> None:
    """What is refused before the zone is looked at."""
    if fault := form_fault(change.action, change.record_set):
        raise Refusal("InvalidInput", fault)
    if fault := name_fault(change.record_set.name):
        raise Refusal("InvalidChangeBatch", fault)


def _check_size(changes: Sequence[Change]) -> None:
    counts = [(1 + (change.action == "UPSERT"), change.record_set.values) for change in changes]
    if sum(times * len(values) for times, values in counts) > MAX_RECORDS:
        raise Refusal("InvalidChangeBatch", f"Number of records limit of {MAX_RECORDS} exceeded.")
    if sum(times * len(value) for times, values in counts for value in values) > MAX_CHARACTERS:
        raise Refusal(
            "InvalidChangeBatch", f"Number of characters limit of {MAX_CHARACTERS} exceeded."
        )  # wording not verified


def _repeated(changes: Sequence[Change]) -> list[str]:
    """Sets that a batch changes more than once. DELETE before CREATE or UPSERT is a change of values; nothing else is allowed.

    The API reference forbids two deletions; that CREATE before DELETE is refused in these words is seen in DNSControl 3493. For
    other repetitions (CREATE twice, UPSERT twice) it is not verified.
    """
    actions: dict[SetKey, list[Action]] = {}
    for change in changes:
        actions.setdefault(change.record_set.key, []).append(change.action)
    return [
        f"The request contains an invalid set of changes for a resource record set '{key[1]} {key[0]}'"
        for key, done in actions.items()
        if len(done) > 1 and not (len(done) == 2 and done[0] == "DELETE" and done[1] != "DELETE")
    ]


def _judge(zone: HostedZone, sets: Zone, change: Change, written_later: Sequence[SetKey]) -> str:
    """What is wrong with one change, given the sets as those before it left them; empty for nothing."""
    record_set = change.record_set
    present = sets.get(record_set.key)
    if change.action == "DELETE":
        if present is None:
            return f"Tried to delete resource record set {_named(record_set)} but it was not found"
        if not present.same_as(record_set):
            return f"Tried to delete resource record set {_named(record_set)} but the values provided do not match the current values"
        return ""
    if change.action == "CREATE" and present is not None:
        return f"Tried to create resource record set {_named(record_set)} but it already exists"
    if record_set.name != zone.name and not record_set.name.endswith(f".{zone.name}"):
        return f"RRSet with DNS name {record_set.name} is not permitted in zone {zone.name}"
    others = [other for other in sets.values() if other.name == record_set.name and other.key != record_set.key]
    return (
        _cname_conflict(zone, record_set, others)
        or _policy_conflict(record_set, [other for other in others if other.rtype == record_set.rtype])
        or _alias_fault(zone, sets, record_set, written_later)
    )


def _named(record_set: RecordSet) -> str:
    identifier = f", set-identifier='{record_set.identifier}'" if record_set.identifier else ""
    return f"[name='{record_set.name}', type='{record_set.rtype}'{identifier}]"


def _cname_conflict(zone: HostedZone, record_set: RecordSet, others: Sequence[RecordSet]) -> str:
    """A CNAME stands alone at its name (RFC 1034 §3.6.2), and never at the apex."""
    if record_set.rtype == "CNAME" and record_set.name == zone.name:
        return f"RRSet of type CNAME with DNS name {record_set.name} is not permitted at apex in zone {zone.name}"
    if record_set.rtype == "CNAME" and any(other.rtype != "CNAME" for other in others):
        conflict = f"it conflicts with other records with the same DNS name in zone {zone.name}"
        return f"RRSet of type CNAME with DNS name {record_set.name} is not permitted as {conflict}"
    if record_set.rtype != "CNAME" and any(other.rtype == "CNAME" for other in others):
        conflict = f"a conflicting RRSet of type CNAME with the same DNS name already exists in zone {zone.name}"
        return f"RRSet of type {record_set.rtype} with DNS name {record_set.name} is not permitted because {conflict}"
    return ""


def _policy_conflict(record_set: RecordSet, others: Sequence[RecordSet]) -> str:
    """Sets of one name and type have one routing policy (Developer Guide, "Choosing a routing policy"), weighted ones one TTL."""
    identifier = record_set.identifier or "null"
    begin = (
        f"RRSet with DNS name {record_set.name}, type {record_set.rtype}, SetIdentifier {identifier} cannot be created"
    )
    different = next((other for other in others if other.policy != record_set.policy), None)
    if different is not None:
        policy = {"Weight": "non-weighted", "MultiValueAnswer": "non multivalue answer"}.get(record_set.policy)
        if policy:
            return f"{begin} as a {policy} set exists with the same name and type."
        return f"{begin} as other RRSets exist with the same name and type."
    ttls = {other.ttl for other in others if other.ttl is not None}
    if record_set.policy == "Weight" and record_set.ttl is not None and ttls - {record_set.ttl}:
        return f"{begin} as weighted sets must contain the same TTL."
    if record_set.policy in _ONE_OF_EACH and any(other.routing == record_set.routing for other in others):
        return _taken(record_set)
    if record_set.policy and len(others) >= MAX_SETS:  # wording not verified
        return f"{begin} as there are {MAX_SETS} sets with the same name and type."
    return ""


_ONE_OF_EACH = {"Region": "latency", "Failover": "failover", "GeoLocation": "geolocation"}
"""Policies of which no two sets have the same region, role or place (API reference, ResourceRecordSet)."""


def _taken(record_set: RecordSet) -> str:
    """The words for a region are seen in kubernetes-sigs/external-dns 3945; for the others they are not verified."""
    kind = _ONE_OF_EACH[record_set.policy]
    what = "Region Name" if record_set.policy == "Region" else record_set.policy
    same = record_set.policy.lower()
    value = ", ".join(text for _, text in record_set.routing)
    begin = f"RRSet with DNS name {record_set.name}, type {record_set.rtype}, SetIdentifier {record_set.identifier}, and {what}={value}"
    return f"{begin} cannot be created because a {kind} RRSet with the same name, type and {same} already exists."


def _alias_fault(zone: HostedZone, sets: Zone, record_set: RecordSet, written_later: Sequence[SetKey]) -> str:
    """An alias to a record of its own zone needs that record: there already, or written before it in the same batch.

    A target that the same batch writes *later* is not found even if it is there already (seen in octoDNS's pull request 366). Aliases to
    other zones, which are AWS's load balancers, buckets and distributions, are taken as they are. The deletion of a
    target is allowed: nothing here forbids it (the outage of October 2025 is the evidence; no document says it).
    """
    target = record_set.alias
    if target is None or target.zone != zone.id:
        return ""
    begin = f"Tried to create an alias that targets {target.name}, type {record_set.rtype} in zone {zone.id}"
    if target.name != zone.name and not target.name.endswith(f".{zone.name}"):
        return f"{begin}, but the alias target name does not lie within the target zone"
    there = [key for key in sets if key[:2] == (target.name, record_set.rtype) and key != record_set.key]
    if not there or any(key[:2] == (target.name, record_set.rtype) and key != record_set.key for key in written_later):
        return f"{begin}, but that target was not found"
    return ""


def _check_apex(zone: HostedZone, sets: Zone) -> list[str]:
    complaints = []
    if (zone.name, "SOA", "") in zone.sets and (zone.name, "SOA", "") not in sets:
        complaints.append("A HostedZone must contain exactly one SOA record.")
    if (zone.name, "NS", "") in zone.sets and (zone.name, "NS", "") not in sets:
        complaints.append("A HostedZone must contain at least one NS record for the zone itself.")
    return complaints
