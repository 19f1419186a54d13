"""The journal's account of a participant's calls: each with its answer, each batch with the reads that it is based on."""

from __future__ import annotations

from collections.abc import Hashable

from chaoskit.clock import Instant
from chaoskit.journal.events import RaceStep
from chaoskit.race.calls import (
    Answer,
    Applied,
    Batch,
    Call,
    DeleteAddress,
    DeleteTree,
    ListTrees,
    ReadAlias,
    ReadLock,
    ReadPlans,
    Refused,
)
from chaoskit.race.live.call_times import operation_of
from chaoskit.race.live.layout import Layout
from chaoskit.race.words import Engineering

WORDS = Engineering()


class Recorder:
    """Numbers the calls of one participant, and remembers the reads of its pass."""

    def __init__(self, client: str, layout: Layout) -> None:
        self._client = client
        self._layout = layout
        self._step = 0
        self._reads: dict[Hashable, int] = {}

    def record(
        self, call: Call, answer: Answer, change: str, asked_at: Instant, at: Instant, due_at: Instant
    ) -> RaceStep:
        """The event of a call that was due, sent and answered at these instants."""
        self._step += 1
        reads = self._basis(call) if isinstance(call, Batch) else ()
        self._remember(call, answer)
        endpoint = getattr(call, "endpoint", None)
        return RaceStep(
            at=at,
            asked_at=asked_at,
            client=self._client,
            step=self._step,
            call=WORDS.call(call),
            endpoint="" if endpoint is None else self._layout.endpoint(endpoint).removesuffix("."),
            answer=WORDS.answer(answer),
            refusal=answer.reason if isinstance(answer, Refused) else "",
            change=change,
            reads=reads,
            operation=operation_of(call),
            due_at=due_at,
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
