"""The API calls of planner and enactors, and their answers: plain values, one of each for one real request.

Data classes and not named tuples: two named tuples of different types are equal where their fields are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Stamp: TypeAlias = int | str | None
"""A value of the TXT lock. A driver's are texts that never come twice; the model's are ``CURRENT`` and ``STALE``; ``None``: not read."""

CURRENT, STALE = 1, 2
"""The model's two kinds of stamp: the one that the zone holds now, and any older one. A stamp that was replaced never comes back, so more
kinds would tell nothing apart."""

Reason: TypeAlias = Literal["no such target", "not found", "would be empty", "too fast"]
"""Why a batch was refused. Route 53's own rules: an alias or rollback record would point at a missing tree; a tree that is to be deleted is
not there. Guards of the control plane: the endpoint would be without addresses; or it would lose them faster than is allowed."""


@dataclass(frozen=True, slots=True)
class PutTree:
    """Create the plan's tree with all its addresses, or replace it (UPSERT)."""

    plan: int


@dataclass(frozen=True, slots=True)
class PointAlias:
    """Flip the endpoint's alias to the plan's tree."""

    plan: int


@dataclass(frozen=True, slots=True)
class PointRollback:
    """Point the rollback record at the plan's tree."""

    plan: int


@dataclass(frozen=True, slots=True)
class DeleteTree:
    """Delete the plan's tree with all its addresses."""

    plan: int


@dataclass(frozen=True, slots=True)
class DeleteAddress:
    """Delete one address of the plan's tree; the last one takes the tree with it."""

    plan: int


Change: TypeAlias = PutTree | PointAlias | PointRollback | DeleteTree | DeleteAddress


@dataclass(frozen=True, slots=True)
class ReadPlans:
    """Ask the plan store for the newest plan."""


@dataclass(frozen=True, slots=True)
class ReadAlias:
    """Ask which plan's tree the endpoint's alias points at."""

    endpoint: int


@dataclass(frozen=True, slots=True)
class ReadLock:
    """Read the endpoint's TXT lock."""

    endpoint: int


@dataclass(frozen=True, slots=True)
class ListTrees:
    """List the trees of one endpoint, or of all: ``None``."""

    endpoint: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Swap the lock, expected to hold ``stamp``, and make ``changes``: all or nothing."""

    endpoint: int
    stamp: Stamp
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class InstallIfNewer:
    """Compare the alias and, only where ``plan`` is newer, build its tree and flip to it, in one step. No real API has it."""

    endpoint: int
    plan: int
    tolerant: bool


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """Put the next plan into the plan store."""


Call: TypeAlias = ReadPlans | ReadAlias | ReadLock | ListTrees | Batch | InstallIfNewer | PublishPlan


@dataclass(frozen=True, slots=True)
class Newest:
    """Answers ``ReadPlans``."""

    plan: int


@dataclass(frozen=True, slots=True)
class Alias:
    """Answers ``ReadAlias``; plan 0: the endpoint has no alias yet."""

    plan: int


@dataclass(frozen=True, slots=True)
class Lock:
    """Answers ``ReadLock``."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Trees:
    """Answers ``ListTrees``: the plans that have a tree, sorted; once for each address where trees go address by address."""

    plans: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """The batch was applied; the lock holds ``stamp`` now."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class LockLost:
    """The lock did not hold the expected stamp; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The batch was refused; nothing was changed. ``plan`` is the one that the reason is about."""

    reason: Reason
    plan: int


@dataclass(frozen=True, slots=True)
class NotNewer:
    """The endpoint's plan is as new, or newer; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Published:
    """Answers ``PublishPlan``."""

    plan: int


Answer: TypeAlias = Newest | Alias | Lock | Trees | Applied | LockLost | Refused | NotNewer | Published
