"""What must hold in the race, in words and as code.

Safety invariants are judged at each step, by the zone before it, the call and the zone after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chaoskit.race.calls import Batch, Call, DeleteAddress, DeleteTree
from chaoskit.race.control_plane import Zone


class Safety(Protocol):
    """Something that no step may do."""

    @property
    def name(self) -> str: ...

    @property
    def meaning(self) -> str: ...

    def broken(self, before: Zone, call: Call, after: Zone) -> bool: ...


@dataclass(frozen=True, slots=True)
class NeverEmpty:
    """The endpoint always answers with at least one address."""

    name = "never_empty"
    meaning = "The endpoint always answers with at least one address."

    def broken(self, before: Zone, call: Call, after: Zone) -> bool:
        return not after.addresses


@dataclass(frozen=True, slots=True)
class NeverDeleteActive:
    """No batch that is applied takes addresses from the tree at which the alias points as it is applied."""

    name = "never_delete_active"
    meaning = "No batch takes an address from the tree at which the alias points as it is applied."

    def broken(self, before: Zone, call: Call, after: Zone) -> bool:
        if not isinstance(call, Batch) or not any(isinstance(c, DeleteTree | DeleteAddress) for c in call.changes):
            return False
        return after.addresses < before.addresses


@dataclass(frozen=True, slots=True)
class NeverOlder:
    """No automatic write points the alias at a plan more than ``generations`` older than the one it points at."""

    generations: int = 0

    @property
    def name(self) -> str:
        return f"never_older_than {self.generations}" if self.generations else "never_older"

    @property
    def meaning(self) -> str:
        if not self.generations:
            return "No automatic write points the alias at an older plan than before."
        plans = "plan" if self.generations == 1 else "plans"
        return f"No automatic write points the alias more than {self.generations} {plans} back."

    def broken(self, before: Zone, call: Call, after: Zone) -> bool:
        return before.alias - after.alias > self.generations


SAFETY: tuple[Safety, ...] = (NeverEmpty(), NeverDeleteActive(), NeverOlder(), NeverOlder(1))
"""Those that are judged unless others are asked for."""

PROGRESS: dict[str, str] = {
    "can_progress": "From every reachable state, some order of steps installs the newest plan, with addresses.",
    "does_progress": (
        "In whatever order the steps come, the newest plan is installed again and again, as long as no process that could "
        "move is left standing for ever."
    ),
}
"""The two liveness properties: of branching time (AG EF), and of linear time under weak fairness ([]<>)."""


def safety_named(name: str) -> Safety | None:
    """The safety invariant of this name, ``never_older_than K`` (or ``never_older_than=K``) included; ``None`` where there is none."""
    known = {rule.name: rule for rule in SAFETY}
    if name in known:
        return known[name]
    head, _, generations = name.replace("=", " ").partition(" ")
    if head == "never_older_than" and generations.strip().isdigit():
        return NeverOlder(int(generations))
    return None
