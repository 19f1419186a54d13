"""Each clause of the oracle refuses a wrong fix, played on the real desk in virtual time."""

from __future__ import annotations

import pytest

from chaoskit.drill.judge import DrillScore, score_of, view_of
from chaoskit.journal.events import HarnessFailed, TriggerReplayed
from tests.drill.playing import NAME, PAUSE, RESTORE, WELL, Play, Script, act, scenario


def finding(score: DrillScore, clause: str) -> str:
    (mark,) = [mark for mark in score.marks if mark.clause == clause]
    return mark.finding


def test_a_right_fix_is_recovered_and_safe() -> None:
    score = Play(scenario()).run(WELL, leaves=14).score
    assert (score.state, score.points) == ("recovered and safe", 100)
    assert score.exit_code == 0


@pytest.mark.parametrize(
    ("script", "clause", "state"),
    [
        ([(6, PAUSE)], "recovery lasts", "not recovered"),
        ([(6, RESTORE)], "recovery lasts", "not recovered"),
        ([(6, act("unlock", "records")), (7, RESTORE)], "recovery holds when the trigger comes again", "not recovered"),
        ([(6, act("unlock", "records")), (7, RESTORE), (8, PAUSE)], "protections still on", "recovered, not safe"),
        ([(6, PAUSE), (7, act("restore", "catalogue.shop.example")), (8, RESTORE)], "no other name touched", "recovered, not safe"),
    ],
    ids=["nothing mended", "refused by the lock", "the writer goes on", "lock left off", "another name"],
)  # fmt: skip
def test_a_wrong_fix_is_refused(script: Script, clause: str, state: str) -> None:
    score = Play(scenario()).run(script, leaves=10).score
    assert finding(score, clause) == "broken"
    assert score.state == state
    assert score.exit_code == 1
    assert sum(mark.finding == "broken" for mark in score.marks if mark.part == "mitigation" and mark.out_of <= 12) <= 2


def test_without_a_healthy_baseline_nothing_is_shown() -> None:
    score = Play(scenario(), broken_before=True).run(WELL, leaves=14).score
    assert finding(score, "healthy before the fault") == "unknown"
    assert (score.state, score.exit_code) == ("unknown", 3)


def test_a_drill_whose_harness_failed_is_unknown() -> None:
    play = Play(scenario()).run([], leaves=8)
    play.journal.append(HarnessFailed(at=play.clock.now(), part="dns", message="it broke"))
    assert play.score.state == "unknown"


def test_a_lock_that_is_on_again_is_safe() -> None:
    script = [(6, act("unlock", "records")), (7, RESTORE), (8, PAUSE), (9, act("lock", "records"))]
    assert Play(scenario()).run(script, leaves=10).score.state == "recovered and safe"


def test_a_drill_whose_watch_did_not_end_is_unknown() -> None:
    entries = Play(scenario()).run(WELL, leaves=14).entries
    cut = next(place for place, entry in enumerate(entries) if isinstance(entry.event, TriggerReplayed))
    assert score_of(view_of(entries[:cut])).state == "unknown"


def test_a_flush_before_the_record_is_back_changes_nothing() -> None:
    play = Play(scenario("negative-cache-tail"))
    play.run([(6, act("flush-cache", "far")), (7, RESTORE)], leaves=8)
    assert play.answers[0] == {
        "says": "flushed; the next answer that it got and keeps is as empty as the last",
        "changed": False,
    }
    assert play.score.state == "not recovered"
    flushed = Play(scenario("negative-cache-tail")).run([(6, RESTORE), (7, act("flush-cache", "far"))], leaves=8)
    assert flushed.score.state == "recovered and safe"


def test_a_restart_starts_the_process_anew() -> None:
    play = Play(scenario("keep-alive-hides-it")).run([(6, act("restart", "regulars")), (7, RESTORE)], leaves=8)
    assert play.restarted == ["regulars"]


def test_the_name_of_another_zone_is_not_restored() -> None:
    play = Play(scenario()).run([(6, act("restore", "nobody.example")), (7, act("reboot"))], leaves=8)
    assert "is for" in play.answers[0]["error"]
    assert "nothing that you can do here" in play.answers[1]["error"]
    assert NAME in play.answers[0]["error"]


ORDERS = act("restore", NAME)
DATABASE = "dynamodb.us-east-1.amazonaws.com"
REPAIR = act("repair", DATABASE)
MENDED = [(17, act("restore", DATABASE)), (18, act("throttle", "leases"))]


@pytest.mark.parametrize(
    ("name", "script", "state"),
    [
        ("flapping-health-check", [(6, ORDERS)], "not recovered"),
        ("flapping-health-check", [(6.5, act("disable", "automatic-failover"))], "recovered and safe"),
        ("flapping-health-check", [(6.5, act("disable", "all-checks"))], "recovered, not safe"),
        ("frozen-control-plane", [(6, ORDERS)], "not recovered"),
        ("frozen-control-plane", [(6, act("restart", "control-plane")), (7, ORDERS)], "recovered and safe"),
        ("frozen-control-plane", [(6, act("edit", "zone-file"))], "recovered, not safe"),
        ("one-resolver-of-two", [(6, ORDERS)], "not recovered"),
        ("one-resolver-of-two", [(6, act("restart", "resolver south"))], "recovered and safe"),
        ("one-resolver-of-two", [(6, act("restart", "resolver south")), (7, act("disable", "resolver checks"))], "recovered, not safe"),
        ("empty-record", [(12, act("restore", DATABASE)), (13, act("disable", "alarms"))], "recovered, not safe"),
        ("stale-address", [(6, act("flush-cache"))], "not recovered"),
        ("stale-address", [(6, ORDERS)], "recovered and safe"),
        ("two-hundred-alarms", [(6, act("restore", "login.shop.example")), (7, act("disable", "alarms"))], "recovered, not safe"),
        ("race-nobody-repairs", [(14, REPAIR)], "not recovered"),
        ("race-nobody-repairs", [(14, act("pause", "automation")), (15, REPAIR)], "recovered and safe"),
        ("race-nobody-repairs", [(14, act("pause", "automation")), (15, REPAIR), (16, act("resume", "automation"))], "not recovered"),
        ("race-nobody-repairs", [(14, act("pause", "automation")), (15, act("force", DATABASE))], "recovered, not safe"),
        ("race-nobody-repairs", [(14, act("pause", "automation")), (15, act("replace", "whole-zone"))], "recovered, not safe"),
        ("recovery-herd", [(15, act("restart", "door"))], "not recovered"),
        ("recovery-herd", [(15, act("throttle", "devices"))], "recovered and safe"),
        ("recovery-herd", [(15, act("disable", "admission-limit"))], "recovered, not safe"),
        ("recovery-herd", [(15, act("throttle", "devices")), (16, act("disable", "admission-limit"))], "recovered, not safe"),
        ("recovery-herd", [(15, act("throttle", "devices")), (16, act("restore", "door.test"))], "recovered, not safe"),
        ("the-day", MENDED[:1], "not recovered"),
        ("the-day", [*MENDED], "recovered and safe"),
        ("the-day", [*MENDED, (18.5, act("disable", "automatic-failover"))], "recovered, not safe"),
        ("the-day", [*MENDED, (18.5, act("restore", "app.balancer.test"))], "recovered, not safe"),
    ],
)  # fmt: skip
def test_each_scenario_tells_right_from_wrong(name: str, script: Script, state: str) -> None:
    assert Play(scenario(name)).run(script, leaves=max(8, script[-1][0] + 6)).score.state == state
