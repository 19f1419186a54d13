"""What breaks of ours while a query is answered: told apart from every fault that was injected, and never the server's end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clock import Instant

STRIKES = 2
"""Failures after which an injection is withdrawn: once may be the query's, twice is the injection's."""


class FaultFailed(Exception):
    """A fault's own code raised; ``injection`` is the id of what held it, and the cause is what was raised."""

    def __init__(self, injection: str, message: str) -> None:
        self.injection = injection
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class QueryFailed:
    """A query that could not be answered as was meant, for a reason of ours; its asker got SERVFAIL, or nothing where that failed too.

    ``injection`` is the id of what is to blame, empty where nothing injected is. ``at`` is the query's arrival.
    """

    kind: ClassVar[str] = "query_failed"

    at: Instant
    asker: str
    name: str
    rtype: str
    injection: str
    message: str


def reason(error: BaseException) -> str:
    """What was raised, and why, on one line."""
    cause = f" ({type(error.__cause__).__name__}: {error.__cause__})" if error.__cause__ else ""
    return " ".join(f"{type(error).__name__}: {error}{cause}".split())


class Strikes:
    """How often each injection was to blame."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def out(self, failure: QueryFailed) -> bool:
        """Count a failure; true if the injection to blame is to be withdrawn now."""
        if not failure.injection:
            return False
        self._counts[failure.injection] += 1
        return self._counts[failure.injection] == STRIKES

    def forget(self, injection: str) -> None:
        """Another injection takes this id."""
        del self._counts[injection]
