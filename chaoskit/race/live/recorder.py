"""The journal's account of a participant's calls: each with its answer, each batch with the reads that it is based on."""

from __future__ import annotations

from collections.abc import Hashable

from chaoskit.clock import Instant
from chaoskit.journal.events import RaceStep
from chaoskit.race.calls import (
    Alias,
    Answer,
    Applied,
    Batch,
    Call,
    Change,
    DeleteAddress,
    DeleteTree,
    ListTrees,
    Lock,
    LockLost,
    Newest,
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
from chaoskit.race.live.layout import Layout


class Recorder:
    """Numbers the calls of one participant, and remembers the reads of its pass."""

    def __init__(self, client: str, layout: Layout) -> None:
        self._client = client
        self._layout = layout
        self._step = 0
        self._reads: dict[Hashable, int] = {}

    def record(self, call: Call, answer: Answer, change: str, asked_at: Instant, at: Instant) -> RaceStep:
        """The event of a call that was answered."""
        self._step += 1
        reads = self._basis(call) if isinstance(call, Batch) else ()
        self._remember(call, answer)
        endpoint = getattr(call, "endpoint", None)
        return RaceStep(
            at=at,
            asked_at=asked_at,
            client=self._client,
            step=self._step,
            call=describe_call(call),
            endpoint="" if endpoint is None else self._layout.endpoint(endpoint).removesuffix("."),
            answer=describe_answer(answer),
            change=change,
            reads=reads,
        )

    def _basis(self, batch: Batch) -> tuple[int, ...]:
        """The newest plan, the first look at an alias (freshness) or the clean-up list, and of the endpoint alias and lock."""
        cleans = any(isinstance(change, DeleteTree | DeleteAddress) for change in batch.changes)
        keys = ["plans", "trees" if cleans else "freshness", ("alias", batch.endpoint), ("lock", batch.endpoint)]
        return tuple(sorted({self._reads[key] for key in keys if key in self._reads}))

    def _remember(self, call: Call, answer: Answer) -> None:
        match call:
            case ReadPlans():
                self._reads = {"plans": self._step}
            case ReadAlias(endpoint):
                self._reads.setdefault("freshness", self._step)
                self._reads["alias", endpoint] = self._step
            case ReadLock(endpoint):
                self._reads["lock", endpoint] = self._step
            case ListTrees():
                self._reads["trees"] = self._step
            case Batch(endpoint) if isinstance(answer, Applied):
                self._reads["lock", endpoint] = self._step


def describe_call(call: Call) -> str:
    """For people."""
    match call:
        case ReadPlans():
            return "read the newest plan"
        case ReadAlias():
            return "read the alias"
        case ReadLock():
            return "read the lock"
        case ListTrees():
            return "list the trees"
        case PublishPlan():
            return "publish a plan"
        case Batch():
            return f"batch: swap the lock, {', '.join(map(_change, call.changes))}"
    return type(call).__name__


def _change(change: Change) -> str:
    match change:
        case PutTree(plan):
            return f"put the tree of plan {plan}"
        case PointAlias(plan):
            return f"point the alias at plan {plan}"
        case PointRollback(plan):
            return f"point the rollback record at plan {plan}"
        case DeleteTree(plan):
            return f"delete the tree of plan {plan}"
        case DeleteAddress(plan):
            return f"delete an address of plan {plan}"


def describe_answer(answer: Answer) -> str:
    """For people."""
    match answer:
        case Newest(plan) | Published(plan):
            return f"plan {plan}"
        case Alias(plan):
            return f"at plan {plan}" if plan else "there is none"
        case Lock(stamp):
            return f"it holds {stamp}"
        case Trees(plans):
            return f"of plans {', '.join(map(str, dict.fromkeys(plans)))}" if plans else "there is none"
        case Applied(stamp):
            return f"applied; the lock holds {stamp}"
        case LockLost():
            return "refused: somebody else swapped the lock"
        case Refused(reason, plan):
            return f"refused: {reason}, plan {plan}"
    return type(answer).__name__
