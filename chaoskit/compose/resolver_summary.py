"""What the apps saw behind Docker's resolver: our answers by the journal, and what this engine was measured to make of each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from chaoskit.compose.helper import Row
from chaoskit.journal.answer_kind import NAMES, AnswerKind, answer_kind, searched
from chaoskit.journal.run import Run


def resolver_summary(run: Run, rows: Sequence[Row], engine: str, known: Iterable[str]) -> list[str]:
    """Lines for people: for each client, what we said and what its libc got of that; and names that search domains made of others."""
    measured = {row.case: row for row in rows}
    lines = [f"behind 127.0.0.11 (engine {engine}; measured on this machine by a name server of each fault)"]
    for client in run.clients:
        mine = [query for _, query in run.queries if query.asker == client]
        counts = Counter(answer_kind(query) for query in mine if query.rtype in ("A", "AAAA"))
        lines += [f"  {client}: {_line(case, number, measured)}" for case, number in counts.most_common()]
        if made := searched(mine, known):
            lines.append(f"  {client}: search domains made {', '.join(made)} of the names that were meant")
    return lines


def _line(case: AnswerKind | None, number: int, measured: Mapping[str, Row]) -> str:
    if case is None or case not in measured:
        return f"{number} × what no measurement covers: look at the query log"
    row = measured[case]
    passed = "passed on" if not row.changed else f"handed on as {row.through.says}"
    made = "addresses" if row.libc.code == 0 else f"EAI {row.libc.code}"
    return f"{number} × {NAMES[case]}: {passed}; glibc's getaddrinfo gives {made}"
