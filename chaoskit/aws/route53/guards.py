"""Guards of a control plane, which Route 53 does not have: batches that would empty a record, or take its addresses too fast.

They are judged in the same step as the batch, against what is served before and after it, so nothing can come between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from chaoskit.aws.route53.batch import Refusal
from chaoskit.aws.route53.record_set import HostedZone
from chaoskit.aws.route53.served import Served, dns_name, served_names, touched_names
from chaoskit.clock import Instant

WOULD_BE_EMPTY = "would be left without an address"
TOO_FAST = "would lose addresses faster than is allowed"


@dataclass(frozen=True, slots=True)
class Velocity:
    """A record may lose at most ``addresses`` within ``per_ns``."""

    addresses: int
    per_ns: int


@dataclass(slots=True)
class Guards:
    """Judges batches. ``names`` are shell patterns (fnmatch) of the records that are guarded."""

    names: tuple[str, ...] = ()
    never_empty: bool = False
    velocity: Velocity | None = None
    _losses: dict[str, deque[tuple[Instant, int]]] = field(default_factory=dict)

    def check(self, before: HostedZone, after: HostedZone, at: Instant) -> None:
        """Raise ``Refusal`` for a batch that leads from ``before`` to ``after`` and must not; else count what it takes away."""
        if not self.names:
            return
        guarded = {name for name in touched_names(before, after) if self._guards(dns_name(name))}
        had, has = served_names(before, guarded), served_names(after, guarded)
        lost = {name: fewer for name in had if (fewer := _addresses(had, name) - _addresses(has, name)) > 0}
        for name, fewer in lost.items():
            if self.never_empty and not _addresses(has, name):
                raise Refusal("InvalidChangeBatch", f"The record {name} {WOULD_BE_EMPTY}")
            if self.velocity is not None and self._recent(name, at) + fewer > self.velocity.addresses:
                raise Refusal("InvalidChangeBatch", f"The record {name} {TOO_FAST}")
        for name, fewer in lost.items():
            self._losses.setdefault(name, deque()).append((at, fewer))

    def _guards(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.names)

    def _recent(self, name: str, at: Instant) -> int:
        """The addresses that a record has lost within the window that ends now."""
        losses = self._losses.get(name, deque())
        while losses and self.velocity and losses[0][0] <= at - self.velocity.per_ns:
            losses.popleft()
        return sum(fewer for _, fewer in losses)


def _addresses(served: Served, name: str) -> int:
    return sum(record.rtype in ("A", "AAAA") for record in served.get(name, ()))


def guards_from_json(plain: Mapping[str, Any] | None) -> Guards:
    """The guards of the mock AWS's plan; none for None."""
    if plain is None:
        return Guards()
    velocity = plain.get("velocity")
    return Guards(tuple(plain["names"]), plain["never_empty"], Velocity(**velocity) if velocity else None)
