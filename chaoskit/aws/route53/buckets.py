"""Token buckets, as Route 53 throttles (Developer Guide, "Throttling for Amazon Route 53 API requests"). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chaoskit.clock import Instant
from chaoskit.units import SECOND


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket's size and how many tokens a second it gains, of requests or of changes."""

    capacity: int
    per_s: float


ACCOUNT = Rate(50, 10)
"""All requests of an account together; and each action by itself, where ``ACTIONS`` has no other."""

ACTIONS = {"CreateHostedZone": Rate(40, 2), "DeleteHostedZone": Rate(40, 5)}


@dataclass(frozen=True, slots=True)
class Bucket:
    """``tokens`` at ``at``. A new one is full."""

    rate: Rate
    tokens: float
    at: Instant

    @classmethod
    def full(cls, rate: Rate, at: Instant) -> Bucket:
        """A bucket that nobody has taken from."""
        return cls(rate, rate.capacity, at)

    def filled(self, at: Instant) -> Bucket:
        """The same at ``at``: what does not fit is lost. An earlier instant than its own changes nothing."""
        gained = max(0, at - self.at) / SECOND * self.rate.per_s
        return replace(self, tokens=min(float(self.rate.capacity), self.tokens + gained), at=max(at, self.at))

    def take(self, count: int, at: Instant) -> Bucket | None:
        """The bucket without ``count`` tokens; None if it has not so many.

        More than it can ever hold is let through when it is full, since otherwise it would be refused for ever (not verified).
        """
        now = self.filled(at)
        needed = min(count, self.rate.capacity)
        return replace(now, tokens=now.tokens - needed) if now.tokens >= needed else None
