"""What an operator does that no enactor can: gives an endpoint whose record is empty a tree that is there.

An enactor's flip points the rollback record at what was active, which is gone, so Route 53 refuses it. An operator points alias
and rollback record at the newest tree that the endpoint has, by a batch that swaps the lock like every other.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from chaoskit.aws.route53.batch import Change
from chaoskit.aws.route53.client import Endpoint
from chaoskit.aws.route53.record_set import HostedZone, RecordSet
from chaoskit.errors import PlaneError
from chaoskit.race.live.layout import Layout, plan_of, text_of

TRIES = 20
_ID = re.compile(r"<Id>/change/([^<]+)</Id>")


@dataclass(frozen=True, slots=True)
class Repaired:
    """An endpoint that was pointed from the missing tree of ``plan`` at that of ``to``, by ``change``."""

    endpoint: int
    name: str
    plan: int
    to: int
    change: str


def repair(endpoint: Endpoint, layout: Layout) -> list[Repaired]:
    """Repair every endpoint that is empty; none is no error. Raises ``PlaneError`` for one that cannot be repaired.

    Who loses the lock to an enactor reads the zone again; after 20 times it is an error.
    """
    repaired: list[Repaired] = []
    for _ in range(TRIES):
        zone = endpoint.read_zone(layout.zone_id, layout.apex)
        empty = list(_empty(zone, layout))
        if not empty:
            return repaired
        for number, missing in empty:
            outcome = _repair_one(endpoint, layout, zone, number, missing)
            repaired += [outcome] if outcome else []
    raise PlaneError(f"{layout.apex} still has empty records after {TRIES} tries; are other writers at work?")


def _empty(zone: HostedZone, layout: Layout) -> Iterator[tuple[int, int]]:
    """Endpoints whose alias leads to no tree, and the plan that is missing."""
    for number in range(layout.endpoints):
        for alias in zone.at(layout.endpoint(number), "A"):
            if alias.alias is not None and not zone.at(alias.alias.name, "A"):
                yield number, plan_of(alias.alias.name)


def _repair_one(endpoint: Endpoint, layout: Layout, zone: HostedZone, number: int, missing: int) -> Repaired | None:
    """None: the lock was lost."""
    name = layout.endpoint(number)
    trees = [plan for record_set in zone.sets.values() if (plan := _tree_at(record_set, name))]
    (lock,) = zone.at(layout.lock(number, "").name, "TXT")
    to = max(trees, default=missing)
    changes = [
        Change("DELETE", lock),
        Change("CREATE", layout.lock(number, f"operator/{uuid.uuid4().hex[:12]}")),
        *([] if trees else [Change("UPSERT", entry) for entry in layout.tree(number, to)]),
        Change("UPSERT", layout.alias(number, to)),
        Change("UPSERT", layout.rollback(number, to)),
    ]
    accepted, text = endpoint.change(layout.zone_id, changes)
    if accepted:
        match = _ID.search(text)
        return Repaired(number, name.removesuffix("."), missing, to, match[1] if match else "")
    if f"'{lock.name}'" in text or "target was not found" in text:
        return None
    raise PlaneError(f"{endpoint.url} refused the repair of {name} (lock {text_of(lock)}): {text}")


def _tree_at(record_set: RecordSet, endpoint: str) -> int:
    """The plan of a tree's set at this endpoint; 0 for any other set."""
    plan = plan_of(record_set.name)
    return plan if plan and record_set.name == f"plan-{plan}.{endpoint}" else 0
