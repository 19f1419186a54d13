"""What a dynamic update does to a zone (RFC 2136 §3): prerequisites, prescan and update, on an immutable zone. Pure.

Where the RFC leaves room this does as BIND 9 does; the tests put the same messages to both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaoskit.dns.codec import check_record, data_bytes
from chaoskit.dns.message import Record
from chaoskit.dns.names import parents
from chaoskit.dns.update_message import UpdateMessage, UpdateRecord, UpdateRefusal
from chaoskit.dns.zone import MAX_TTL, NOT_DATA, Node, WrongName, Zone
from chaoskit.journal.events import NameChange, ServedRecord

META = frozenset({"ANY", "AXFR", "IXFR", "TYPE253", "TYPE254", "OPT", "TSIG", "TKEY", "TYPE0"})
"""Types of questions, of messages and none at all: no record of a zone has one (RFC 6895 §3.1). 253 and 254 are MAILB and MAILA."""

SINGLE = frozenset({"CNAME", "DNAME", "SOA"})
"""Types of which a name has one record at most: another replaces it (RFC 2136 §3.4.2.2, RFC 6672 §2.4)."""

NAMED = frozenset({"CNAME", "DNAME", "NS", "PTR", "MX", "SRV", "SOA"})
"""Types whose data is names and numbers alone, so that the case of its letters makes no difference (RFC 4343 §3)."""

Nodes = dict[str, dict[str, tuple[Record, ...]]]


def apply_update(zone: Zone, message: UpdateMessage) -> Zone:
    """The zone after ``message``: the same object if nothing changes, else one with a higher serial.

    Raises ``UpdateRefusal`` with the RCODE of the answer; nothing has changed then.
    """
    for (
        record
    ) in message.updates:  # before the prerequisites, other than RFC 2136 §3 has it: so does BIND since 9.18.11
        _prescan(zone, record)
    _check_prerequisites(zone, message.prerequisites)
    nodes: Nodes = {name: dict(node) for name, node in zone.nodes.items() if node}
    for record in message.updates:
        _update(zone.apex, nodes, record)
    nodes = {name: node for name, node in nodes.items() if node}
    if nodes == {name: dict(node) for name, node in zone.nodes.items() if node}:
        return zone
    _drop_orphans(zone, nodes, message.updates)
    soa = nodes[zone.apex]["SOA"][0]
    if soa == zone.nodes[zone.apex]["SOA"][0]:  # RFC 2136 §3.6: unless the update did so itself
        nodes[zone.apex]["SOA"] = (with_serial(soa, next_serial(zone.serial)),)
    try:
        after = Zone.from_nodes(zone.apex, nodes)
    except WrongName as error:
        raise UpdateRefusal("REFUSED", str(error)) from error
    _check_hosts(zone, after)
    return after


def _check_hosts(before: Zone, after: Zone) -> None:
    """Refuse, as BIND does, an update that leaves a name server of the zone, or a mail server that it adds, without an address there."""
    for server in _without_address(after, _servers(after)) - _without_address(before, _servers(before)):
        raise UpdateRefusal("REFUSED", f"the name server {server} would be left without an address")
    old = {record for node in before.nodes.values() for record in node.get("MX", ())}
    added = {record for node in after.nodes.values() for record in node.get("MX", ())} - old
    for server in _without_address(after, {_host(record) for record in added}):
        raise UpdateRefusal("REFUSED", f"the mail server {server} has no address")


def _servers(zone: Zone) -> set[str]:
    """The name servers of the zone itself."""
    return {_host(record) for record in zone.nodes[zone.apex].get("NS", ())}


def _host(record: Record) -> str:
    """The name at the end of an NS or MX record's data."""
    return record.data.split()[-1].lower().removesuffix(".")


def _without_address(zone: Zone, hosts: set[str]) -> set[str]:
    """Those whose names are in the zone, which delegates them to nobody, and that have no address there."""
    inside = (name for name in hosts if zone.apex in (name, *parents(name)) and zone.bound(name) is None)
    return {name for name in inside if not {"A", "AAAA"} & set(zone.node(name) or ())}


