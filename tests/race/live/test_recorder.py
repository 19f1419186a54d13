"""The journal's account of a participant's calls."""

from __future__ import annotations

from chaoskit.race.calls import (
    Alias,
    Answer,
    Applied,
    Batch,
    Call,
    DeleteTree,
    ListTrees,
    Lock,
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
from chaoskit.race.live.recorder import Recorder
from tests.race.live.zone_in_memory import layout

PASS: tuple[tuple[Call, Answer], ...] = (
    (ReadPlans(), Newest(5)),
    (ReadAlias(0), Alias(4)),
    (ReadLock(1), Lock("a/1")),
    (Batch(1, "a/1", (PutTree(5),)), Applied("a/2")),
    (ReadAlias(1), Alias(4)),
    (Batch(1, "a/2", (PointAlias(5), PointRollback(4))), Refused("no such target", 4)),
    (ListTrees(), Trees((4, 5))),
    (Batch(1, "a/2", (DeleteTree(4),)), Applied("a/3")),
)


def test_a_batch_has_the_reads_that_it_is_based_on() -> None:
    recorder = Recorder("enactor-b", layout())
    steps = [recorder.record(call, answer, "", number, number, number) for number, (call, answer) in enumerate(PASS)]
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert steps[3].reads == (1, 2, 3), "plans, freshness, lock"
    assert steps[5].reads == (1, 2, 4, 5), "the lock is what the batch before put there"
    assert steps[7].reads == (1, 4, 5, 7), "the clean-up list in place of freshness"


def test_steps_have_the_models_words_and_refusals_for_machines() -> None:
    recorder = Recorder("enactor-b", layout())
    steps = [recorder.record(call, answer, "", number, number, number) for number, (call, answer) in enumerate(PASS)]
    assert (steps[1].call, steps[1].endpoint, steps[1].answer) == ("reads the active plan", "live.test", "4")
    assert steps[5].call == "flips to plan 5 + rollback to 4"
    assert steps[5].answer == "refused, there is no tree 4"
    assert [step.refusal for step in steps] == ["", "", "", "", "", "no such target", "", ""]
