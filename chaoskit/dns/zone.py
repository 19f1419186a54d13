"""Zones: immutable, and the honest answer to a question (RFC 1034 §4.3.2, negative answers as in RFC 2308, wildcards RFC 4592).

A name below the apex that has NS records is a *cut*: it and what lies below are another's, and a question there gets a referral.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from chaoskit.dns import rrtypes
from chaoskit.dns.codec import check_record, name_of_octets
from chaoskit.dns.message import Answer, ExtendedError, Query, Record
from chaoskit.dns.names import MAX_NAME, as_field, canonical, labels, parents, text, wire_length

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

NOT_DATA = frozenset({"OPT", "TKEY", "TSIG", "IXFR", "AXFR", "TYPE253", "TYPE254", "ANY"})
"""Types that are questions or belong to a message, so no zone holds them (RFC 6895 §3.1)."""

FOLLOWED = frozenset({"CNAME", "DNAME", "NS"})
BESIDE_CNAME = frozenset({"CNAME", "RRSIG", "NSEC", "SIG", "KEY", "NXT"})
"""What may stand at a name with a CNAME (RFC 4034 §3 and §4, RFC 4035 §2.5; RFC 2535 for the old ones)."""

BELOW_DNAME = frozenset({"NSEC3", "RRSIG"})
"""What may stand at a name below a DNAME: the hashed names of a signed zone, whose apex may have one (RFC 6672 §5.3.4)."""

TTLS_OF_THEIR_OWN = frozenset({"RRSIG", "SIG"})
"""Signatures have the TTL of what they sign, so those of one name may differ (RFC 4034 §3)."""

TRANSFERS = frozenset({"IXFR", "AXFR"})
NOT_OURS = Answer("REFUSED", aa=False, error=ExtendedError(20))
"""To a question for a name in no zone here: an asker with EDNS is told why, "Not Authoritative" (RFC 8914 §4.21)."""

MAX_TTL = (1 << 31) - 1  # RFC 2181 §8
MAX_STEPS = 16
"""CNAMEs followed for one answer. The rest of a longer chain is the resolver's to follow."""

Node: TypeAlias = Mapping[str, tuple[Record, ...]]
"""The records of one name by type; empty for a name that exists only because there are names below it."""


class WrongRecord(ValueError):
    """A record that its zone cannot have; ``index`` is its place among the plan's records."""

    def __init__(self, index: int, message: str) -> None:
        self.index = index
        super().__init__(message)