def next_serial(serial: int) -> int:
    """The serial after ``serial`` (RFC 1982); 0 is left out, as BIND does."""
    return (serial + 1) % (1 << 32) or 1


def with_serial(soa: Record, serial: int) -> Record:
    """An SOA with another serial."""
    fields = soa.data.split()
    return replace(soa, data=" ".join([*fields[:2], str(serial), *fields[3:]]))


def data_key(record: Record) -> bytes:
    """What tells the data of one record of a type from another's."""
    return data_bytes(replace(record, data=record.data.lower()) if record.rtype in NAMED else record)


def _is_newer(serial: int, than: int) -> bool:
    return 0 < (serial - than) % (1 << 32) < 1 << 31  # RFC 1982 §3.2


def _check_prerequisites(zone: Zone, records: Sequence[UpdateRecord]) -> None:
    """RFC 2136 §3.2: each by itself, then the sets that must be exactly so."""
    exact: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record.ttl:
            raise UpdateRefusal("FORMERR", f"the prerequisite on {record.name} has a TTL")
        _check_inside(zone, record)
        node = zone.nodes.get(record.name, {})
        if record.rclass in ("ANY", "NONE"):
            if record.data is not None:
                raise UpdateRefusal("FORMERR", f"the prerequisite on {record.name} has data")
            _check_presence(record, node)
        elif record.rclass == "IN" and record.rtype not in META:
            if record.data is None:
                raise UpdateRefusal("FORMERR", f"the prerequisite on {record.name} has no data")
            exact.setdefault((record.name, record.rtype), []).append(_record(record))
        else:
            raise UpdateRefusal("FORMERR", f"the prerequisite on {record.name} is of a class or type that none has")
    for (name, rtype), exact_records in exact.items():
        present = {data_key(record) for record in zone.nodes.get(name, {}).get(rtype, ())}
        if present != {data_key(record) for record in exact_records}:
            raise UpdateRefusal("NXRRSET", f"{name} {rtype} is not as the update says")


def _check_presence(record: UpdateRecord, node: Node) -> None:
    """RFC 2136 §2.4.1–2.4.5. A name with nothing but names below it is not in use (§2.4.4)."""
    present = bool(node) if record.rtype == "ANY" else record.rtype in node
    if record.rtype != "ANY" and record.rtype in META:
        raise UpdateRefusal("FORMERR", f"the prerequisite on {record.name} is of type {record.rtype}")
    if record.rclass == "ANY" and not present:
        rcode = "NXDOMAIN" if record.rtype == "ANY" else "NXRRSET"
        raise UpdateRefusal(rcode, f"{record.name} {record.rtype} is not there")
    if record.rclass == "NONE" and present:
        rcode = "YXDOMAIN" if record.rtype == "ANY" else "YXRRSET"
        raise UpdateRefusal(rcode, f"{record.name} {record.rtype} is there")


def _check_inside(zone: Zone, record: UpdateRecord) -> None:
    if record.name != zone.apex and zone.apex not in parents(record.name):
        raise UpdateRefusal("NOTZONE", f"{record.name} lies outside the zone {zone.apex}")


def _record(record: UpdateRecord) -> Record:
    """It as a record. Raises ``UpdateRefusal`` (FORMERR) for data that is none of its type."""
    try:
        check_record(record.record)
    except ValueError as error:
        raise UpdateRefusal("FORMERR", str(error)) from error
    return record.record


def _prescan(zone: Zone, record: UpdateRecord) -> None:
    """RFC 2136 §3.4.1."""
    _check_inside(zone, record)
    meta = record.rtype in META
    match record.rclass:
        case "IN":
            wrong = meta or record.rtype in NOT_DATA or record.data is None or record.ttl > MAX_TTL
        case "ANY":
            wrong = bool(record.ttl) or record.data is not None or (meta and record.rtype != "ANY")
        case "NONE":
            wrong = bool(record.ttl) or meta or record.data is None
        case _:
            wrong = True
    if wrong:
        raise UpdateRefusal(
            "FORMERR", f"the change of {record.name} {record.rtype} has a class, type, TTL or data that none has"
        )
    if record.data is not None:
        _record(record)


