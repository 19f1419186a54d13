"""How the race is written in a hosted zone: names and record sets of endpoints, trees, rollback records, locks and the plan store.

Below an endpoint's name stand ``plan-N`` (a tree: one weighted set for each address), ``rollback`` (an alias) and ``lock`` (a
TXT). The endpoint itself is an alias. ``plans`` (a TXT) below the zone's name is the plan store.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chaoskit.aws.route53.record_set import AliasTarget, RecordSet
from chaoskit.race.calls import Stamp

TTL_S = 5
_TREE = re.compile(r"plan-(\d+)\.")


@dataclass(frozen=True, slots=True)
class Layout:
    """``apex`` is the zone's name with the final dot, ``zone_id`` its id; ``addresses`` are those of every whole tree.

    Endpoint 0 is the zone's own name, endpoint 7 is ``cell-07`` below it.
    """

    apex: str
    zone_id: str
    endpoints: int
    addresses: tuple[str, ...]

    def endpoint(self, number: int) -> str:
        """The name of an endpoint."""
        return f"cell-{number:02d}.{self.apex}" if number else self.apex

    def tree(self, endpoint: int, plan: int) -> tuple[RecordSet, ...]:
        """The sets of a whole tree."""
        name = f"plan-{plan}.{self.endpoint(endpoint)}"
        return tuple(
            RecordSet(name, "A", f"address-{number}", TTL_S, (address,), routing=(("Weight", "1"),))
            for number, address in enumerate(self.addresses, 1)
        )

    def alias(self, endpoint: int, plan: int) -> RecordSet:
        """The endpoint's alias at the tree of a plan."""
        return self._alias_at(self.endpoint(endpoint), endpoint, plan)

    def rollback(self, endpoint: int, plan: int) -> RecordSet:
        """The endpoint's rollback record at the tree of a plan."""
        return self._alias_at(f"rollback.{self.endpoint(endpoint)}", endpoint, plan)

    def lock(self, endpoint: int, stamp: Stamp) -> RecordSet:
        """The endpoint's lock."""
        return RecordSet(f"lock.{self.endpoint(endpoint)}", "TXT", ttl=TTL_S, values=(f'"{stamp}"',))

    def plans(self, newest: int) -> RecordSet:
        """The plan store."""
        return RecordSet(f"plans.{self.apex}", "TXT", ttl=TTL_S, values=(f'"{newest}"',))

    def endpoint_of(self, name: str) -> int | None:
        """Whose tree, rollback record, lock or alias a name is; None for the plan store and the zone's own sets."""
        if not name.endswith(self.apex):
            return None
        labels = name.removesuffix(self.apex).rstrip(".").split(".")
        cell = re.fullmatch(r"cell-(\d+)", labels[-1])
        if cell:
            return int(cell[1])
        return 0 if labels in ([""], ["rollback"], ["lock"]) or labels[0].startswith("plan-") else None

    def _alias_at(self, name: str, endpoint: int, plan: int) -> RecordSet:
        target = f"plan-{plan}.{self.endpoint(endpoint)}"
        return RecordSet(name, "A", alias=AliasTarget(self.zone_id, target, False))


def plan_of(name: str) -> int:
    """The plan in the name of a tree or of an alias's target; 0 for a name that has none."""
    match = _TREE.match(name)
    return int(match[1]) if match else 0


def text_of(record_set: RecordSet) -> str:
    """The one value of a TXT set, without its quotation marks."""
    return record_set.values[0].strip('"')