class WrongName(ValueError):
    """A name whose records cannot stand together."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone. ``nodes`` maps each name that exists to its records; ``soa`` has the negative TTL (RFC 2308 §3).

    ``cuts`` are the names that are delegated, ``redirects`` those with a DNAME.
    """

    apex: str
    soa: Record
    nodes: Mapping[str, Node]
    cuts: frozenset[str]
    redirects: frozenset[str]

    @classmethod
    def from_plan(cls, plan: dict[str, Any]) -> Zone:
        """``{"apex", "soa": {…}, "records": [{"name", "rtype", "ttl", "data"}]}``.

        Raises ``ValueError`` saying what is wrong: ``WrongRecord`` where it is in the records, of several the last.
        """
        _check_fields(plan, "a zone", needed=("apex",), optional=("soa", "records"))
        apex = canonical(plan["apex"])
        soa = _soa(apex, plan.get("soa", {}))
        sets: dict[str, dict[str, dict[Record, None]]] = {apex: {"SOA": {soa: None}}}
        places: dict[str, int] = {}
        for index, written in enumerate(plan.get("records", ())):
            try:
                record = _record(written, apex)
            except ValueError as error:
                raise WrongRecord(index, str(error)) from error
            places[record.name] = index
            # A dict, because no record is twice in a set (RFC 2181 §5).
            sets.setdefault(record.name, {}).setdefault(record.rtype, {})[record] = None
        nodes = {name: {rtype: tuple(found) for rtype, found in node.items()} for name, node in sets.items()}
        try:
            return cls.from_nodes(apex, nodes)
        except WrongName as error:
            raise WrongRecord(places[error.name], str(error)) from error

    @classmethod
    def from_nodes(cls, apex: str, nodes: Mapping[str, Node]) -> Zone:
        """The zone that holds exactly these names, and those between them and the apex, where its SOA is.

        Raises ``WrongName`` for records that cannot stand together.
        """
        whole = dict(nodes)
        for name in nodes:
            for parent in _between(name, apex):
                whole.setdefault(parent, {})
        cuts = frozenset(name for name, node in whole.items() if "NS" in node and name != apex)
        redirects = frozenset(name for name, node in whole.items() if "DNAME" in node)
        for name, node in whole.items():
            _check_node(name, node)
        _check_redirects(whole, cuts, redirects)
        frozen = {name: MappingProxyType(dict(node)) for name, node in whole.items()}
        (soa,) = whole[apex]["SOA"]
        negative = replace(soa, ttl=min(soa.ttl, int(soa.data.split()[-1])))
        return cls(apex, negative, MappingProxyType(frozen), cuts, redirects)

    @property
    def serial(self) -> int:
        """Of its SOA."""
        return int(self.nodes[self.apex]["SOA"][0].data.split()[2])

    def plan(self) -> dict[str, Any]:
        """What ``from_plan`` makes this zone of, in full: names absolute, data in presentation form."""
        (soa,) = self.nodes[self.apex]["SOA"]
        mname, rname, *numbers = soa.data.split()
        counts = zip(("serial", "refresh", "retry", "expire", "minimum"), map(int, numbers), strict=True)
        return {
            "apex": self.apex,
            "soa": {"mname": mname, "rname": rname, **dict(counts), "ttl": soa.ttl},
            "records": [asdict(record) for record in self.records() if record is not soa],
        }

    def records(self) -> Iterator[Record]:
        """All that it holds, its SOA too."""
        return (record for node in self.nodes.values() for records in node.values() for record in records)

    def warnings(self) -> Iterator[str]:
        """What is served as it was written, though it should not have been."""
        for name, node in self.nodes.items():
            for rtype, records in node.items():
                ttls = sorted({record.ttl for record in records})
                if len(ttls) > 1 and rtype not in TTLS_OF_THEIR_OWN:
                    shown = ", ".join(map(str, ttls))
                    yield f"the {rtype} records of {name or '.'} differ in TTL ({shown}), which RFC 2181 §5.2 deprecates"

    def bound(self, name: str) -> str | None:
        """The cut at or above ``name``, or the DNAME above it, whichever is nearest to the apex; None if the zone itself answers."""
        if not self.cuts and not self.redirects:
            return None
        path = (self.apex, *reversed(_between(name, self.apex)), name)
        return next((at for at in path if at in self.cuts or (at in self.redirects and at != name)), None)

    def referral(self, cut: str, records: tuple[Record, ...], soa: Record) -> Answer:
        """Who answers for ``cut``, with the addresses that this zone has of them (RFC 1034 §4.3.2 step 3b, RFC 9471).

        ``records`` lead there. Without any, nothing in the answer is said with authority (RFC 1034 §6.2.6).
        """
        servers = self.nodes[cut]["NS"]
        hosts = (self.nodes.get(canonical(server.data), {}) for server in servers)
        glue = tuple(record for host in hosts for rtype in ("A", "AAAA") for record in host.get(rtype, ()))
        return Answer(records=records, authority=servers, additional=glue, aa=bool(records), soa=soa)

    def node(self, name: str) -> Node | None:
        """The records at ``name``, synthesised from a wildcard if need be; None if the name does not exist."""
        if name in self.nodes:
            return self.nodes[name]
        # Only the closest encloser's own wildcard applies (RFC 4592 §3.3.1).
        encloser = next((parent for parent in _between(name, self.apex) if parent in self.nodes), self.apex)
        wild = self.nodes.get(f"*.{encloser}" if encloser else "*")
        if wild is None:
            return None
        return {rtype: tuple(replace(record, name=name) for record in records) for rtype, records in wild.items()}


