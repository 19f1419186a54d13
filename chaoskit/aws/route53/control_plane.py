"""The control plane's state between requests: hosted zones, changes under way, token buckets. Safe to be asked by many threads.

Each request is judged at one instant against the *current* state, under one lock, so a compare-and-swap written as DELETE and CREATE
in one batch holds however requests interleave.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from chaoskit.aws.route53.batch import Change, Refusal, apply_batch
from chaoskit.aws.route53.buckets import ACCOUNT, ACTIONS, Bucket, Rate
from chaoskit.aws.route53.record_set import HostedZone
from chaoskit.clock import Instant

Status: TypeAlias = Literal["PENDING", "INSYNC"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What AWS does not fix, or not to a figure.

    ``processing_ns`` is how long a change request is under way: until then another one for its zone is refused with
    PriorRequestNotComplete. ``propagation_ns`` is how long a change stays PENDING (AWS: generally within 60 seconds). ``account`` and
    ``changes`` are the buckets of all requests and of single record changes; None: no such throttle. The size of the second is not
    public in a form that could be checked, so there is none unless it is asked for.
    """

    processing_ns: int = 0
    propagation_ns: int = 0
    account: Rate | None = ACCOUNT
    changes: Rate | None = None


@dataclass(frozen=True, slots=True)
class ChangeInfo:
    """A change that was accepted ``at``, and by whose request; in sync from ``effective_at`` on. ``zone`` is as it left it."""

    id: str
    at: Instant
    effective_at: Instant
    zone: HostedZone
    before: HostedZone
    request: int
    changes: tuple[Change, ...] = ()

    def status(self, at: Instant) -> Status:
        """What GetChange says ``at``."""
        return "INSYNC" if at >= self.effective_at else "PENDING"


class ControlPlane:
    """``on_change`` is called with each accepted change, in their order, under the lock: it must not block.

    ``guard`` judges each batch that Route 53's own rules let through: the zone before it, after it, and the instant. It raises ``Refusal``.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        on_change: Callable[[ChangeInfo], object] = lambda _: None,
        guard: Callable[[HostedZone, HostedZone, Instant], object] = lambda before, after, at: None,
    ) -> None:
        self.behaviour = behaviour
        self._guard = guard
        self._on_change = on_change
        self._lock = threading.Lock()
        self._zones: dict[str, HostedZone] = {}
        self._busy_until: dict[str, Instant] = {}
        self._changes: dict[str, ChangeInfo] = {}
        self._numbers = itertools.count(1)
        self._buckets: dict[str, Bucket] = {}

    def throttle(self, action: str, changes: int, at: Instant) -> None:
        """Take a request of ``action`` with so many record changes out of the buckets. Raises ``Refusal`` (Throttling) if one is empty.

        A request that is refused takes nothing.
        """
        rates = {"": (self.behaviour.account, 1), "changes": (self.behaviour.changes, changes)}
        if self.behaviour.account is not None:
            rates[f"action {action}"] = (ACTIONS.get(action, self.behaviour.account), 1)
        with self._lock:
            taken: dict[str, Bucket] = {}
            for name, (rate, count) in rates.items():
                if rate is None or not count:
                    continue
                bucket = self._buckets.get(name) or Bucket.full(rate, at)
                left = bucket.take(count, at)
                if left is None:
                    raise Refusal("Throttling", "Rate exceeded")
                taken[name] = left
            self._buckets |= taken

    def adopt(self, zone: HostedZone, at: Instant, request: int = 0) -> HostedZone:
        """The zone of this id; ``zone`` from now on if it was not known."""
        with self._lock:
            known = self._zones.get(zone.id)
            if known is not None:
                return known
            self._zones[zone.id] = zone
            nothing = replace(zone, sets={})
            self._on_change(ChangeInfo("", at, at, zone, nothing, request))
            return zone

    def zone(self, zone_id: str) -> HostedZone | None:
        """A hosted zone as its changes left it, those included that are PENDING (API reference, ListResourceRecordSets)."""
        return self._zones.get(zone_id)

    def forget(self, zone_id: str) -> None:
        """The zone was deleted."""
        with self._lock:
            self._zones.pop(zone_id, None)

    def change(self, zone_id: str, changes: Sequence[Change], at: Instant, request: int = 0) -> ChangeInfo:
        """Apply a batch to a known zone, whole. Raises ``Refusal``, and then nothing has changed."""
        with self._lock:
            if at < self._busy_until.get(zone_id, at):
                message = "The request was rejected because Route 53 was still processing a prior request."
                raise Refusal("PriorRequestNotComplete", message)
            before = self._zones[zone_id]
            after = apply_batch(before, changes)
            self._guard(before, after, at)
            self._zones[zone_id] = after
            self._busy_until[zone_id] = at + self.behaviour.processing_ns
            effective_at = at + self.behaviour.processing_ns + self.behaviour.propagation_ns
            info = ChangeInfo(f"C{next(self._numbers):013d}", at, effective_at, after, before, request, tuple(changes))
            self._changes[info.id] = info
            self._on_change(info)
            return info

    def find_change(self, change_id: str) -> ChangeInfo:
        """An accepted change. Raises ``Refusal`` (NoSuchChange) for an id that was never given out."""
        info = self._changes.get(change_id)
        if info is None:
            raise Refusal("NoSuchChange", f"Could not find resource with ID: {change_id}", status=404)
        return info
