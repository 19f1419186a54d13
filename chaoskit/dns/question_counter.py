"""How often each asker has put each question to each injection: the state behind ``first``, ``every`` and ``Query.nth``."""

from __future__ import annotations

from chaoskit.dns.message import Query

MAX_QUESTIONS = 65_536
"""Beyond this many, the question not put for longest is forgotten, and counts from 1 again: a flood of random names needs no memory."""


class QuestionCounter:
    """Counts from 1. The server owns one and hands it to the responder, which has no state."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str, str], int] = {}

    def next(self, injection: str, query: Query) -> int:
        """Count ``query`` for ``injection``, and return its number."""
        key = injection, query.asker, query.name, query.rtype
        count = self._counts.pop(key, 0) + 1
        self._counts[key] = count  # at the end again: the dict is in the order of the last question
        if len(self._counts) > MAX_QUESTIONS:
            del self._counts[next(iter(self._counts))]
        return count

    def forget(self, injection: str) -> None:
        """Count from 1 again: another injection takes this one's id."""
        for key in [key for key in self._counts if key[0] == injection]:
            del self._counts[key]
