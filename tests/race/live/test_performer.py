"""The policies' calls at a hosted zone that keeps Route 53's rules."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.aws.route53.batch import Refusal
from chaoskit.aws.route53.guards import Guards, Velocity
from chaoskit.errors import PlaneError
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
from chaoskit.race.live.layout import plan_of
from chaoskit.race.live.performer import Performer
from tests.race.live.zone_in_memory import ADDRESSES, APEX, ZoneInMemory, layout


def performer(zone: ZoneInMemory, *, by_address: bool = False) -> Performer:
    numbers = itertools.count(1)
    return Performer(zone, zone.layout, lambda: f"me/{next(numbers)}", lambda seconds: None, by_address=by_address)


def answer(zone: ZoneInMemory, call: Call) -> Answer:
    return performer(zone).perform(call)[0]


def install(zone: ZoneInMemory, plan: int, endpoint: int = 0) -> None:
    actor = performer(zone)
    (lock, _), active = actor.perform(ReadLock(endpoint)), answer(zone, ReadAlias(endpoint))
    assert isinstance(lock, Lock)
    assert isinstance(active, Alias)
    changes = (PutTree(plan), PointAlias(plan), PointRollback(active.plan))
    assert isinstance(actor.perform(Batch(endpoint, lock.stamp, changes))[0], Applied)


def test_reads_see_what_the_first_plan_left() -> None:
    zone = ZoneInMemory()
    assert answer(zone, ReadPlans()) == Newest(1)
    assert [answer(zone, ReadAlias(number)) for number in range(3)] == [Alias(1)] * 3
    assert answer(zone, ReadLock(2)) == Lock("set-up")
    assert answer(zone, ListTrees()) == answer(zone, ListTrees(0)) == answer(zone, ListTrees(1)) == Trees((1,))


def test_a_plan_is_published_by_counting_up() -> None:
    zone = ZoneInMemory()
    assert answer(zone, PublishPlan()) == Published(2)
    assert answer(zone, ReadPlans()) == Newest(2)


def test_who_read_an_older_stamp_loses_and_changes_nothing() -> None:
    zone = ZoneInMemory()
    actor = performer(zone)
    applied, change = actor.perform(Batch(1, "set-up", (PutTree(2),)))
    assert (applied, bool(change)) == (Applied("me/1"), True)
    before = zone.zone
    assert actor.perform(Batch(1, "set-up", (PutTree(3),))) == (LockLost(), "")
    assert zone.zone is before


def test_an_install_flips_the_alias_and_lists_both_trees() -> None:
    zone = ZoneInMemory()
    install(zone, 4, endpoint=2)
    assert answer(zone, ReadAlias(2)) == Alias(4)
    assert answer(zone, ListTrees(2)) == answer(zone, ListTrees()) == Trees((1, 4))
    assert answer(zone, ListTrees(1)) == Trees((1,))


def test_the_active_tree_can_be_deleted_and_then_nobody_flips() -> None:
    """The emptying and the non-repair, by Route 53's rules alone."""
    zone = ZoneInMemory()
    assert isinstance(answer(zone, Batch(0, "set-up", (DeleteTree(1),))), Applied)
    actor = performer(zone)
    assert isinstance(actor.perform(Batch(0, "me/1", (PutTree(2),)))[0], Applied)
    flip = Batch(0, "me/1", (PointAlias(2), PointRollback(1)))
    assert actor.perform(flip)[0] == Refused("no such target", 1)
    assert answer(zone, Batch(0, "me/1", (DeleteTree(1),))) == Refused("not found", 1)


def test_a_tree_goes_address_by_address() -> None:
    zone = ZoneInMemory()
    install(zone, 2)
    actor = performer(zone, by_address=True)
    assert actor.perform(ListTrees(0))[0] == Trees((1, 1, 2, 2))
    stamp: str | int | None = "me/1"
    for left in (Trees((1, 2, 2)), Trees((2, 2))):
        applied, _ = actor.perform(Batch(0, stamp, (DeleteAddress(1),)))
        assert isinstance(applied, Applied)
        stamp = applied.stamp
        assert actor.perform(ListTrees(0))[0] == left
    assert actor.perform(Batch(0, stamp, (DeleteAddress(1),)))[0] == Refused("not found", 1)


def test_guards_refuse_in_the_words_of_the_model() -> None:
    zone = ZoneInMemory(guards=Guards((APEX.rstrip("."),), never_empty=True))
    assert answer(zone, Batch(0, "set-up", (DeleteTree(1),))) == Refused("would be empty", 1)
    assert isinstance(answer(zone, Batch(1, "set-up", (DeleteTree(1),))), Applied), "another name is not guarded"
    slow = ZoneInMemory(guards=Guards(("*live.test",), velocity=Velocity(addresses=1, per_ns=10)))
    actor = performer(slow, by_address=True)
    assert isinstance(actor.perform(Batch(0, "set-up", (DeleteAddress(1),)))[0], Applied)
    assert actor.perform(Batch(0, "me/1", (DeleteAddress(1),)))[0] == Refused("too fast", 1)
    slow.now = 10
    assert isinstance(actor.perform(Batch(0, "me/1", (DeleteAddress(1),)))[0], Applied)


def test_a_throttled_batch_is_sent_again() -> None:
    zone = ZoneInMemory()
    zone.refusals = [Refusal("Throttling", "Rate exceeded"), Refusal("PriorRequestNotComplete", "still processing")]
    assert isinstance(answer(zone, Batch(0, "set-up", (PutTree(2),))), Applied)


def test_what_the_race_has_no_answer_for_ends_it() -> None:
    zone = ZoneInMemory()
    zone.refusals = [Refusal("InvalidChangeBatch", "the zone is on fire")]
    with pytest.raises(PlaneError, match="on fire"):
        answer(zone, Batch(0, "set-up", (PutTree(2),)))
    with pytest.raises(PlaneError, match="of the model alone"):
        answer(zone, InstallIfNewer(0, 2, tolerant=False))


@given(st.integers(0, 98), st.integers(1, 10_000))
def test_names_can_be_read_back(endpoint: int, plan: int) -> None:
    of = layout(99)
    sets = [*of.tree(endpoint, plan), of.alias(endpoint, plan), of.rollback(endpoint, plan), of.lock(endpoint, "x")]
    assert len({entry.key for entry in sets}) == len(ADDRESSES) + 3
    assert plan_of(sets[0].name) == plan
    assert sets[2].alias is not None
    assert plan_of(sets[2].alias.name) == plan
    assert all(entry.name.endswith(of.endpoint(endpoint)) for entry in sets)
