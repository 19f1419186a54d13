"""What the exploration says of the race: the emptying and the non-repair are found, protections do what they promise."""

from __future__ import annotations

import pytest

from chaoskit.errors import InputError
from chaoskit.race.calls import Batch, DeleteTree, PointAlias, Refused
from chaoskit.race.findings import ALL, NAMES, Findings, Question, judge, question_of
from chaoskit.race.invariants import NeverOlder, safety_named
from chaoskit.race.model import Race
from chaoskit.race.protections import ORDER, PROTECTIONS, rules_of, sentence_of
from chaoskit.sim.tables import TooLarge

CLASSROOM = Race(enactors=2, plans=4)


@pytest.fixture(scope="module")
def as_it_was() -> Findings:
    return judge(CLASSROOM)


def test_without_protection_everything_breaks(as_it_was: Findings) -> None:
    lengths = {finding.invariant: len(finding.trace or ()) for finding in as_it_was.findings}
    assert lengths == {
        "never_empty": 20,
        "never_delete_active": 20,
        "never_older": 14,
        "never_older_than 1": 15,
        "can_progress": 20,
        "does_progress": 20,
    }


def test_the_emptying_is_a_deletion_of_the_active_tree(as_it_was: Findings) -> None:
    moves = CLASSROOM.system(()).replay(as_it_was.of("never_empty").trace or ())
    before, call, after = moves[-1].before.shared, moves[-1].call, moves[-1].after.shared
    assert isinstance(call, Batch)
    assert call.changes == (DeleteTree(before.alias),)
    assert (before.addresses, after.addresses) == (1, 0)
    flips = [move for move in moves if isinstance(move.call, Batch) and isinstance(move.call.changes[0], PointAlias)]
    assert [move.call.changes[0].plan for move in flips] == [4, 2]
    assert flips[0].process != flips[1].process


def test_the_non_repair_is_the_refused_rollback(as_it_was: Findings) -> None:
    system = CLASSROOM.system(())
    trace = as_it_was.of("can_progress").trace or ()
    state = system.replay(trace)[-1].after
    refused = 0
    for turn in range(60):  # whoever moves now: every flip to the newest plan is refused, for the record's sake
        move = system.step(state, 1 + turn % 2)
        assert move is not None
        state = move.after
        assert not state.shared.addresses
        refused += move.answer == Refused("no such target", 2)
    assert refused >= 4


def test_fewer_plans_or_enactors_do_not_empty_the_record() -> None:
    assert judge(Race(2, 3)).of("never_empty").holds
    assert judge(Race(1, 6)).holds


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("fenced_lock", set()),
        ("freshness_after_stamp", set()),
        ("atomic", set()),
        ("freshness_before_stamp", set(NAMES)),
        ("cleaner_skips_active_at_listing", set(NAMES)),
        ("cleaner_skips_active_before_stamp", set(NAMES)),
        ("cleaner_skips_active_after_stamp", {"never_older", "never_older_than 1"}),
        ("never_empty_guard", {"never_older", "never_older_than 1"}),
        ("tolerant_rollback", set(NAMES) - {"can_progress", "does_progress"}),
        ("velocity_limit", {"never_delete_active", "never_older", "never_older_than 1"}),
    ],
)
def test_what_each_protection_leaves_broken(name: str, broken: set[str]) -> None:
    findings = judge(CLASSROOM.with_protections([name]))
    assert {finding.invariant for finding in findings.findings if not finding.holds} == broken


def test_a_velocity_limit_only_slows_the_emptying() -> None:
    """Within 4 plans it holds; a plan later two windows are enough for two addresses."""
    trace = judge(Race(2, 5, ("velocity_limit",))).of("never_empty").trace
    assert trace is not None
    assert len(trace) == 23


def test_symmetry_changes_no_verdict_and_no_length(as_it_was: Findings) -> None:
    whole = judge(CLASSROOM, symmetric=False)
    assert whole.states > as_it_was.states
    for finding in as_it_was.findings:
        assert len(whole.of(finding.invariant).trace or ()) == len(finding.trace or ())


def test_safety_alone_is_the_same_without_progress(as_it_was: Findings) -> None:
    alone = judge(CLASSROOM, Question(progress=()))
    assert alone.findings == as_it_was.findings[:4]


def test_older_than_k_is_broken_for_small_k_only() -> None:
    findings = judge(CLASSROOM, question_of([f"never_older_than={k}" for k in (1, 2, 3)]))
    assert [finding.holds for finding in findings.findings] == [False, True, True]


def test_too_large_bounds_are_refused() -> None:
    with pytest.raises(TooLarge, match="SPIN"):
        judge(Race(3, 5), most=10_000)


def test_questions_by_name() -> None:
    assert question_of([]) == ALL
    assert question_of(["can_progress", "never_older_than 3"]).names == ("never_older_than 3", "can_progress")
    assert safety_named("never_older_than=7") == NeverOlder(7)
    with pytest.raises(InputError, match="known: never_empty"):
        question_of(["never_emty"])


def test_protections_are_files_with_a_place_in_the_order() -> None:
    assert set(ORDER) == set(PROTECTIONS.kinds)
    for name in ORDER:
        sentence = sentence_of(name)
        assert sentence.count(".") >= 2, f"{name}: say what it does, and what the swap covers"
    with pytest.raises(KeyError, match="fenced_lock"):
        rules_of(["fenced_lok"])


def test_the_order_of_naming_does_not_matter() -> None:
    assert rules_of(["fenced_lock", "freshness_before_stamp"]) == rules_of(["freshness_before_stamp", "fenced_lock"])
