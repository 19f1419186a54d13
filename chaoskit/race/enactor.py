"""An enactor: reads the newest plan, builds its tree, flips the alias to it, and cleans up what is generations old."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from chaoskit.race.calls import (
    Alias,
    Answer,
    Applied,
    Batch,
    Call,
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
    PutTree,
    ReadAlias,
    ReadLock,
    ReadPlans,
    Refused,
    Stamp,
    Trees,
)
from chaoskit.race.rules import AS_IT_WAS, Rules, Step
from chaoskit.sim.backoff import BackOff
from chaoskit.units import MILLISECOND, SECOND

LOSERS = BackOff(
    name="losers of the lock",
    source="AWS, re:Invent 2025 DAT453: losers back off and retry. The figures are ours.",
    attempts=1_000_000,
    base_ns=50 * MILLISECOND,
    cap_ns=5 * SECOND,
)
"""How long an enactor waits that lost the lock: full jitter by the number of losses in a row. Only a driver waits."""

STAMP_OR_BATCH = frozenset((Step.STAMP, Step.BUILD, Step.FLIP, Step.DELETE))


class Local(NamedTuple):
    """Where an enactor stands. What is not needed any more is reset, so equal futures are equal values."""

    todo: tuple[Step, ...]
    """The steps ahead; the first is the one to make now."""
    plan: int = 0
    active: int = 0
    """The plan that the rollback record will point at, or that the clean-up list spares; 0 for none."""
    doomed: tuple[tuple[int, int], ...] = ()
    """(endpoint, plan) of the trees still to be deleted; a plan once per address where trees go address by address."""
    stamp: Stamp = None
    """The endpoint's lock as last read or written."""
    endpoint: int = 0