def _update(apex: str, nodes: Nodes, record: UpdateRecord) -> None:
    """RFC 2136 §3.4.2, one record."""
    node = nodes.setdefault(record.name, {})
    if record.rclass == "IN":
        _add(apex, node, record.record)
    elif record.rclass == "NONE":
        _delete_record(apex, node, record.record)
    elif record.rtype == "ANY":
        immortal = ("SOA", "NS") if record.name == apex else ()
        nodes[record.name] = {rtype: records for rtype, records in node.items() if rtype in immortal}
    elif record.name != apex or record.rtype not in ("SOA", "NS"):
        node.pop(record.rtype, None)


def _add(apex: str, node: dict[str, tuple[Record, ...]], record: Record) -> None:
    """Add one record (§3.4.2.2). What cannot stand beside what is there is passed over in silence."""
    rtype = record.rtype
    if (rtype == "CNAME" and set(node) - {"CNAME"}) or (rtype != "CNAME" and "CNAME" in node):
        return
    if rtype == "NS" and record.name.split(".")[0] == "*":
        return  # it means nothing there (RFC 4592 §4.2), and BIND passes it over too
    if rtype == "DS" and record.name == apex:
        return  # it belongs to the zone above (RFC 4035 §2.4)
    if rtype == "SOA":
        present = node.get("SOA")
        if record.name != apex or not present or not _is_newer(_serial(record), _serial(present[0])):
            return
    present = node.get(rtype, ())
    key = data_key(record)
    if any(data_key(other) == key and other.ttl == record.ttl for other in present):
        return  # it is there: nothing changes, and so the serial stays
    if rtype in SINGLE:
        node[rtype] = (record,)
        return
    # The records of a set have one TTL (RFC 2181 §5.2): that of the newest, as in BIND.
    others = tuple(replace(other, ttl=record.ttl) for other in present if data_key(other) != key)
    node[rtype] = (*others, record)


def _drop_orphans(zone: Zone, nodes: Nodes, records: Sequence[UpdateRecord]) -> None:
    """Take away the DS records of names that were given one, or lost their NS records, and are no delegation, as BIND does."""
    for name in {record.name for record in records}:
        node = nodes.get(name, {})
        if "DS" not in node:
            continue
        gained = any(record.name == name and record.rtype == "DS" and record.rclass == "IN" for record in records)
        lost = node.get("NS", ()) != zone.nodes.get(name, {}).get("NS", ())
        if (gained or lost) and "NS" not in node:
            node.pop("DS", None)


def _serial(soa: Record) -> int:
    return int(soa.data.split()[2])


def _delete_record(apex: str, node: dict[str, tuple[Record, ...]], record: Record) -> None:
    """Delete one record (§3.4.2.4): never the SOA, and never the last NS of the apex."""
    present = node.get(record.rtype, ())
    left = tuple(other for other in present if data_key(other) != data_key(record))
    if record.rtype == "SOA" or (record.name == apex and record.rtype == "NS" and not left):
        return
    if left:
        node[record.rtype] = left
    else:
        node.pop(record.rtype, None)


def changes_between(before: Zone, after: Zone) -> tuple[NameChange, ...]:
    """What differs between two versions of a zone, by name. The SOA, which every change changes, is left out."""
    names = [name for name in {**before.nodes, **after.nodes} if before.nodes.get(name) != after.nodes.get(name)]
    changes = (name_change(name, before, after) for name in names)
    return tuple(record for record in changes if record.before != record.after or record.name != before.apex)


def name_change(name: str, before: Zone, after: Zone) -> NameChange:
    """What became of one name, for the journal."""
    return NameChange(name=name, exists=name in after.nodes, before=_served(before, name), after=_served(after, name))


def _served(zone: Zone, name: str) -> tuple[ServedRecord, ...]:
    records = (record for rtype, held in zone.nodes.get(name, {}).items() if rtype != "SOA" for record in held)
    return tuple(ServedRecord(rtype=record.rtype, ttl=record.ttl, data=record.data) for record in records)
