"""What the app saw of our answers where Docker's resolver (127.0.0.11) stood between: pairs of both ends' evidence."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chaoskit.journal.answer_kind import NAMES, answer_kind, searched
from chaoskit.journal.calls import Call, root_of
from chaoskit.journal.events import QueryAnswered, SandboxReady
from chaoskit.journal.run import Run

BEHIND_DOCKER = ("docker", "compose", "overlay")
"""Sandboxes whose clients ask Docker's resolver, which asks us."""

EXPLAINED = (
    "The clients asked Docker's resolver (127.0.0.11), and that asked chaoskit. It caches nothing, gives each server 4 s, and some "
    "engines hand REFUSED on as SERVFAIL; chaoskit doctor --docker measures yours."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What chaoskit ``said`` in the lookups of ``calls`` failed calls of a client, and what the app's resolver ``made`` of it."""

    client: str
    said: str
    made: str
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """``searched``: names that search domains made of those that were meant, which are asked before or after them."""

    pairs: tuple[Pair, ...]
    searched: tuple[str, ...]


def behind_docker(run: Run) -> Behind | None:
    """None where no resolver of Docker's was in the path."""
    if not any(event.sandbox in BEHIND_DOCKER for _, event in run.of(SandboxReady)):
        return None
    queries = [query for _, query in run.queries]
    counts: Counter[tuple[str, str, str]] = Counter()
    for client, calls in run.calls.items():
        its_own = sorted((query for query in queries if query.asker == client), key=lambda query: query.at)
        for call in calls:
            if call.result == "failed" and (asked := _asked(call, its_own)):
                counts[client, _told(asked), _made(call)] += 1
    pairs = (
        Pair(client=client, said=answers, made=raised, calls=many) for (client, answers, raised), many in counts.items()
    )
    meant = {query.name for query in queries if query.answers or query.faults}
    return Behind(pairs=tuple(pairs), searched=tuple(searched(queries, meant)))


def _asked(call: Call, queries: Sequence[QueryAnswered]) -> Sequence[QueryAnswered]:
    """Those of ``queries``, which are its client's and in order, that came while ``call`` was under way."""
    first = bisect_left(queries, call.started, key=lambda query: query.at)
    return queries[first : bisect_left(queries, call.finished or call.started, key=lambda query: query.at)]


def _told(queries: Sequence[QueryAnswered]) -> str:
    """The kinds of answer, in order. A record without addresses of one family, and no fault's work, is whole as it is."""
    addressed = {query.name for query in queries if answer_kind(query) == "honest"}
    kinds = dict.fromkeys(
        "honest" if kind == "empty" and not query.faults and query.name in addressed else kind
        for query in queries
        for kind in (answer_kind(query),)
    )
    return ", ".join(NAMES[kind] if kind else "what is no answer" for kind in kinds)


def _made(call: Call) -> str:
    root = root_of(call.errors)
    if root is None:
        return "an error that it did not tell"
    return root.type if root.errno is None else f"{root.type} {root.errno}"