@dataclass(frozen=True, slots=True)
class Enactor:
    """The policy of one enactor, for ``endpoints`` endpoints a pass."""

    rules: Rules = AS_IT_WAS
    endpoints: int = 1

    @property
    def start(self) -> Local:
        """At the start of a pass; also where every pass ends."""
        return Local(self.rules.opening)

    def call(self, local: Local) -> Call:
        """The call of the step at hand."""
        match local.todo[0]:
            case Step.PLANS:
                return ReadPlans()
            case Step.CHECK | Step.ACTIVE | Step.CHECK_ACTIVE | Step.SPARE | Step.SKIP:
                return ReadAlias(local.endpoint)
            case Step.STAMP:
                return ReadLock(local.endpoint)
            case Step.LOOK:
                return ListTrees(local.endpoint)
            case Step.LIST:
                return ListTrees()
            case Step.BUILD:
                return Batch(local.endpoint, local.stamp, (PutTree(local.plan),))
            case Step.FLIP:
                rollback = (PointRollback(local.active),) if local.active else ()
                return Batch(local.endpoint, local.stamp, (PointAlias(local.plan), *rollback))
            case Step.DELETE:
                plan = local.doomed[0][1]
                change = DeleteAddress(plan) if self.rules.by_address else DeleteTree(plan)
                return Batch(local.endpoint, local.stamp, (change,))
            case Step.INSTALL:
                return InstallIfNewer(local.endpoint, local.plan, self.rules.tolerant)

    def reply(self, local: Local, answer: Answer) -> Local:
        """Where the answer leads."""
        return self._without_dead_values(self._answered(local, answer))

    def _without_dead_values(self, local: Local) -> Local:
        """Forget a stamp that will be read again before it is used."""
        ahead = (*local.todo, *self.rules.delete) if Step.LIST in local.todo else local.todo
        first = next(step for step in (*ahead, Step.STAMP) if step in STAMP_OR_BATCH)
        return local._replace(stamp=None) if first is Step.STAMP and local.stamp is not None else local

    def _answered(self, local: Local, answer: Answer) -> Local:
        match answer:
            case Newest(plan):
                return self._done(local)._replace(plan=plan)
            case Alias(plan):
                return self._alias(local, plan)
            case Lock(stamp):
                return self._done(local)._replace(stamp=stamp)
            case Trees(plans):
                return self._trees(local, plans)
            case Applied(stamp):
                return self._applied(local._replace(stamp=stamp) if self.rules.locks else local)
            case LockLost():
                return self._lost(local)
            case NotNewer():
                return self._give_up(local)
            case Refused(_, plan):
                return self._refused(local, plan)
        raise TypeError(f"{answer} answers no call of an enactor")

    def _done(self, local: Local) -> Local:
        return local._replace(todo=local.todo[1:])

    def _alias(self, local: Local, active: int) -> Local:
        step = local.todo[0]
        if step in (Step.CHECK, Step.CHECK_ACTIVE) and active >= local.plan:
            return self._give_up(local)
        if step in (Step.ACTIVE, Step.CHECK_ACTIVE, Step.SPARE):
            local = local._replace(active=active)
        if step is Step.SKIP and local.doomed[0][1] == active:
            return self._next_deletion(local)
        return self._done(local)

    def _trees(self, local: Local, plans: tuple[int, ...]) -> Local:
        if local.todo[0] is Step.LOOK:
            ahead = tuple(step for step in local.todo[1:] if step is not Step.BUILD or local.plan not in plans)
            return local._replace(todo=ahead)
        oldest = local.plan - self.rules.generations + 1
        old = [plan for plan in plans if plan < oldest and plan != local.active]
        doomed = tuple((endpoint, plan) for endpoint in range(self.endpoints) for plan in old)
        return self._delete(local._replace(doomed=doomed, active=0))

    def _applied(self, local: Local) -> Local:
        step = local.todo[0]
        if step is Step.BUILD:
            return self._done(local)
        if step is Step.DELETE:
            return self._next_deletion(local)
        return self._next_endpoint(local)

    def _lost(self, local: Local) -> Local:
        step, rules = local.todo[0], self.rules
        local = local._replace(stamp=None, active=0)
        if step is Step.DELETE:
            again = rules.redelete
            return local._replace(todo=again, doomed=() if Step.LIST in again else local.doomed)
        if rules.restarts:
            return self._restart(local)
        if step is Step.BUILD:
            return local._replace(todo=(*rules.rebuild, *rules.flip, *rules.listing))
        return local._replace(todo=(*rules.reflip, *rules.listing))

    def _restart(self, local: Local) -> Local:
        return Local(self.rules.opening, endpoint=local.endpoint)

    def _refused(self, local: Local, plan: int) -> Local:
        step = local.todo[0]
        if step is Step.DELETE:
            return self._next_deletion(local)
        if step is Step.FLIP and self.rules.tolerant and plan == local.active:
            return local._replace(active=0)
        return self.start

    def _give_up(self, local: Local) -> Local:
        """The endpoint has this plan or a newer one. Where freshness is asked at each endpoint, the next one is looked at."""
        last = local.endpoint + 1 == self.endpoints
        return self.start if last or not self._asks_each_endpoint else self._next_endpoint(local)

    @property
    def _asks_each_endpoint(self) -> bool:
        return bool({Step.CHECK, Step.CHECK_ACTIVE, Step.INSTALL} & {*self.rules.rebuild, *self.rules.reflip})

    def _next_endpoint(self, local: Local) -> Local:
        local = local._replace(active=0)
        if local.endpoint + 1 < self.endpoints:
            todo = (*self.rules.rebuild, *self.rules.flip, *self.rules.listing)
            return local._replace(todo=todo, endpoint=local.endpoint + 1, stamp=None)
        return local._replace(todo=self.rules.listing)

    def _next_deletion(self, local: Local) -> Local:
        return self._delete(local._replace(doomed=local.doomed[1:]))

    def _delete(self, local: Local) -> Local:
        """On to the first tree that is doomed, or to the end of the pass."""
        if not local.doomed:
            return self.start
        endpoint = local.doomed[0][0]
        stamp = local.stamp if endpoint == local.endpoint else None
        todo = self.rules.delete
        if self.rules.locks and stamp is None and Step.STAMP not in todo:
            todo = (Step.STAMP, *todo)
        keeps_plan = Step.LIST in self.rules.redelete  # to list again by it
        return local._replace(todo=todo, plan=local.plan if keeps_plan else 0, endpoint=endpoint, stamp=stamp, active=0)
