"""Resource record sets as Route 53 keeps them: immutable values, compared as its API compares them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

ESCAPE = re.compile(r"\\([0-7]{3})")
_LITERAL = re.compile(r"[a-z0-9\-_.]")

RecordType: TypeAlias = str

SetKey: TypeAlias = tuple[str, RecordType, str]
"""What tells a set from the others of its zone: name, type and set identifier (empty for a simple set)."""

ROUTING = (
    "Weight",
    "Region",
    "GeoLocation",
    "Failover",
    "MultiValueAnswer",
    "CidrRoutingConfig",
    "GeoProximityLocation",
)
"""The elements that choose a routing policy, of which a set has at most one (API reference, ResourceRecordSet)."""


def decoded(name: str) -> str:
    """A name with its octal escapes read, in lower case."""
    return ESCAPE.sub(lambda escape: chr(int(escape[1], 8)), name).lower()


def canonical(name: str) -> str:
    """The one spelling of a name: lower case, with the final dot, other characters than ``a-z 0-9 - _ .`` as octal escapes.

    A wildcard is listed as ``\\052.example.com.`` (Developer Guide, "DNS domain name format").
    """
    spelt = "".join(letter if _LITERAL.match(letter) else f"\\{ord(letter):03o}" for letter in decoded(name))
    return spelt if spelt.endswith(".") else f"{spelt}."


def sort_key(key: SetKey) -> tuple[str, str, str]:
    """The order of ListResourceRecordSets: by name with its labels reversed and the final dot, then by type, then by identifier."""
    name, rtype, identifier = key
    return ".".join(reversed(name.rstrip(".").split("."))) + ".", rtype, identifier


@dataclass(frozen=True, slots=True)
class AliasTarget:
    """Where an alias points: ``name`` in the hosted zone ``zone`` (of an AWS resource where that is none of ours)."""

    zone: str
    name: str
    evaluate_health: bool


@dataclass(frozen=True, slots=True)
class RecordSet:
    """One resource record set. ``ttl`` in seconds; ``ttl`` and ``values`` are those of a set that is no alias.

    ``routing`` has the element that chooses a routing policy as (path, text) pairs, ``health_check`` the id of a health check or nothing.
    """

    name: str
    rtype: RecordType
    identifier: str = ""
    ttl: int | None = None
    values: tuple[str, ...] = ()
    alias: AliasTarget | None = None
    routing: tuple[tuple[str, str], ...] = ()
    health_check: str = ""

    @property
    def key(self) -> SetKey:
        """See ``SetKey``."""
        return self.name, self.rtype, self.identifier

    @property
    def policy(self) -> str:
        """The routing policy's element, such as ``Weight``; empty for a simple set."""
        return self.routing[0][0].partition("/")[0] if self.routing else ""

    @property
    def weight(self) -> int | None:
        """The weight of a weighted set."""
        return next((int(text) for path, text in self.routing if path == "Weight"), None)

    def same_as(self, other: RecordSet) -> bool:
        """Whether a DELETE that gives ``other`` means this set: all values equal, those of the records in any order.

        ``MultiValueAnswer`` may be left out, as Terraform does (moto's pull request 7153 saw Route 53 accept that).
        """
        return _comparable(self) == _comparable(other)


def _comparable(record_set: RecordSet) -> RecordSet:
    routing = tuple(pair for pair in record_set.routing if pair[0] != "MultiValueAnswer")
    return replace(record_set, values=tuple(sorted(record_set.values)), routing=routing)


@dataclass(frozen=True, slots=True)
class HostedZone:
    """One hosted zone at one moment. ``version`` counts the changes accepted since it was first seen."""

    id: str
    name: str
    sets: Mapping[SetKey, RecordSet] = field(default_factory=lambda: MappingProxyType({}))
    version: int = 0

    def at(self, name: str, rtype: RecordType | None = None) -> list[RecordSet]:
        """The sets of a name, of one type if given."""
        return [
            record_set
            for record_set in self.sets.values()
            if record_set.name == name and rtype in (None, record_set.rtype)
        ]

    def ordered(self) -> list[RecordSet]:
        """All sets in the order of ListResourceRecordSets."""
        return [self.sets[key] for key in sorted(self.sets, key=sort_key)]

    def with_sets(self, sets: Mapping[SetKey, RecordSet]) -> HostedZone:
        """The zone after an accepted change."""
        return replace(self, sets=MappingProxyType(dict(sets)), version=self.version + 1)
