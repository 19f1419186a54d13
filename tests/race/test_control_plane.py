"""Route 53's rules and the guards, call by call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.race.calls import (
    CURRENT,
    STALE,
    Alias,
    Applied,
    Batch,
    Change,
    DeleteAddress,
    DeleteTree,
    InstallIfNewer,
    ListTrees,
    LockLost,
    Newest,
    NotNewer,
    PointAlias,
    PointRollback,
    Published,
    PublishPlan,
    PutTree,
    ReadAlias,
    ReadPlans,
    Refused,
    Trees,
)
from chaoskit.race.control_plane import ControlPlane, Zone
from chaoskit.race.protections import rules_of

PLANE = ControlPlane(4)
ZONE = Zone(published=3, alias=2, trees=(1, 1, 0, 0))


def batch(*changes: Change, stamp: int = CURRENT) -> Batch:
    return Batch(0, stamp, changes)


def test_it_begins_with_plan_1_published_and_installed() -> None:
    assert PLANE.start == Zone(1, 1, (1, 0, 0, 0))
    assert PLANE.start.addresses == 1


@pytest.mark.parametrize(
    ("call", "answer"),
    [(ReadPlans(), Newest(3)), (ReadAlias(0), Alias(2)), (ListTrees(), Trees((1, 2))), (ListTrees(0), Trees((1, 2)))],
)
def test_reads_change_nothing(call: ReadPlans | ReadAlias | ListTrees, answer: object) -> None:
    assert PLANE.perform(ZONE, call) == (ZONE, answer)


def test_the_planner_waits_after_the_last_plan() -> None:
    assert PLANE.perform(ZONE, PublishPlan()) == (ZONE._replace(published=4), Published(4))
    assert PLANE.perform(ZONE._replace(published=4), PublishPlan()) is None


def test_a_stale_stamp_loses_and_changes_nothing() -> None:
    assert PLANE.perform(ZONE, batch(DeleteTree(1), stamp=STALE)) == (ZONE, LockLost())


def test_a_flip_needs_its_tree() -> None:
    assert PLANE.perform(ZONE, batch(PointAlias(3))) == (ZONE, Refused("no such target", 3))


def test_a_rollback_record_needs_its_tree_too() -> None:
    empty = ZONE._replace(trees=(1, 0, 1, 0))
    assert PLANE.perform(empty, batch(PointAlias(3), PointRollback(2))) == (empty, Refused("no such target", 2))


def test_a_refused_batch_leaves_nothing_of_itself() -> None:
    assert PLANE.perform(ZONE, batch(PutTree(3), PointAlias(3), PointRollback(4))) == (
        ZONE,
        Refused("no such target", 4),
    )


def test_the_target_of_an_alias_may_be_deleted() -> None:
    after, answer = PLANE.perform(ZONE, batch(DeleteTree(2))) or (ZONE, None)
    assert answer == Applied(CURRENT)
    assert (after.alias, after.addresses) == (2, 0)


def test_what_is_to_be_deleted_must_be_there() -> None:
    assert PLANE.perform(ZONE, batch(DeleteTree(1), DeleteTree(4))) == (ZONE, Refused("not found", 4))


def test_the_guard_refuses_what_would_be_empty() -> None:
    plane = ControlPlane(4, rules_of(["never_empty_guard"]))
    assert plane.perform(ZONE, batch(DeleteTree(2))) == (ZONE, Refused("would be empty", 2))
    assert plane.perform(ZONE, batch(DeleteTree(1))) == (ZONE._replace(trees=(0, 1, 0, 0)), Applied(CURRENT))


def test_the_velocity_limit_counts_addresses_from_plan_to_plan() -> None:
    plane = ControlPlane(4, rules_of(["velocity_limit"]), addresses=2)
    zone = Zone(published=3, alias=2, trees=(2, 2, 0, 0))
    one_less, answer = plane.perform(zone, batch(DeleteAddress(2))) or (zone, None)
    assert (one_less.addresses, one_less.lost, answer) == (1, 1, Applied(CURRENT))
    assert plane.perform(one_less, batch(DeleteAddress(2))) == (one_less, Refused("too fast", 2))
    next_window, _ = plane.perform(one_less, PublishPlan()) or (zone, None)
    gone, answer = plane.perform(next_window, batch(DeleteAddress(2))) or (zone, None)
    assert (gone.addresses, answer) == (0, Applied(CURRENT))


def test_install_if_newer_compares_and_writes_in_one_step() -> None:
    assert PLANE.perform(ZONE, InstallIfNewer(0, 2, False)) == (ZONE, NotNewer())
    after, answer = PLANE.perform(ZONE, InstallIfNewer(0, 3, False)) or (ZONE, None)
    assert (after, answer) == (ZONE._replace(alias=3, trees=(1, 1, 1, 0)), Applied(CURRENT))


CHANGES = st.lists(
    st.builds(
        lambda kind, plan: kind(plan),
        st.sampled_from([PutTree, PointAlias, PointRollback, DeleteTree]),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=4,
)
ZONES = st.builds(Zone, st.integers(1, 4), st.integers(1, 4), st.tuples(*[st.integers(0, 1)] * 4))


@given(ZONES, CHANGES)
def test_a_batch_is_applied_whole_or_not_at_all(zone: Zone, changes: list[Change]) -> None:
    after, answer = PLANE.batch(zone, tuple(changes))
    if isinstance(answer, Refused):
        assert after == zone
        return
    for change in changes:
        last = [other for other in changes if type(other) is not PointRollback and other.plan == change.plan][-1:]
        if isinstance(change, PutTree) and last == [change]:
            assert after.tree(change.plan)
    pointed = [change.plan for change in changes if isinstance(change, PointAlias)]
    assert after.alias == (pointed[-1] if pointed else zone.alias)


@given(ZONES, CHANGES)
def test_a_guarded_endpoint_never_goes_empty(zone: Zone, changes: list[Change]) -> None:
    after, _ = ControlPlane(4, rules_of(["never_empty_guard"])).batch(zone, tuple(changes))
    assert after.addresses or not zone.addresses
