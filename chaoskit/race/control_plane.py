"""The control plane as the model sees it: plan store and hosted zone in one value, with Route 53's rules for a change batch.

A batch is atomic. Its first change is the swap of the TXT lock: DELETE needs the exact value, so a stale stamp fails the batch. What is
to be deleted must be there. An alias whose target does not exist is refused (InvalidChangeBatch); the target of an alias may be
deleted, which leaves an alias that answers with no records. (Amazon Route 53 API Reference, ChangeResourceRecordSets; the last rule is
an assumption, made because the outage needs it.)

Kept out of the value because nothing reads it: where the rollback record points. The stamp is kept in the enactors' local states,
as current or stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from chaoskit.race.calls import (
    CURRENT,
    Alias,
    Answer,
    Applied,
    Batch,
    Call,
    Change,
    DeleteAddress,
    DeleteTree,
    InstallIfNewer,
    ListTrees,
    Lock,
    LockLost,
    Newest,
    NotNewer,
    PointAlias,
    PointRollback,
    Published,
    PublishPlan,
    PutTree,
    ReadAlias,
    ReadLock,
    ReadPlans,
    Refused,
    Trees,
)
from chaoskit.race.rules import AS_IT_WAS, Rules


class Zone(NamedTuple):
    """Plan store and zone of one endpoint."""

    published: int
    """The newest plan in the plan store."""
    alias: int
    """The plan at whose tree the alias points; 0: no alias."""
    trees: tuple[int, ...]
    """Addresses left in the tree of plan 1, 2, …; 0: no tree."""
    lost: int = 0
    """Addresses that the endpoint has lost in this window; counted only under a velocity limit. A window lasts from plan to plan."""

    @property
    def addresses(self) -> int:
        """How many addresses the endpoint answers with."""
        return self.tree(self.alias)

    def tree(self, plan: int) -> int:
        """How many addresses the tree of ``plan`` has."""
        return self.trees[plan - 1] if plan else 0

    def with_tree(self, plan: int, addresses: int) -> Zone:
        """The zone with another tree of ``plan``."""
        return self._replace(trees=(*self.trees[: plan - 1], addresses, *self.trees[plan:]))


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """Answers calls. ``plans`` is how many there will ever be; ``addresses`` how many a whole tree has."""

    plans: int
    rules: Rules = AS_IT_WAS
    addresses: int = 1

    @property
    def start(self) -> Zone:
        """Plan 1 is published and installed."""
        return Zone(1, 1, (self.addresses,) + (0,) * (self.plans - 1))

    def perform(self, zone: Zone, call: Call) -> tuple[Zone, Answer] | None:
        """The zone after the call, and its answer. ``None``: the call cannot be made now (the last plan was published)."""
        match call:
            case PublishPlan():
                if zone.published == self.plans:
                    return None
                return zone._replace(published=zone.published + 1, lost=0), Published(zone.published + 1)
            case ReadPlans():
                return zone, Newest(zone.published)
            case ReadAlias():
                return zone, Alias(zone.alias)
            case ReadLock():
                return zone, Lock(CURRENT)
            case ListTrees():
                plans = range(1, self.plans + 1)
                return zone, Trees(tuple(plan for plan in plans for _ in range(self._entries(zone.tree(plan)))))
            case Batch(_, stamp, changes):
                held = stamp == CURRENT or not self.rules.locks
                return self.batch(zone, changes) if held else (zone, LockLost())
            case InstallIfNewer(_, plan, tolerant):
                if zone.alias >= plan:
                    return zone, NotNewer()
                without = not self.rules.locks or (tolerant and not zone.tree(zone.alias))
                rollback = () if without else (PointRollback(zone.alias),)
                return self.batch(zone, (PutTree(plan), PointAlias(plan), *rollback))

    def batch(self, zone: Zone, changes: tuple[Change, ...]) -> tuple[Zone, Answer]:
        """All changes or none, under Route 53's rules and the guards of ``rules``."""
        after = zone
        for change in changes:
            match change:
                case PutTree(plan):
                    after = after.with_tree(plan, self.addresses)
                case PointAlias(plan) | PointRollback(plan) if not after.tree(plan):
                    return zone, Refused("no such target", plan)
                case DeleteTree(plan) | DeleteAddress(plan) if not after.tree(plan):
                    return zone, Refused("not found", plan)
                case PointAlias(plan):
                    after = after._replace(alias=plan)
                case DeleteTree(plan):
                    after = after.with_tree(plan, 0)
                case DeleteAddress(plan):
                    after = after.with_tree(plan, after.tree(plan) - 1)
        if (refused := refusal(self.rules, zone, after)) is not None:
            return zone, refused
        if self.rules.velocity is not None:
            after = after._replace(lost=zone.lost + max(0, zone.addresses - after.addresses))
        return after, Applied(CURRENT)

    def _entries(self, addresses: int) -> int:
        return addresses if self.rules.by_address else min(1, addresses)


def refusal(rules: Rules, before: Zone, after: Zone) -> Refused | None:
    """What a guard of the control plane has against a batch that leads from ``before`` to ``after``."""
    fewer = before.addresses - after.addresses
    if rules.never_empty and fewer > 0 and not after.addresses:
        return Refused("would be empty", after.alias)
    if rules.velocity is not None and fewer > 0 and before.lost + fewer > rules.velocity:
        return Refused("too fast", after.alias)
    return None
