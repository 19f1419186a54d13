"""The race as a system to explore: one planner, some enactors, so many plans, and a set of protections."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from chaoskit.race.calls import STALE, Answer, Applied, Batch, Call, InstallIfNewer
from chaoskit.race.control_plane import ControlPlane, Zone
from chaoskit.race.enactor import Enactor, Local
from chaoskit.race.invariants import Safety
from chaoskit.race.planner import Planner
from chaoskit.race.protections import ordered, rules_of
from chaoskit.race.rules import AS_IT_WAS, Rules
from chaoskit.sim.system import Role, System


@dataclass(frozen=True, slots=True)
class Race:
    """The bounds of an exploration. ``plans`` counts plan 1, which is installed when it begins."""

    enactors: int = 3
    plans: int = 6
    protections: tuple[str, ...] = ()
    base: Rules = AS_IT_WAS
    """The pass on top of which the protections are switched on."""

    @property
    def rules(self) -> Rules:
        """The enactors' and the control plane's rules under the protections."""
        return rules_of(self.protections, self.base)

    @property
    def control_plane(self) -> ControlPlane:
        """Where trees go address by address each has two: with one, a limit could not be told from a guard."""
        rules = self.rules
        return ControlPlane(self.plans, rules, addresses=2 if rules.by_address else 1)

    def with_protections(self, names: Iterable[str]) -> Race:
        """The same bounds under other protections."""
        return replace(self, protections=ordered(names))

    def system(self, invariants: Iterable[Safety]) -> System:
        """The system, whose marks have one bit for each of ``invariants``, in their order."""
        plane = self.control_plane
        watched = tuple(invariants)

        def marks(before: Zone, call: Call, after: Zone) -> int:
            return sum(1 << bit for bit, rule in enumerate(watched) if rule.broken(before, call, after))

        return System(
            shared=plane.start,
            roles=(
                Role("planner", Planner(), remembers=False, finite=True),
                Role("enactor", Enactor(self.rules), self.enactors),
            ),
            perform=plane.perform,
            marks=marks,
            goal=lambda zone: bool(zone.alias == self.plans and zone.addresses),
            outdates=swaps_the_lock if self.base.locks else lambda call, answer: False,
            outdate=outdate,
        )


def swaps_the_lock(call: Call, answer: Answer) -> bool:
    """Whether the lock holds a new stamp after the call."""
    return isinstance(call, Batch | InstallIfNewer) and isinstance(answer, Applied)


def outdate(local: Any) -> Any:
    """A process's local state once another has swapped the lock."""
    return local._replace(stamp=STALE) if isinstance(local, Local) and local.stamp is not None else local
