"""Zones: immutable, and the honest answer to a question (RFC 1034 §4.3.2, negative answers as in RFC 2308, wildcards RFC 4592)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from chaoskit.dns.codec import check_record, known_type
from chaoskit.dns.message import Answer, Query, Record

MAX_CHAIN = 8
"""CNAMEs followed within our zones before we leave the rest to the resolver."""

# Route 53's default SOA (Route 53 Developer Guide, "SOA record"): a negative TTL of min(TTL 900, minimum 86400).
SOA_DEFAULTS = {
    "mname": "ns-1.chaoskit.test",
    "rname": "hostmaster.chaoskit.test",
    "serial": 1,
    "refresh": 7200,
    "retry": 900,
    "expire": 1209600,
    "minimum": 86400,
    "ttl": 900,
}


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone. ``nodes`` maps each name that exists (empty non-terminals included) to its records by type."""

    apex: str
    soa: Record
    nodes: dict[str, dict[str, tuple[Record, ...]]]

    @classmethod
    def from_plan(cls, plan: dict[str, Any]) -> Zone:
        """``{"apex", "soa": {…}, "records": [{"name", "rtype", "ttl", "data"}]}``. Raises ``ValueError`` saying what is wrong."""
        apex = _name(plan["apex"])
        soa = _soa(apex, plan.get("soa", {}))
        nodes: dict[str, dict[str, tuple[Record, ...]]] = {apex: {"SOA": (soa,)}}
        for written in plan.get("records", ()):
            record = _record(written, apex)
            node = nodes.setdefault(record.name, {})
            node[record.rtype] = (*node.get(record.rtype, ()), record)
            for parent in _between(record.name, apex):
                nodes.setdefault(parent, {})
        for name, node in nodes.items():
            if "CNAME" in node and (len(node) > 1 or len(node["CNAME"]) > 1):
                raise ValueError(
                    f"{name} has a CNAME beside other data, which RFC 1034 §3.6.2 forbids; remove one of them"
                )
        return cls(apex, soa, nodes)

    def node(self, name: str) -> dict[str, tuple[Record, ...]] | None:
        """The records at ``name``, synthesised from a wildcard if need be; None if the name does not exist."""
        if name in self.nodes:
            return self.nodes[name]
        for encloser in _between(name, self.apex):
            if encloser in self.nodes:  # the closest encloser: only its own wildcard applies (RFC 4592 §3.3.1)
                break
        else:
            encloser = self.apex
        wild = self.nodes.get(f"*.{encloser}")
        if wild is None:
            return None
        return {rtype: tuple(replace(record, name=name) for record in records) for rtype, records in wild.items()}


@dataclass(frozen=True, slots=True)
class Zones:
    """All zones of a server; a name belongs to the one with the longest matching apex."""

    zones: tuple[Zone, ...]

    @classmethod
    def from_plan(cls, plans: Iterable[dict[str, Any]]) -> Zones:
        """Raises ``ValueError`` saying what is wrong."""
        zones = tuple(Zone.from_plan(plan) for plan in plans)
        apexes = [zone.apex for zone in zones]
        if twice := {apex for apex in apexes if apexes.count(apex) > 1}:
            raise ValueError(f"the zone {sorted(twice)[0]} is written twice; merge the two")
        return cls(tuple(sorted(zones, key=lambda zone: -zone.apex.count(".") if zone.apex else 1)))

    def find(self, name: str) -> Zone | None:
        """The zone of ``name``, None outside all of them."""
        found = (zone for zone in self.zones if zone.apex in ("", name) or name.endswith("." + zone.apex))
        return next(found, None)

    def answer(self, query: Query) -> Answer:
        """The honest answer: REFUSED outside our zones, NXDOMAIN, NODATA, or records, following CNAMEs inside our zones."""
        zone = self.find(query.name)
        if zone is None:
            return Answer(rcode="REFUSED", aa=False)
        records: list[Record] = []
        name, node = query.name, zone.node(query.name)
        for _ in range(MAX_CHAIN):
            if node is None:
                # RFC 6604 §3: the RCODE speaks of the last name of the chain.
                return Answer("NXDOMAIN", tuple(records), authority=(zone.soa,), soa=zone.soa)
            alias = node.get("CNAME")
            if alias is None or query.rtype in ("CNAME", "ANY"):
                break
            records += alias
            name = _name(alias[0].data)
            next_zone = self.find(name)
            if next_zone is None:
                return Answer(records=tuple(records), soa=zone.soa)
            zone, node = next_zone, next_zone.node(name)
        found = _of_type(node or {}, query.rtype)
        if not found and not records:
            return Answer(authority=(zone.soa,), soa=zone.soa)
        return Answer(records=(*records, *found), authority=() if found else (zone.soa,), soa=zone.soa)


def _of_type(node: dict[str, tuple[Record, ...]], rtype: str) -> tuple[Record, ...]:
    if rtype == "ANY":
        return next(iter(node.values()), ())  # one RRset, as RFC 8482 §4.1 allows
    return node.get(rtype, ())


def _name(text: str) -> str:
    return text.rstrip(".").lower()


def _between(name: str, apex: str) -> Iterable[str]:
    """Every name above ``name`` and below ``apex``, nearest first."""
    parent = name.partition(".")[2]
    while parent and parent != apex:
        yield parent
        parent = parent.partition(".")[2]


def _soa(apex: str, written: dict[str, Any]) -> Record:
    if unknown := set(written) - set(SOA_DEFAULTS):
        raise ValueError(f"an SOA has no field {sorted(unknown)[0]!r}; known: {', '.join(SOA_DEFAULTS)}")
    soa: dict[str, Any] = SOA_DEFAULTS | written
    numbers = " ".join(str(soa[field]) for field in ("serial", "refresh", "retry", "expire", "minimum"))
    # RFC 2308 §3: its TTL in a negative answer is the smaller of the SOA's own TTL and MINIMUM.
    record = Record(apex, "SOA", min(soa["ttl"], soa["minimum"]), f"{soa['mname']} {soa['rname']} {numbers}")
    check_record(record)
    return record


def _record(written: dict[str, Any], apex: str) -> Record:
    record = Record(_name(written["name"]), written["rtype"], written["ttl"], written["data"])
    if apex and record.name != apex and not record.name.endswith("." + apex):
        raise ValueError(f"{record.name} lies outside the zone {apex}; put it into a zone of its own")
    if not 0 <= record.ttl < 1 << 31:
        raise ValueError(f"the TTL {record.ttl} of {record.name} is not between 0 and 2147483647 s (RFC 2181 §8)")
    if not known_type(record.rtype):
        raise ValueError(
            f"{record.rtype} is no record type known here; write A, AAAA, CNAME … or TYPE followed by its number"
        )
    check_record(record)
    return record