@dataclass(frozen=True, slots=True)
class Zones:
    """All zones of a server by apex; a name belongs to the one with the longest matching apex."""

    zones: Mapping[str, Zone]

    @classmethod
    def from_plan(cls, plans: Iterable[dict[str, Any]]) -> Zones:
        """Raises ``ValueError`` saying what is wrong."""
        return cls.of(map(Zone.from_plan, plans))

    @classmethod
    def of(cls, zones: Iterable[Zone]) -> Zones:
        """Raises ``ValueError`` when two have one apex."""
        found: dict[str, Zone] = {}
        for zone in zones:
            if zone.apex in found:
                raise ValueError(f"the zone {zone.apex} is written twice; merge the two")
            found[zone.apex] = zone
        return cls(MappingProxyType(found))

    def with_zone(self, zone: Zone) -> Zones:
        """The same with another version of one zone."""
        return Zones(MappingProxyType({**self.zones, zone.apex: zone}))

    def find(self, name: str) -> Zone | None:
        """The zone of ``name``, None outside all of them."""
        return next((self.zones[apex] for apex in (name, *parents(name)) if apex in self.zones), None)

    def answer(self, query: Query) -> Answer:
        """The honest answer: REFUSED outside our zones, NXDOMAIN, NODATA, a referral, or records, following CNAMEs inside our zones.

        Its ``soa`` is that of the zone of the name that was asked for, where a chain of CNAMEs begins.
        """
        first = self._home(query.name, query.rtype)
        if first is None:
            return NOT_OURS
        if query.rtype in TRANSFERS:
            return Answer(rcode="REFUSED", aa=False)
        chain: dict[Record, None] = {}
        met: set[str] = set()
        name, zone = query.name, first
        while len(met) < MAX_STEPS:
            met.add(name)
            bound = zone.bound(name)
            if bound is None or (bound == name and query.rtype == "DS"):  # RFC 4035 §3.1.4.1
                node = zone.node(name)
            elif bound in zone.cuts:
                return zone.referral(bound, tuple(chain), first.soa)
            else:
                (redirect,) = zone.nodes[bound]["DNAME"]
                chain[redirect] = None
                node = _redirected(name, redirect)
                if node is None:
                    return Answer("YXDOMAIN", tuple(chain), soa=first.soa)  # RFC 6672 §2.2
            alias = node.get("CNAME") if node and query.rtype != "ANY" and query.rtype not in node else None
            if alias is None:
                return _end_of_chain(tuple(chain), node, query.rtype, zone.soa, first.soa)
            chain[alias[0]] = None
            name = canonical(alias[0].data)
            next_zone = self._home(name, query.rtype)
            if next_zone is None or name in met:  # the resolver's to follow, or a loop
                break
            zone = next_zone
        return Answer(records=tuple(chain), soa=first.soa)

    def _home(self, name: str, rtype: str) -> Zone | None:
        """The zone that answers: DS records lie above the cut, in the zone that delegates (RFC 4035 §3.1.4.1)."""
        zone = self.find(name)
        if rtype == "DS" and zone is not None and name == zone.apex and name:
            above = self.find(parents(name)[0])
            return above if above is not None and above.bound(name) == name else zone
        return zone


def _end_of_chain(chain: tuple[Record, ...], node: Node | None, rtype: str, negative: Record, soa: Record) -> Answer:
    """RCODE and authority speak of the chain's last name (RFC 6604 §3, RFC 2308 §2.1)."""
    if node is None:
        return Answer("NXDOMAIN", chain, authority=(negative,), soa=soa)
    # To ANY, one set of records is answer enough (RFC 8482 §4.1).
    found = next(iter(node.values()), ()) if rtype == "ANY" else node.get(rtype, ())
    return Answer(records=(*chain, *found), authority=() if found else (negative,), soa=soa)


def _redirected(name: str, redirect: Record) -> Node | None:
    """The CNAME that a DNAME above ``name`` makes of it (RFC 6672 §2.2); None if the new name were too long."""
    kept = labels(name)[: len(labels(name)) - len(labels(redirect.name))]
    target = (*kept, *labels(redirect.data))
    if wire_length(target) > MAX_NAME:
        return None
    return {"CNAME": (Record(name, "CNAME", redirect.ttl, f"{as_field(text(target))}."),)}


