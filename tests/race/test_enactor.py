"""An enactor's pass, step by step, and what it does when it loses."""

from __future__ import annotations

import random

import pytest

from chaoskit.race.calls import (
    CURRENT,
    STALE,
    Alias,
    Answer,
    Applied,
    Batch,
    Call,
    DeleteTree,
    ListTrees,
    Lock,
    LockLost,
    Newest,
    PointAlias,
    PointRollback,
    PutTree,
    ReadAlias,
    ReadLock,
    ReadPlans,
    Refused,
    Trees,
)
from chaoskit.race.enactor import LOSERS, Enactor, Local
from chaoskit.race.protections import rules_of
from chaoskit.race.rules import AS_IT_WAS


def play(enactor: Enactor, answers: list[Answer], local: Local | None = None) -> tuple[list[Call], Local]:
    """The calls that lead to the answers, and the one that comes next."""
    local = local or enactor.start
    calls = []
    for answer in answers:
        calls.append(enactor.call(local))
        local = enactor.reply(local, answer)
    return [*calls, enactor.call(local)], local


INSTALL: list[Answer] = [Newest(4), Alias(1), Lock(CURRENT), Applied(CURRENT), Alias(1), Applied(CURRENT)]


def test_a_pass_as_it_was() -> None:
    calls, local = play(Enactor(), [*INSTALL, Trees((1, 2, 3, 4)), Applied(CURRENT), Applied(CURRENT)])
    assert calls == [
        ReadPlans(),
        ReadAlias(0),
        ReadLock(0),
        Batch(0, CURRENT, (PutTree(4),)),
        ReadAlias(0),
        Batch(0, CURRENT, (PointAlias(4), PointRollback(1))),
        ListTrees(),
        Batch(0, CURRENT, (DeleteTree(1),)),
        Batch(0, CURRENT, (DeleteTree(2),)),
        ReadPlans(),
    ]
    assert local == Enactor().start


def test_a_plan_that_is_not_newer_ends_the_pass() -> None:
    assert play(Enactor(), [Newest(4), Alias(4)])[1] == Enactor().start


def test_a_loser_reads_lock_and_active_again_but_not_freshness() -> None:
    calls, _ = play(Enactor(), [*INSTALL[:-1], LockLost(), Lock(CURRENT), Alias(9)])
    assert calls[-3:] == [ReadLock(0), ReadAlias(0), Batch(0, CURRENT, (PointAlias(4), PointRollback(9)))]


def test_freshness_after_the_stamp_gives_up() -> None:
    enactor = Enactor(rules_of(["freshness_after_stamp"]))
    assert play(enactor, [*INSTALL[:4], Alias(9)])[1] == enactor.start


def test_freshness_before_the_stamp_reads_the_lock_afterwards() -> None:
    enactor = Enactor(rules_of(["freshness_before_stamp"]))
    calls, _ = play(enactor, [*INSTALL[:4], Alias(1), Lock(CURRENT), Alias(9)])
    assert calls[4:] == [ReadAlias(0), ReadLock(0), ReadAlias(0), Batch(0, CURRENT, (PointAlias(4), PointRollback(9)))]


def test_a_refused_rollback_ends_the_pass() -> None:
    assert play(Enactor(), [*INSTALL[:-1], Refused("no such target", 1)])[1] == Enactor().start


def test_a_tolerant_rollback_flips_without_it() -> None:
    enactor = Enactor(rules_of(["tolerant_rollback"]))
    calls, _ = play(enactor, [*INSTALL[:-1], Refused("no such target", 1)])
    assert calls[-1] == Batch(0, CURRENT, (PointAlias(4),))
    assert play(enactor, [*INSTALL[:-1], Refused("no such target", 4)])[1] == enactor.start


def test_a_fenced_enactor_restarts_and_skips_an_existing_tree() -> None:
    enactor = Enactor(rules_of(["fenced_lock"]))
    calls, _ = play(enactor, [Newest(4), Lock(CURRENT), Alias(1), Trees((1, 4))])
    assert calls[-1] == ReadAlias(0)
    assert play(enactor, [Newest(4), Lock(STALE), Alias(1), Trees((1,)), LockLost()])[1] == enactor.start


