"""What the apps saw behind Docker's resolver: our answers by the journal, and what this engine was measured to make of each. Pure.

Docker's resolver asks for A and AAAA from a socket each, so the two are put together here by name and time. That a name has no AAAA record
is no finding: an empty answer to AAAA that no fault has touched goes with its A.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from chaoskit.compose.helper import Row
from chaoskit.journal.answer_kind import NAMES, AnswerKind, answer_kind, searched
from chaoskit.journal.events import QueryAnswered
from chaoskit.journal.run import Run
from chaoskit.units import SECOND

TOGETHER_NS = SECOND
"""A and AAAA of one lookup are asked within this time."""


def resolver_summary(run: Run, rows: Sequence[Row], engine: str, known: Iterable[str]) -> list[str]:
    """Lines for people: for each client, what we said and what its libc got of that; and names that search domains made of others."""
    measured = {row.case: row for row in rows}
    lines = [f"behind 127.0.0.11 (engine {engine}; measured on this machine by a name server of each fault)"]
    for client in run.clients:
        mine = [query for _, query in run.queries if query.asker == client]
        counts = Counter(_findings(mine))
        lines += [f"  {client}: {_line(finding, number, measured)}" for finding, number in counts.most_common()]
        if names := searched(mine, known):
            lines.append(f"  {client}: search domains made {', '.join(names)} of the names that were meant")
    return lines


class Finding(NamedTuple):
    """What a lookup got: the kind of the answer, and whether it is of AAAA ``alone``, where A got another or was not asked."""

    kind: AnswerKind | None
    alone: bool = False


def _findings(queries: Iterable[QueryAnswered]) -> Iterator[Finding]:
    """One for each lookup: its A, and its AAAA where that has something else to tell."""
    waiting: dict[str, deque[QueryAnswered]] = {}
    aaaa = []
    for query in sorted(queries, key=lambda query: query.at):
        if query.rtype == "A":
            waiting.setdefault(query.name, deque()).append(query)
            yield Finding(answer_kind(query))
        elif query.rtype == "AAAA":
            aaaa.append(query)
    for query in aaaa:
        kind = answer_kind(query)
        beside = waiting.get(query.name, deque())
        while beside and beside[0].at < query.at - TOGETHER_NS:
            beside.popleft()
        if beside and beside[0].at <= query.at + TOGETHER_NS:
            partner = beside.popleft()
            if kind == answer_kind(partner) or (kind == "empty" and not query.faults):
                continue
        yield Finding(kind, alone=True)


def _line(finding: Finding, number: int, measured: Mapping[str, Row]) -> str:
    case = "aaaa-dropped" if finding == Finding("dropped", alone=True) else str(finding.kind)
    if finding.kind is None or case not in measured:
        return f"{number} × what no measurement covers: look at the query log"
    row = measured[case]
    passed = "passed on" if not row.changed else f"handed on as {row.through.says}"
    result = "addresses" if row.libc.code == 0 else f"EAI {row.libc.code}"
    if finding.alone and case != "aaaa-dropped":
        return f"{number} × {NAMES[finding.kind]} for AAAA alone: {passed}"
    alone = " for AAAA alone" if finding.alone else ""
    return f"{number} × {NAMES[finding.kind]}{alone}: {passed}; glibc's getaddrinfo gives {result}"