def _between(name: str, apex: str) -> list[str]:
    """Every name above ``name`` and below ``apex``, nearest first."""
    above = parents(name)
    return above[: above.index(apex)] if apex in above else []


def _soa(apex: str, written: dict[str, Any]) -> Record:
    """The zone's SOA."""
    _check_fields(written, "an SOA", optional=tuple(SOA_DEFAULTS))
    soa: dict[str, Any] = SOA_DEFAULTS | written
    _check_ttl(soa["ttl"], f"the SOA of {apex}")
    _check_ttl(soa["minimum"], f"negative answers of {apex} (minimum)")
    numbers = " ".join(str(soa[field]) for field in ("serial", "refresh", "retry", "expire", "minimum"))
    record = Record(apex, "SOA", soa["ttl"], f"{soa['mname']} {soa['rname']} {numbers}")
    check_record(record)
    return record


def _record(written: dict[str, Any], apex: str) -> Record:
    _check_fields(written, "a record", needed=("name", "rtype", "ttl", "data"))
    record = Record(canonical(written["name"]), rrtypes.canonical(written["rtype"]), written["ttl"], written["data"])
    if record.name != apex and apex not in parents(record.name):
        raise ValueError(f"{record.name} lies outside the zone {apex}; put it into a zone of its own")
    _check_ttl(record.ttl, record.name)
    if record.rtype == "SOA":
        raise ValueError(f"the SOA of {apex} is among the records; write it as the zone's own 'soa'")
    if record.rtype in NOT_DATA:
        raise ValueError(f"{record.rtype} is no type of data; no zone can hold it")
    if record.rtype in FOLLOWED and record.data.lstrip().startswith("\\#"):
        record = replace(record, data=name_of_octets(record.data))  # it is followed
    check_record(record)
    return record


def _check_ttl(ttl: object, whose: str) -> None:
    if not isinstance(ttl, int) or isinstance(ttl, bool) or not 0 <= ttl <= MAX_TTL:
        raise ValueError(f"the TTL {ttl} of {whose} is not between 0 and {MAX_TTL} whole seconds (RFC 2181 §8)")


def _check_node(name: str, node: Mapping[str, tuple[Record, ...]]) -> None:
    if "CNAME" in node and (node.keys() - BESIDE_CNAME or len(node["CNAME"]) > 1):
        raise WrongName(
            name, f"{name} has a CNAME beside other data, which RFC 1034 §3.6.2 forbids; remove one of them"
        )
    if len(node.get("DNAME", ())) > 1:
        raise WrongName(name, f"{name} has several DNAME records, which RFC 6672 §2.4 forbids; keep one")


def _check_redirects(nodes: Mapping[str, Mapping[str, Any]], cuts: frozenset[str], redirects: frozenset[str]) -> None:
    if wild := next((name for name in (*cuts, *redirects) if name.split(".")[0] == "*"), None):
        raise WrongName(
            wild, f"{wild} has NS or DNAME records, which mean nothing at a wildcard (RFC 4592 §4.2); name the names"
        )
    if both := next(iter(cuts & redirects), None):
        raise WrongName(both, f"{both} has both NS and DNAME records, which RFC 6672 §2.4 forbids; remove one of them")
    if not redirects:
        return
    for name, node in nodes.items():
        above = next((parent for parent in parents(name) if parent in redirects), None)
        if above and not (node and node.keys() <= BELOW_DNAME):
            raise WrongName(
                name, f"{name} lies below the DNAME of {above}, which RFC 6672 §2.4 forbids; remove one of them"
            )


def _check_fields(
    written: Mapping[str, Any], what: str, *, needed: tuple[str, ...] = (), optional: tuple[str, ...] = ()
) -> None:
    known = (*needed, *optional)
    if unknown := sorted(set(written) - set(known)):
        raise ValueError(f"{what} has no field {unknown[0]!r}; known: {', '.join(known)}")
    if missing := [field for field in needed if field not in written]:
        raise ValueError(f"{what} needs the field {missing[0]!r}")
