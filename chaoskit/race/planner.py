"""The planner: publishes numbered plans, each newer than the last."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.race.calls import Answer, Call, PublishPlan


@dataclass(frozen=True, slots=True)
class Planner:
    """The planner's policy. It has nothing to remember: the plan store numbers its plans."""

    @property
    def start(self) -> int:
        """Its only local state."""
        return 0

    def call(self, local: int) -> Call:
        """Publish the next plan."""
        return PublishPlan()

    def reply(self, local: int, answer: Answer) -> int:
        """Nothing is remembered."""
        return local
