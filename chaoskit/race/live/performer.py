"""Makes the calls of the policies at a hosted zone: a step is one request, but where the API has none for it (a list of many pages)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence

from chaoskit.aws.route53.batch import Change as SetChange
from chaoskit.aws.route53.batch import Refusal
from chaoskit.aws.route53.guards import TOO_FAST, WOULD_BE_EMPTY
from chaoskit.aws.route53.record_set import RecordSet
from chaoskit.errors import PlaneError
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
from chaoskit.race.live.layout import Layout, plan_of, text_of
from chaoskit.race.live.zone_api import WAIT_AND_REPEAT, ZoneApi

MOST_SETS = 300
"""Of one page of ListResourceRecordSets."""

AGAIN_AFTER_S = 0.05


class Performer:
    """Turns calls into requests and responses into answers. ``stamp`` gives a value for the lock that never came before.

    ``by_address``: trees are listed once for each address that is left. ``pause`` waits so many seconds before a request is sent again that
    was throttled, or met a change under way.
    """

    def __init__(
        self,
        api: ZoneApi,
        layout: Layout,
        stamp: Callable[[], str],
        pause: Callable[[float], object],
        *,
        by_address: bool = False,
    ) -> None:
        self._api = api
        self._layout = layout
        self._stamp = stamp
        self._pause = pause
        self._by_address = by_address

    def perform(self, call: Call) -> tuple[Answer, str]:
        """The answer, and Route 53's id of the change where a batch was accepted."""
        layout = self._layout
        match call:
            case ReadPlans():
                return Newest(self._newest()), ""
            case ReadAlias(endpoint):
                alias = self._set(layout.endpoint(endpoint), "A")
                return Alias(plan_of(alias.alias.name) if alias and alias.alias else 0), ""
            case ReadLock(endpoint):
                lock = self._set(layout.lock(endpoint, "").name, "TXT")
                return Lock(text_of(lock) if lock else ""), ""
            case ListTrees(None):
                return Trees(self._trees(self._api.all_sets())), ""
            case ListTrees(endpoint):
                assert endpoint is not None
                return Trees(self._trees(self._tree_sets(endpoint))), ""
            case Batch():
                return self._batch(call)
            case PublishPlan():
                return self._publish()
        raise PlaneError(f"{type(call).__name__} is of the model alone: no API has it")

    def _newest(self) -> int:
        store = self._set(self._layout.plans(0).name, "TXT")
        if store is None:
            raise PlaneError(f"{self._layout.apex} holds no plan store; was the race set up in it?")
        return int(text_of(store))

    def _set(self, name: str, rtype: str) -> RecordSet | None:
        """The simple set of a name and type."""
        page = self._api.sets_from(name, rtype, 1)
        return next((entry for entry in page if (entry.name, entry.rtype) == (name, rtype)), None)

    def _tree_sets(self, endpoint: int) -> Iterable[RecordSet]:
        """The sets of an endpoint's trees, which stand together in the order of the list."""
        name = self._layout.endpoint(endpoint)
        page = self._api.sets_from(f"plan-0.{name}", "A", MOST_SETS)
        return itertools.takewhile(lambda entry: re.fullmatch(rf"plan-\d+\.{re.escape(name)}", entry.name), page)

    def _trees(self, sets: Iterable[RecordSet]) -> tuple[int, ...]:
        """The plans of the trees among ``sets``: once, or as often as the best kept tree of the plan has addresses left."""
        left: dict[str, int] = {}
        for entry in sets:
            if plan_of(entry.name):
                left[entry.name] = left.get(entry.name, 0) + 1
        most: dict[int, int] = {}
        for name, addresses in left.items():
            most[plan_of(name)] = max(most.get(plan_of(name), 0), addresses)
        return tuple(plan for plan in sorted(most) for _ in range(most[plan] if self._by_address else 1))

    def _publish(self) -> tuple[Answer, str]:
        """Count the plan store up by compare-and-swap."""
        while True:
            newest = self._newest()
            swap = [
                SetChange("DELETE", self._layout.plans(newest)),
                SetChange("CREATE", self._layout.plans(newest + 1)),
            ]
            try:
                return Published(newest + 1), self._sent(swap)
            except Refusal as refusal:
                if refusal.code != "InvalidChangeBatch":
                    raise PlaneError(f"Route 53 refused to publish a plan: {refusal}") from refusal

    def _batch(self, batch: Batch) -> tuple[Answer, str]:
        stamp = self._stamp()
        changes = [
            SetChange("DELETE", self._layout.lock(batch.endpoint, batch.stamp)),
            SetChange("CREATE", self._layout.lock(batch.endpoint, stamp)),
        ]
        for change in batch.changes:
            written = self._written(batch.endpoint, change)
            if not written:
                return Refused("not found", change.plan), ""
            changes += written
        try:
            return Applied(stamp), self._sent(changes)
        except Refusal as refusal:
            return self._refused(batch, refusal), ""

    def _written(self, endpoint: int, change: Change) -> Sequence[SetChange]:
        """The changes of sets; none for an address to be deleted where none is left."""
        layout = self._layout
        match change:
            case PutTree(plan):
                return [SetChange("UPSERT", entry) for entry in layout.tree(endpoint, plan)]
            case PointAlias(plan):
                return [SetChange("UPSERT", layout.alias(endpoint, plan))]
            case PointRollback(plan):
                return [SetChange("UPSERT", layout.rollback(endpoint, plan))]
            case DeleteTree(plan):
                return [SetChange("DELETE", entry) for entry in layout.tree(endpoint, plan)]
            case DeleteAddress(plan):
                left = [entry for entry in self._tree_sets(endpoint) if plan_of(entry.name) == plan]
                return [SetChange("DELETE", entry) for entry in left[:1]]

    def _sent(self, changes: Sequence[SetChange]) -> str:
        while True:
            try:
                return self._api.change(changes)
            except Refusal as refusal:
                if refusal.code not in WAIT_AND_REPEAT:
                    raise
                self._pause(AGAIN_AFTER_S)

    def _refused(self, batch: Batch, refusal: Refusal) -> Answer:
        """What Route 53's messages say, in the model's words. Raises ``PlaneError`` for what the race has no answer for."""
        text = str(refusal)
        plan = batch.changes[0].plan
        if f"'{self._layout.lock(batch.endpoint, '').name}'" in text:
            return LockLost()
        if target := re.search(r"alias that targets (\S+), .* target was not found", text):
            return Refused("no such target", plan_of(target[1]))
        if "but it was not found" in text:
            return Refused("not found", plan)
        if WOULD_BE_EMPTY in text:
            return Refused("would be empty", plan)
        if TOO_FAST in text:
            return Refused("too fast", plan)
        raise PlaneError(f"Route 53 refused a batch in a way that the race does not know: {refusal.code} {text}")
