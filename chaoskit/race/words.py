"""Steps and states of the race in words, for terminals and pages: as engineers say them, or as the classroom does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chaoskit.race.calls import (
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
from chaoskit.race.control_plane import Zone


class Vocabulary(Protocol):
    """Names for processes, steps and what the endpoint answers."""

    def process(self, number: int) -> str: ...

    def step(self, call: Call, answer: Answer) -> str: ...

    def record(self, zone: Zone) -> str: ...


@dataclass(frozen=True, slots=True)
class Engineering:
    """Planner, enactors, alias and trees."""

    def process(self, number: int) -> str:
        return f"enactor {number}" if number else "planner"

    def step(self, call: Call, answer: Answer) -> str:
        """A step of the model in one: a batch that was applied, or a lock that was read, needs no answer."""
        match answer:
            case Applied() | Lock():
                return self.call(call)
            case Published(plan):
                return f"publishes plan {plan}"
        return f"{self.call(call)}: {self.answer(answer)}"

    def call(self, call: Call) -> str:
        """What is asked of the control plane, as the journal of a live race has it too."""
        match call:
            case PublishPlan():
                return "publishes a plan"
            case ReadPlans():
                return "reads the newest plan"
            case ReadAlias():
                return "reads the active plan"
            case ReadLock():
                return "reads the lock"
            case ListTrees():
                return "lists the trees"
            case InstallIfNewer(_, plan, _):
                return f"installs {plan} if newer"
            case Batch(_, _, changes):
                return " + ".join(map(self._change, changes))

    def _change(self, change: Change) -> str:
        match change:
            case PutTree(plan):
                return f"builds tree {plan}"
            case PointAlias(plan):
                return f"flips to plan {plan}"
            case PointRollback(plan):
                return f"rollback to {plan}"
            case DeleteTree(plan):
                return f"deletes tree {plan}"
            case DeleteAddress(plan):
                return f"deletes an address of tree {plan}"

    def answer(self, answer: Answer) -> str:
        """What the control plane answered."""
        match answer:
            case Newest(plan) | Published(plan) | Alias(plan):
                return str(plan or "none")
            case Lock(stamp):
                return f"it holds {stamp}"
            case Trees(plans):
                return ", ".join(str(plan) for plan in dict.fromkeys(plans)) or "none"
            case Applied(stamp):
                return f"applied; the lock holds {stamp}"
            case LockLost():
                return "lock lost"
            case Refused("no such target" | "not found", plan):
                return f"refused, there is no tree {plan}"
            case Refused(reason, _):
                return f"refused, {reason}"
            case NotNewer():
                return "it is not"

    def record(self, zone: Zone) -> str:
        if not zone.addresses:
            return f"EMPTY: plan {zone.alias} has no tree"
        counted = f", {zone.addresses} address{'es' if zone.addresses > 1 else ''}" if max(zone.trees) > 1 else ""
        return f"plan {zone.alias}{counted}"


@dataclass(frozen=True, slots=True)
class Classroom:
    """Indranil Gupta's picture of the race: students of different speed, one shared notebook, and a page erased.

    (As he explained the outage in news reports of October 2025.) The teacher hands out numbered assignments; the class sees the page on
    which the bookmark lies; whoever writes or erases must hold the pencil, and who waited too long must fetch it again.
    """

    def process(self, number: int) -> str:
        return f"student {number}" if number else "teacher"

    def step(self, call: Call, answer: Answer) -> str:
        match call, answer:
            case PublishPlan(), _:
                return f"hands out assignment {getattr(answer, 'plan', '?')}"
            case ReadPlans(), Newest(plan):
                return f"newest assignment? {plan}"
            case ReadAlias(), Alias(plan):
                return f"sees the bookmark at page {plan}"
            case ReadLock(), _:
                return "fetches the pencil"
            case ListTrees(), Trees(plans):
                return f"pages written? {', '.join(str(plan) for plan in dict.fromkeys(plans)) or 'none'}"
            case Batch(_, _, changes), _:
                return f"{self._change(changes[0])}{self._outcome(answer)}"
        return Engineering().step(call, answer)

    def _change(self, change: Change) -> str:
        match change:
            case PutTree(plan):
                return f"writes page {plan}"
            case PointAlias(plan):
                return f"moves the bookmark to page {plan}"
            case DeleteTree(plan) | DeleteAddress(plan):
                return f"erases old page {plan}"
        return "notes the page before"

    def _outcome(self, answer: Answer) -> str:
        match answer:
            case Applied():
                return ""
            case LockLost():
                return ": somebody else has the pencil"
            case Refused("no such target" | "not found", plan):
                return f": cannot, page {plan} is gone"
        return ": not allowed"

    def record(self, zone: Zone) -> str:
        return f"page {zone.alias}" if zone.addresses else f"page {zone.alias}, ERASED"
