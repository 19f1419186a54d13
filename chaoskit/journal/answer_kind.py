"""What our DNS said, in the few kinds that a resolver between it and the app may treat differently. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from chaoskit.journal.events import QueryAnswered
from chaoskit.units import MILLISECOND

AnswerKind: TypeAlias = Literal["honest", "empty", "nxdomain", "servfail", "refused", "dropped", "late-4500ms"]

GIVEN_UP_NS = 4000 * MILLISECOND
"""How long Docker's resolver waits for one server (moby, ``libnetwork/resolver.go``: ``extIOTimeout``)."""

RCODES: dict[str, AnswerKind] = {"NXDOMAIN": "nxdomain", "SERVFAIL": "servfail", "REFUSED": "refused"}
NAMES: dict[AnswerKind, str] = {
    "honest": "addresses",
    "empty": "NODATA",
    "nxdomain": "NXDOMAIN",
    "servfail": "SERVFAIL",
    "refused": "REFUSED",
    "dropped": "nothing",
    "late-4500ms": "an answer after more than 4 s",
}


def answer_kind(query: QueryAnswered) -> AnswerKind | None:
    """Which kind this answer of ours is; None for what has none (garbage, a hang-up)."""
    if query.reply == "drop":
        return "dropped"
    if query.reply != "answer":
        return None
    if query.answered_at - query.at > GIVEN_UP_NS:
        return "late-4500ms"
    if query.rcode == "NOERROR":
        return "honest" if query.answers else "empty"
    return RCODES.get(query.rcode)


def searched(queries: Iterable[QueryAnswered], known: Iterable[str]) -> list[str]:
    """Names that are a known name with more behind it: what ``search`` and ``ndots`` of resolv.conf make (resolv.conf(5))."""
    meant = tuple(f"{name.rstrip('.')}." for name in known)
    asked = {query.name for query in queries}
    return sorted(name for name in asked if name.startswith(meant))
