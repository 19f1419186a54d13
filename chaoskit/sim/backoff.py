"""Back-off as pure policy: how often a call is tried, how long it sleeps in between, and what a retry costs.

The common form of all AWS SDKs is truncated binary exponential back-off: before retry ``i`` (1-based) a call sleeps
``min(base * 2 ** (i - 1), cap)``, as it is (*none*) or times a number drawn evenly from 0 to 1 (*full* jitter). A quota, a bucket of tokens
that all calls of one client object share, may forbid a retry. (AWS SDKs and Tools Reference Guide, "Retry behavior".)
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.units import SECOND

Jitter: TypeAlias = Literal["none", "full"]

Trouble: TypeAlias = Literal["not found", "temporary", "timeout", "transport"]
"""Why a try failed: the name has no address (NODATA, NXDOMAIN); the resolver could not tell (SERVFAIL, REFUSED, silence); the
connection timed out; anything else on the way (refused, reset)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A bucket of ``capacity`` tokens. A retry takes ``cost``, one after a time-out ``timeout_cost``.

    A call that succeeds after retries gives back what its last retry took; one that succeeds at once gives ``refund``.
    """

    capacity: int = 500
    cost: int = 5
    timeout_cost: int = 5
    refund: int = 1

    def price(self, trouble: Trouble) -> int:
        """Tokens of a retry after ``trouble``."""
        return self.timeout_cost if trouble == "timeout" else self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """A documented retry policy. ``source`` says whose words it is taken from. Times in nanoseconds.

    ``attempts`` counts all tries of a call. ``retried`` are the troubles that are tried again at all.
    """

    name: str
    source: str
    attempts: int
    base_ns: int
    cap_ns: int = 20 * SECOND
    jitter: Jitter = "full"
    quota: Quota | None = None
    retried: frozenset[Trouble] = frozenset(("not found", "temporary", "timeout", "transport"))

    def bounds(self, retry: int) -> tuple[int, int]:
        """The shortest and the longest sleep before retry ``retry`` (1-based)."""
        longest = min(self.base_ns << (retry - 1), self.cap_ns)
        return (longest if self.jitter == "none" else 0), longest

    def sleep(self, retry: int, rng: random.Random) -> int:
        """One sleep before retry ``retry``."""
        shortest, longest = self.bounds(retry)
        return shortest if shortest == longest else round(rng.random() * longest)

    def tries(self, trouble: Trouble) -> int:
        """How often a call with a full quota is tried while every try meets ``trouble``."""
        return self.attempts if trouble in self.retried else 1

    def longest_call(self, trouble: Trouble, attempt_ns: int) -> int:
        """The longest that such a call takes, when each try takes ``attempt_ns``."""
        tries = self.tries(trouble)
        return tries * attempt_ns + sum(self.bounds(retry)[1] for retry in range(1, tries))
