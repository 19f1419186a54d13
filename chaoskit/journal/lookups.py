"""What belongs together in the query log: A and AAAA of one ``getaddrinfo``, from one socket or from two. Pure.

glibc sends A and AAAA from one port, and so their repeats (``resolv/res_send.c``, seen on 2.36); its single-request fallback, 10 s into
an unanswered lookup, takes new ports and so counts anew. Go's resolver, ``getent hosts`` and Docker's resolver (127.0.0.11) ask from a
socket for each question: an A and an AAAA of one client for one name, each alone on its port, are one lookup when the second was
asked before or just after the first was answered.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from chaoskit.clock import Instant
from chaoskit.journal.events import Entry, QueryAnswered, Record
from chaoskit.journal.stored import StoredEntries, select
from chaoskit.units import MILLISECOND, SECOND

LOOKUP_GAP_NS = 15 * SECOND
"""Queries from one port this far apart are two lookups. glibc's longest pause inside one lookup is 5 s × 2 attempts + the
single-request fallback's 5 s (resolv.conf(5), ``timeout`` and ``attempts``)."""

PAIR_GAP_NS = 250 * MILLISECOND
"""How long after the answer to one half a client that asks both at once has asked the other, at the latest: a busy machine lets it wait."""

SEQUENCE_GAP_NS = 2 * SECOND
"""The same for a client that asks for A because there is no AAAA (``getent hosts``): it does nothing else between the two."""

PAIRED = ("A", "AAAA")

Half: TypeAlias = Literal["addresses", "NODATA", "lost"] | str
"""What one type of a lookup got in the end: addresses, NODATA, an RCODE, or *lost*: no reply that a resolver can use."""

_Outcome: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, Half], ...]]
"""The ``rcodes``, ``faults`` and ``halves`` of a lookup."""


_Reply: TypeAlias = tuple[str, str, str, bool, tuple[str, ...]]
"""Type, reply, RCODE, whether it has answers, and faults of one query: what the outcome of a lookup follows from."""


class Lookup(Record, frozen=True, kw_only=True):
    """One ``getaddrinfo``: the queries of one client for one name that belong together (A and AAAA, and their repeats).

    ``halves`` maps each type that was asked to what it got in the end. ``finished`` is when the last reply went out: a client that lost
    one waited longer, and when it asked again tells how long.
    """

    client: str
    started: Instant
    finished: Instant
    name: str
    queries: tuple[int, ...]
    rcodes: tuple[str, ...]
    answers: int
    faults: tuple[str, ...]
    halves: tuple[tuple[str, Half], ...] = ()

    @property
    def half_failed(self) -> bool:
        """Whether one type got addresses and another an error, or no reply: some resolvers then fail as a whole."""
        got = [half for _, half in self.halves]
        return "addresses" in got and any(half not in ("addresses", "NODATA") for half in got)

    @property
    def words(self) -> str:
        """``A answered, AAAA NXDOMAIN``."""
        return ", ".join(f"{rtype} {'answered' if half == 'addresses' else half}" for rtype, half in self.halves)


class _Query(Struct, gc=False):
    """What a lookup is made of, of one ``QueryAnswered``: a journal may hold a million, whose words are few and shared here."""

    seq: int
    asker: str
    name: str
    rtype: str
    reply: str
    rcode: str
    at: Instant
    answered_at: Instant
    answers: int
    faults: tuple[str, ...]

    @classmethod
    def of(cls, seq: int, event: QueryAnswered) -> _Query:
        return cls(
            seq=seq,
            asker=sys.intern(event.asker),
            name=sys.intern(event.name),
            rtype=sys.intern(event.rtype),
            reply=sys.intern(event.reply),
            rcode=sys.intern(event.rcode),
            at=event.at,
            answered_at=event.answered_at,
            answers=event.answers,
            faults=tuple(map(sys.intern, event.faults)) if event.faults else (),
        )