def test_a_fenced_cleaner_lists_again() -> None:
    enactor = Enactor(rules_of(["fenced_lock"]))
    local = play(enactor, [Newest(4), Lock(CURRENT), Alias(1), Trees((1,)), *INSTALL[3:], Trees((1, 2, 4))])[1]
    calls, _ = play(enactor, [LockLost(), Lock(CURRENT), Trees((2, 4))], local)
    assert calls == [Batch(0, CURRENT, (DeleteTree(1),)), ReadLock(0), ListTrees(), Batch(0, CURRENT, (DeleteTree(2),))]


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("cleaner_skips_active_before_stamp", [Alias(1), Lock(CURRENT)]),
        ("cleaner_skips_active_after_stamp", [Lock(CURRENT), Alias(1)]),
    ],
)
def test_a_careful_cleaner_looks_before_each_deletion(name: str, reads: list[Answer]) -> None:
    enactor = Enactor(rules_of([name]))
    listed: list[Answer] = [*INSTALL, Trees((1, 2, 4))]
    assert play(enactor, [*listed, *reads[: reads.index(Alias(1)) + 1]])[1].doomed == ((0, 2),)
    unharmed = [Alias(4) if isinstance(read, Alias) else read for read in reads]
    assert play(enactor, [*listed, *unharmed])[0][-1] == Batch(0, CURRENT, (DeleteTree(1),))


def test_a_list_that_spares_the_active_plan() -> None:
    enactor = Enactor(rules_of(["cleaner_skips_active_at_listing"]))
    assert play(enactor, [*INSTALL, Alias(2), Trees((1, 2, 4))])[1].doomed == ((0, 1),)


def test_a_guarded_deletion_is_left_out() -> None:
    local = play(Enactor(), [*INSTALL, Trees((1, 2, 4)), Refused("would be empty", 1)])[1]
    assert local.doomed == ((0, 2),)


def test_many_endpoints_share_one_check_and_one_list() -> None:
    enactor = Enactor(AS_IT_WAS, endpoints=3)
    one: list[Answer] = [Lock("a"), Applied("b"), Alias(1), Applied("c")]
    calls, local = play(enactor, [Newest(4), Alias(1), *one, *one, *one, Trees((1, 4))])
    assert [call.endpoint for call in calls if isinstance(call, Batch)] == [0, 0, 1, 1, 2, 2]
    assert [calls.count(call) for call in (ReadPlans(), ListTrees())] == [1, 1]
    assert sum(isinstance(call, ReadAlias) for call in calls) == 1 + 3
    assert local.doomed == ((0, 1), (1, 1), (2, 1))
    assert calls[-1] == ReadLock(0)


def test_each_endpoint_is_cleaned_with_its_own_stamp() -> None:
    enactor = Enactor(AS_IT_WAS, endpoints=2)
    one: list[Answer] = [Lock("a"), Applied("b"), Alias(1), Applied("c")]
    calls, local = play(
        enactor,
        [Newest(4), Alias(1), *one, *one, Trees((1, 4)), Lock("x"), Applied("y"), Lock("z"), Applied("w")],
    )
    assert calls[-5:-1] == [
        ReadLock(0),
        Batch(0, "x", (DeleteTree(1),)),
        ReadLock(1),
        Batch(1, "z", (DeleteTree(1),)),
    ]
    assert local == enactor.start


def test_a_stale_endpoint_of_many_is_left_for_the_next_one() -> None:
    enactor = Enactor(rules_of(["freshness_after_stamp"]), endpoints=2)
    local = play(enactor, [Newest(4), Alias(1), Lock("a"), Applied("b"), Alias(9)])[1]
    assert (local.endpoint, local.stamp) == (1, None)


def test_losers_wait_longer_each_time_up_to_a_cap() -> None:
    assert [LOSERS.bounds(count)[1] // 1_000_000 for count in (1, 2, 3, 20)] == [50, 100, 200, 5000]
    assert 0 <= LOSERS.sleep(3, random.Random(1)) <= 200_000_000
