"""Where a DNS fault bites: a pure test of a query."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, ClassVar, Literal, TypeAlias

from chaoskit.dns import rrtypes
from chaoskit.dns.message import Query
from chaoskit.dns.names import canonical, parents
from chaoskit.dns.pattern import matches_pattern, pattern_size, read_pattern
from chaoskit.timeline.counts import check_counts, is_due, told

NAMES = ("name", "under", "glob", "regex")
MAX_GLOB = 255
MOST_SEARCHED = 200
"""Names, and domains, of which it is tried what a search list makes."""

_GLOB = re.compile(r"[*?[]")

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def _plain_name(field: str) -> str:
    """A field as it is written: ``except`` is a word of Python's, so the field ends in an underscore."""
    return field.rstrip("_")


@dataclass(frozen=True, slots=True)
class DnsTarget:
    """Which queries a fault may touch. Exactly one of four says which names (case does not matter):

    ``name`` is that name; ``under`` is a name and all below it; ``glob`` has ``*`` for any characters, dots included, ``?`` for
    one, and ``[abc]``; ``regex`` must match the whole name (``chaoskit.dns.pattern`` says what it may hold).

    ``aliases`` are further names that mean what ``name`` means: host names, or ``*.`` and a name for all below it. Left out in an
    experiment, they are the other names of the endpoint that ``name`` is; an empty list is for that name alone.

    Empty ``types``, ``transports``, ``clients`` or ``networks`` mean all of them. ``clients`` are labels of resolver addresses: the
    names of an experiment's clients. ``networks`` are the askers' own addresses or prefixes, such as ``127.0.0.0/8``.

    ``first`` and ``every`` count. For each injection, asker, name and type, the questions that all of the above lets through
    while the window is on are numbered from 1 (``Query.nth``). ``first: 3`` means numbers 1 to 3, ``every: 3`` means 3, 6, 9 …;
    if both are given, both must hold. So a count depends on one asker's own questions only, and falls alike in a replay, however
    the packets of several clients interleave. Dice (``chance``) are thrown after counting.

    ``except`` spares names: exact ones, and globs (those with ``*``, ``?`` or ``[``). Alone, without any of the four, it means every
    name but these. ``share`` is the part of the clients that is meant, from 0 to 1 (see ``chaoskit.dns.share``).

    A question for an alias meets a fault on the alias's target too, as it would were the target broken: each name of the chain of CNAMEs
    that the honest answer follows is matched. ``follow_cnames: false`` means the question's own name alone.

    Raises ``ValueError`` for what no query can have.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid", "alias_generator": _plain_name}

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
    aliases: tuple[str, ...] | None = None
    except_: tuple[str, ...] = ()
    share: float | None = None
    follow_cnames: bool = True

    def __post_init__(self) -> None:
        if self.except_ and all(getattr(self, field) is None for field in NAMES):
            object.__setattr__(self, "under", ".")
        if sum(getattr(self, field) is not None for field in NAMES) != 1:
            raise ValueError(
                f"write exactly one of {', '.join(NAMES[:-1])} or {NAMES[-1]} to say which names are meant"
            )
        # As queries have them, so that a test is a comparison, and a misspelt type cannot make a fault that meets nothing.
        for field in ("name", "under"):
            if (written := getattr(self, field)) is not None:
                _check_no_glob(field, written)
                object.__setattr__(self, field, canonical(written))
        if self.aliases:
            if self.name is None:
                raise ValueError("'aliases' stand beside a 'name'; with 'under', 'glob' or 'regex' leave them out")
            object.__setattr__(self, "aliases", tuple(map(canonical, self.aliases)))
        object.__setattr__(self, "except_", tuple(map(_read_name_or_glob, self.except_)))
        if self.glob is not None:
            object.__setattr__(self, "glob", _read_glob(self.glob))
        if self.regex is not None:
            read_pattern(self.regex)
        if self.types:
            object.__setattr__(self, "types", tuple(map(rrtypes.canonical, self.types)))
        if self.networks:
            object.__setattr__(self, "networks", tuple(str(network) for network in _networks(self.networks)))
        check_counts(self.first, self.every)
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError("'share' is a part of the clients, above 0 and at most 1; 0.5 is every other one")

    @property
    def counts(self) -> bool:
        """Whether the number of the question matters."""
        return self.first is not None or self.every is not None

    @property
    def pattern_size(self) -> int:
        """How large a regular expression has to be matched: see ``chaoskit.dns.pattern``."""
        return pattern_size(self.regex) if self.regex is not None else 0

    def matches(self, query: Query, name: str | None = None) -> bool:
        """Whether the fault may touch this query, for ``name`` in place of its own, as far as it does not count."""
        return (
            self.covers(query.name if name is None else name)
            and (not self.types or query.rtype in self.types)
            and (not self.transports or query.transport in self.transports)
            and (not self.clients or query.asker in self.clients)
            and (not self.networks or _in_networks(query.client, self.networks))
        )

    def covers(self, name: str) -> bool:
        """Whether it may touch some query for ``name``, a canonical one."""
        return self._means(name) and not self.spares(name)

    def spares(self, name: str) -> bool:
        """Whether ``name`` is one of those that are left alone."""
        return any(fnmatchcase(name, one) if _GLOB.search(one) else name == one for one in self.except_)

    def through(self, query: Query, chain: tuple[str, ...]) -> str | None:
        """The first name of ``chain`` for which the fault may touch the query; None if it may not. The chain begins with its own name."""
        if not self.follow_cnames or self.spares(query.name):
            return query.name if self.matches(query) else None
        return next((name for name in chain if self.matches(query, name)), None)

    def _means(self, name: str) -> bool:
        if self.name is not None:
            return name == self.name or any(_is_alias(name, alias) for alias in self.aliases or ())
        if self.under is not None:
            return name == self.under or not self.under or name.endswith(f".{self.under}")
        if self.glob is not None:
            return fnmatchcase(name, self.glob)
        return matches_pattern(self.regex or "", name)

    def due(self, nth: int) -> bool:
        """Whether the ``nth`` question of its kind is one that the fault is meant for."""
        return is_due(nth, self.first, self.every)

    def could_meet(self, apex: str, names: tuple[str, ...]) -> bool:
        """Whether a zone with this ``apex``, in which ``names`` exist, answers for a name that is meant here, as far as can be told.

        A name need not exist: a search list makes names that do not. Of patterns it is told by how they end, by what exists, and by what a
        search list makes of that.
        """
        target = self.name if self.name is not None else self.under
        if target is not None:
            below = (target, *parents(target))
            return apex in below or (self.under is not None and self.under in (apex, *parents(apex)))
        return (
            _ends_in(self.glob or self.regex or "", apex, is_regex=self.glob is None)
            or any(self.covers(name) for name in names)
            or any(name.startswith("*.") and self._reaches(name[1:]) for name in names)
        )

    def meets_search(self, names: tuple[str, ...]) -> bool:
        """Whether a search list of domains in which ``names`` are makes a name that is meant of one of them."""
        domains = sorted({above for name in names for above in parents(name) if above})[:MOST_SEARCHED]
        return any(self.covers(f"{name}.{domain}") for name in names[:MOST_SEARCHED] for domain in domains)

    def _reaches(self, below: str) -> bool:
        """Whether a glob could fit some name that ends with ``below``; of a pattern that is not known, so it could."""
        end = re.split(r"[*?\]]", self.glob or "*")[-1]
        return end.endswith(below) or below.endswith(end)

    def describe(self) -> str:
        """For people: ``api.example.com (A, AAAA; udp)``."""
        limits = [", ".join(part) for part in (self.types, self.transports, self.clients, self.networks) if part]
        limits += told(self.first, self.every)
        limits += [f"{self.share:.0%} of the clients"] if self.share is not None else []
        limits += ["not through CNAMEs"] if not self.follow_cnames else []
        return self.names() + (f" ({'; '.join(limits)})" if limits else "")

    def names(self) -> str:
        """The names that are meant, for people."""
        return self._named() + (
            f" but {', '.join(name or 'the root' for name in self.except_)}" if self.except_ else ""
        )

    def _named(self) -> str:
        if self.name is not None:
            return (self.name or "the root") + (" and its aliases" if self.aliases else "")
        if self.under is not None:
            return f"{self.under} and below" if self.under else "every name"
        return self.glob if self.glob is not None else f"/{self.regex}/"


def _is_alias(name: str, alias: str) -> bool:
    return name == alias or (alias.startswith("*.") and name.endswith(alias[1:]))


def _check_no_glob(field: str, written: str) -> None:
    """A star, say, is a sign like any other in a name, but who writes one hardly ever means that; nor does a name have a port."""
    if match := re.search(r"(?<!\\)(?:\\\\)*([*?[])", written):
        raise ValueError(f"{match[1]!r} stands in '{field}'; write it as 'glob': {{glob: {written!r}}}")
    if re.search(r"://|:\d+$", written):
        raise ValueError(f"{written!r} is no name; write the host's name alone, without scheme, port and path")


def _read_name_or_glob(written: str) -> str:
    return _read_glob(written) if _GLOB.search(written) else canonical(written)


def _ends_in(pattern: str, apex: str, *, is_regex: bool) -> bool:
    """Whether the end of a glob or regular expression, as far as it stands for itself, names the zone or something in it."""
    if is_regex:
        match = re.search(r"(?:[A-Za-z0-9_-]|\\[.-])*$", pattern.removesuffix("$"))
        ending = match[0].replace("\\", "").lower() if match else ""
    else:
        ending = re.split(r"[*?\]]", pattern)[-1]
    return bool(ending) and f".{ending}".endswith(f".{apex}" if apex else "") and ending.count(".") > 0


def _read_glob(glob: str) -> str:
    if not glob.isascii() or not 0 < len(glob) <= MAX_GLOB:
        raise ValueError(f"a glob has 1 to {MAX_GLOB} ASCII characters, not {len(glob)}")
    if not _GLOB.search(glob):
        raise ValueError(f"{glob!r} has no *, ? or [ in it; write it as 'name'")
    return glob.lower().removesuffix(".")


@lru_cache(maxsize=256)
def _networks(written: tuple[str, ...]) -> tuple[Network, ...]:
    networks = []
    for one in written:
        try:
            networks.append(ipaddress.ip_network(one))
        except ValueError as error:
            raise ValueError(f"{error}; write an address or a prefix, such as 127.0.0.1 or 127.0.0.0/8") from error
    return tuple(networks)


def _in_networks(client: str, networks: tuple[str, ...]) -> bool:
    address = ipaddress.ip_address(client.partition("%")[0])
    return any(address in network for network in _networks(networks))