def find_lookups(entries: Sequence[Entry]) -> tuple[Lookup, ...]:
    """The query log grouped into lookups, in order of start."""
    # The log is in order of answers: a delayed one comes late.
    arrived = sorted(_arrived(entries))
    in_order = all(earlier[1] < later[1] for earlier, later in itertools.pairwise(arrived))
    queries = select(entries, QueryAnswered) if in_order else (entries[place] for _, place in arrived)
    groups: list[list[_Query]] = []
    latest: dict[tuple[str, str, str], list[_Query]] = {}
    alone: dict[tuple[str, str], list[_Query]] = {}
    for entry in queries:
        assert isinstance(entry.event, QueryAnswered)
        query = _Query.of(entry.seq, entry.event)
        key = (query.asker, entry.event.peer, query.name)
        group = latest.get(key)
        if group is None or not _continues(group, query):
            group = _other_half(alone, query)
            if group is None:
                group = []
                groups.append(group)
                alone[query.asker, query.name] = group
            latest[key] = group
        group.append(query)
    latest.clear()
    alone.clear()
    groups.reverse()  # so that each can be let go when it is closed
    closed = []
    outcomes: dict[tuple[_Reply, ...], _Outcome] = {}
    while groups:
        closed.append(_lookup(groups.pop(), outcomes))
    return tuple(closed)


def _arrived(entries: Sequence[Entry]) -> Iterator[tuple[Instant, int]]:
    """When each query came, and its place in ``entries``."""
    if isinstance(entries, StoredEntries):
        return ((entries.instants[place], place) for place in entries.places(QueryAnswered))
    return ((entry.event.at, place) for place, entry in enumerate(entries) if isinstance(entry.event, QueryAnswered))


def _other_half(alone: dict[tuple[str, str], list[_Query]], query: _Query) -> list[_Query] | None:
    """The lookup that began last for this name, if all it has is the other type of the pair, and just now."""
    group = alone.get((query.asker, query.name))
    if not group or query.rtype not in PAIRED:
        return None
    types = {earlier.rtype for earlier in group}
    if types != {PAIRED[1 - PAIRED.index(query.rtype)]}:
        return None
    last = max(earlier.answered_at for earlier in group)
    no_aaaa = query.rtype == "A" and all(
        earlier.rcode == "NOERROR" and not earlier.answers and set(earlier.faults) <= set(query.faults)
        for earlier in group
    )
    return group if query.at <= last + (SEQUENCE_GAP_NS if no_aaaa else PAIR_GAP_NS) else None


def _continues(group: list[_Query], query: _Query) -> bool:
    """Whether a query from the same port is of the same lookup, and not of a later one that got this port again.

    A resolver does not repeat a question once it has a final answer, NOERROR or NXDOMAIN, to each type that it asked for; while one
    is missing glibc asks for both again, one after the other.
    """
    last = group[-1]
    if query.at - last.at > LOOKUP_GAP_NS:
        return False
    if len(group) > 2 and query.at <= last.answered_at + PAIR_GAP_NS:
        counts = Counter(earlier.rtype for earlier in group)
        if 0 < counts[query.rtype] < counts[last.rtype]:
            return True  # the second half of a pair that is asked for again
    asked = {earlier.rtype for earlier in group}
    final = {
        earlier.rtype
        for earlier in group
        if earlier.reply == "answer" and earlier.rcode in ("NOERROR", "NXDOMAIN") and earlier.answered_at < query.at
    }
    return query.rtype not in final or asked != final


def _lookup(group: list[_Query], outcomes: dict[tuple[_Reply, ...], _Outcome]) -> Lookup:
    """The lookup of these queries. What it got is shared with those in ``outcomes`` that got the same: most do."""
    replies = tuple([(query.rtype, query.reply, query.rcode, query.answers > 0, query.faults) for query in group])
    outcome = outcomes.get(replies)
    if outcome is None:
        outcome = outcomes[replies] = _outcome(group)
    rcodes, faults, halves = outcome
    return Lookup(
        client=group[0].asker,
        started=min([query.at for query in group]),
        finished=max([query.answered_at for query in group]),
        name=group[0].name,
        queries=tuple([query.seq for query in group]),
        rcodes=rcodes,
        answers=sum([query.answers for query in group]),
        faults=faults,
        halves=halves,
    )


def _outcome(group: Sequence[_Query]) -> _Outcome:
    return (
        tuple(query.rcode if query.reply == "answer" else query.reply for query in group),
        tuple(sorted({fault for query in group for fault in query.faults})),
        tuple((rtype, _half(group, rtype)) for rtype in dict.fromkeys(query.rtype for query in group)),
    )


def _half(group: Iterable[_Query], rtype: str) -> Half:
    """What ``rtype`` got: the best of its repeats, since a resolver goes on until it has one that it can use."""
    replies = [query for query in group if query.rtype == rtype]
    if any(query.answers for query in replies):
        return "addresses"
    usable = [query.rcode for query in replies if query.reply == "answer"]
    if not usable:
        return "lost"
    return "NODATA" if "NOERROR" in usable else usable[-1]
