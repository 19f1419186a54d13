"""Roles: each has its own verbs; what the facilitator does to a drill is in its journal and in its marks."""

from __future__ import annotations

import pytest

from chaoskit.drill.judge import view_of
from chaoskit.report.drill_lane import drill_part
from chaoskit.report.drill_moments import moments_of
from tests.drill.playing import PAUSE, RESTORE, WELL, Play, Request, scenario, status

NOTE: Request = {"what": "note", "text": "dig: <b>NOERROR</b>, no answer"}
HOLD: Request = {"what": "hold", "role": "facilitator"}
RESUME: Request = {"what": "resume", "role": "facilitator"}


def mark_of(play: Play, clause: str) -> str:
    return next(mark.finding for mark in play.score.marks if mark.clause == clause)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({**PAUSE, "role": "communicator"}, "pause is for the operator, and you are the communicator; you can brief, page, levels, status"),
        ({**status("Orders fail."), "role": "operator"}, "status is for the communicator"),
        ({"what": "hint", "role": "scribe"}, "hint is for the operator or the facilitator"),
        ({"what": "abort", "because": "x"}, "abort is for the facilitator, and you have no role"),
        ({"what": "abort", "because": " ", "role": "facilitator"}, "an abort has a reason"),
        ({"what": "act", "action": "restore", "subject": ""}, "restore needs a subject: "),
        ({"what": "brief", "role": "king"}, "'king' is no role; choose of alone, operator"),
    ],
)  # fmt: skip
def test_a_verb_of_another_role_is_refused(request_: Request, words: str) -> None:
    play = Play(scenario()).run([(5, request_)], leaves=6)
    assert words in play.answers[0]["error"]


def test_what_each_did_is_on_one_axis_with_its_role() -> None:
    script = [(5, NOTE), *((at, {**asked, "role": ROLE[asked["what"]]}) for at, asked in WELL)]
    play = Play(scenario()).run(script, leaves=14)
    assert play.score.points == 100
    lines = [f"{moment.lane}: {moment.words}" for moment in moments_of(view_of(play.entries).run)]
    assert "note: dig: <b>NOERROR</b>, no answer" in lines
    assert "action: pause automation (operator)" in lines
    assert any(line.startswith("update: RESOLVED") and line.endswith("(communicator)") for line in lines)
    run = view_of(play.entries).run
    part = drill_part(run, run.last_instant)
    assert part is not None
    assert [moment.number for moment in part.moments] == list(range(1, len(lines) + 1))
    assert [update.state for update in part.updates] == ["Resolved", "Update"]
    assert "<b>" not in part.svg


ROLE = {"act": "operator", "diagnose": "operator", "done": "operator", "status": "communicator"}


def test_a_hold_stops_the_team_and_its_clock() -> None:
    held = [
        (6, WELL[0][1]),
        (8, HOLD),
        (20, PAUSE),
        (70, RESUME),
        (71, PAUSE),
        (72, RESTORE),
        (73, status("Orders work.", resolved=True)),
    ]
    play = Play(scenario()).run(held, leaves=74)
    assert "the facilitator holds the drill" in play.answers[2]["error"]
    assert mark_of(play, "no long silence") == "held"
    assert mark_of(play, "next updates as promised") == "held"
    without = Play(scenario()).run([step for step in held if step[1] not in (HOLD, RESUME)], leaves=74)
    assert mark_of(without, "no long silence") == "broken"


def test_an_aborted_drill_is_unknown_and_keeps_its_debrief() -> None:
    play = Play(scenario())
    play.run(
        [*WELL[:3], (9.5, {"what": "abort", "because": "fire alarm", "role": "facilitator"}), (10, RESTORE)],
        leaves=10,
        watches=False,
    )
    assert play.desk.aborted.is_set()
    assert play.score.state == "unknown"
    assert "the facilitator ended the drill: fire alarm" in next(
        m.because for m in play.score.marks if m.clause == "recovery lasts"
    )
