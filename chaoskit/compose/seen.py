"""What the apps saw behind Docker's resolver: our answers by the journal, and what this engine was measured to make of each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from chaoskit.compose.helper import Row
from chaoskit.journal.events import QueryAnswered
from chaoskit.journal.run import Run
from chaoskit.units import MILLISECOND

GIVEN_UP_NS = 4000 * MILLISECOND
"""How long Docker's resolver waits for one server (moby, ``libnetwork/resolver.go``: ``extIOTimeout``)."""

RCODES = {"NXDOMAIN": "nxdomain", "SERVFAIL": "servfail", "REFUSED": "refused"}
NAMES = {
    "honest": "addresses",
    "empty": "NODATA",
    "nxdomain": "NXDOMAIN",
    "servfail": "SERVFAIL",
    "refused": "REFUSED",
    "dropped": "nothing",
    "late-4500ms": "an answer after more than 4 s",
}


def case_of(query: QueryAnswered) -> str | None:
    """Which measured case this answer of ours is; None for what was not measured (garbage, a hang-up)."""
    if query.reply == "drop":
        return "dropped"
    if query.reply != "answer":
        return None
    if query.answered_at - query.at > GIVEN_UP_NS:
        return "late-4500ms"
    if query.rcode == "NOERROR":
        return "honest" if query.answers else "empty"
    return RCODES.get(query.rcode)


def seen(run: Run, rows: Sequence[Row], engine: str, known: Iterable[str]) -> list[str]:
    """Lines for people: for each client, what we said and what its libc got of that; and names that search domains made of others."""
    measured = {row.case: row for row in rows}
    lines = [f"behind 127.0.0.11 (engine {engine}; measured on this machine by a name server of each fault)"]
    for client in run.clients:
        mine = [query for _, query in run.queries if query.asker == client]
        counts = Counter(case_of(query) for query in mine if query.rtype in ("A", "AAAA"))
        lines += [f"  {client}: {_line(case, number, measured)}" for case, number in counts.most_common()]
        if made := searched(mine, known):
            lines.append(f"  {client}: search domains made {', '.join(made)} of the names that were meant")
    return lines


def _line(case: str | None, number: int, measured: Mapping[str, Row]) -> str:
    if case is None or case not in measured:
        return f"{number} × what no measurement covers: look at the query log"
    row = measured[case]
    passed = "passed on" if not row.changed else f"handed on as {row.through.says}"
    made = "addresses" if row.libc.code == 0 else f"EAI {row.libc.code}"
    return f"{number} × {NAMES.get(case, case)}: {passed}; glibc's getaddrinfo gives {made}"


def searched(queries: Iterable[QueryAnswered], known: Iterable[str]) -> list[str]:
    """Names that are a known name with more behind it: what ``search`` and ``ndots`` of resolv.conf make (resolv.conf(5))."""
    meant = tuple(f"{name.rstrip('.')}." for name in known)
    asked = {query.name for query in queries}
    return sorted(name for name in asked if name.startswith(meant))
