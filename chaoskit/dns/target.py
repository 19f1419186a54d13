"""Where a DNS fault bites: a pure test of a query."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, ClassVar, Literal, TypeAlias

from chaoskit.dns.message import Query
from chaoskit.dns.names import canonical, parents
from chaoskit.dns.pattern import matches_pattern, read_pattern
from chaoskit.timeline.counts import check_counts, is_due, told

NAMES = ("name", "under", "glob", "regex")
MAX_GLOB = 255

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class DnsTarget:
    """Which queries a fault may touch. Exactly one of four says which names (case does not matter):

    ``name`` is that name; ``under`` is a name and all below it; ``glob`` has ``*`` for any characters, dots included, ``?`` for
    one, and ``[abc]``; ``regex`` must match the whole name (``chaoskit.dns.pattern`` says what it may hold).

    Empty ``types``, ``transports``, ``clients`` or ``networks`` mean all of them. ``clients`` are labels of resolver addresses: the
    names of an experiment's clients. ``networks`` are the askers' own addresses or prefixes, such as ``127.0.0.0/8``.

    ``first`` and ``every`` count. For each injection, asker, name and type, the questions that all of the above lets through
    while the window is on are numbered from 1 (``Query.nth``). ``first: 3`` means numbers 1 to 3, ``every: 3`` means 3, 6, 9 …;
    if both are given, both must hold. So a count depends on one asker's own questions only, and falls alike in a replay, however
    the packets of several clients interleave. Dice (``chance``) are thrown after counting.

    Raises ``ValueError`` for what no query can have.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    name: str | None = None
    types: tuple[str, ...] = ()
    transports: tuple[Literal["udp", "tcp"], ...] = ()
    clients: tuple[str, ...] = ()
    under: str | None = None
    glob: str | None = None
    regex: str | None = None
    networks: tuple[str, ...] = ()
    first: int | None = None
    every: int | None = None

    def __post_init__(self) -> None:
        if sum(getattr(self, field) is not None for field in NAMES) != 1:
            raise ValueError(
                f"write exactly one of {', '.join(NAMES[:-1])} or {NAMES[-1]} to say which names are meant"
            )
        # As queries have them, so that a test is a comparison, and a misspelt type cannot make a fault that meets nothing.
        for field in ("name", "under"):
            if (written := getattr(self, field)) is not None:
                object.__setattr__(self, field, canonical(written))
        if self.glob is not None:
            object.__setattr__(self, "glob", _read_glob(self.glob))
        if self.regex is not None:
            read_pattern(self.regex)
        if self.types:
            from chaoskit.dns.codec import canonical_type

            object.__setattr__(self, "types", tuple(map(canonical_type, self.types)))
        if self.networks:
            object.__setattr__(self, "networks", tuple(str(network) for network in _networks(self.networks)))
        check_counts(self.first, self.every)

    @property
    def counts(self) -> bool:
        """Whether the number of the question matters."""
        return self.first is not None or self.every is not None

    def matches(self, query: Query) -> bool:
        """Whether the fault may touch this query, as far as it does not count."""
        return (
            self.covers(query.name)
            and (not self.types or query.rtype in self.types)
            and (not self.transports or query.transport in self.transports)
            and (not self.clients or query.asker in self.clients)
            and (not self.networks or _in_networks(query.client, self.networks))
        )

    def covers(self, name: str) -> bool:
        """Whether it may touch some query for ``name``, a canonical one."""
        if self.name is not None:
            return name == self.name
        if self.under is not None:
            return name == self.under or not self.under or name.endswith(f".{self.under}")
        if self.glob is not None:
            return fnmatchcase(name, self.glob)
        return matches_pattern(self.regex or "", name)

    def due(self, nth: int) -> bool:
        """Whether the ``nth`` question of its kind is one that the fault is meant for."""
        return is_due(nth, self.first, self.every)

    def could_meet(self, apex: str, names: tuple[str, ...]) -> bool:
        """Whether a zone with this ``apex``, in which ``names`` exist, could answer for a name that is meant here."""
        target = self.name if self.name is not None else self.under
        if target is None:
            return any(self.covers(name) for name in names) or any(name.startswith("*.") for name in names)
        below = (target, *parents(target))
        return apex in below or (self.under is not None and self.under in (apex, *parents(apex)))

    def describe(self) -> str:
        """For people: ``api.example.com (A, AAAA; udp)``."""
        limits = [", ".join(part) for part in (self.types, self.transports, self.clients, self.networks) if part]
        limits += told(self.first, self.every)
        return self.names() + (f" ({'; '.join(limits)})" if limits else "")

    def names(self) -> str:
        """The names that are meant, for people."""
        if self.name is not None:
            return self.name or "the root"
        if self.under is not None:
            return f"{self.under} and below" if self.under else "every name"
        return self.glob if self.glob is not None else f"/{self.regex}/"


def _read_glob(glob: str) -> str:
    if not glob.isascii() or not 0 < len(glob) <= MAX_GLOB:
        raise ValueError(f"a glob has 1 to {MAX_GLOB} ASCII characters, not {len(glob)}")
    if not re.search(r"[*?[]", glob):
        raise ValueError(f"{glob!r} has no *, ? or [ in it; write it as 'name'")
    return glob.lower().removesuffix(".")


@lru_cache(maxsize=256)
def _networks(written: tuple[str, ...]) -> tuple[Network, ...]:
    found = []
    for one in written:
        try:
            found.append(ipaddress.ip_network(one))
        except ValueError as error:
            raise ValueError(f"{error}; write an address or a prefix, such as 127.0.0.1 or 127.0.0.0/8") from error
    return tuple(found)


def _in_networks(client: str, networks: tuple[str, ...]) -> bool:
    address = ipaddress.ip_address(client.partition("%")[0])
    return any(address in network for network in _networks(networks))
