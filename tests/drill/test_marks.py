"""Diagnosis and communication: each rule holds for the good team, and one thing done wrong breaks it alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaoskit.drill.debrief import debrief_lines, post_mortem
from chaoskit.drill.judge import score_of, view_of
from chaoskit.errors import InputError
from chaoskit.journal.codec import decode_entry, encode_entry
from chaoskit.journal.events import Entry
from tests.drill.playing import NAME, PAUSE, RESTORE, WELL, Play, Request, act, diagnose, scenario, status

FIRST, DIAGNOSIS, LAST = WELL[0], WELL[1], WELL[4]


def broken(script: Sequence[tuple[float, Request]], leaves: float = 14) -> set[str]:
    score = Play(scenario()).run(sorted(script, key=lambda step: step[0]), leaves).score
    return {mark.clause for mark in score.marks if mark.finding != "held"}


def test_nothing_is_wrong_with_the_good_team() -> None:
    assert broken(WELL) == set()


@pytest.mark.parametrize(
    ("instead_of", "steps", "clauses"),
    [
        (DIAGNOSIS, [(8, diagnose("catalogue.shop.example", "record empty", "everybody", 4))], {"name"}),
        (DIAGNOSIS, [(8, diagnose(NAME, "server down", "everybody", 4))], {"mechanism"}),
        (DIAGNOSIS, [(8, diagnose(NAME, "record empty", "new connections only", 4))], {"scope"}),
        (DIAGNOSIS, [(8, diagnose(NAME, "record empty", "everybody", 40))], {"since when"}),
        (DIAGNOSIS, [], {"name", "mechanism", "scope", "since when"}),
        (FIRST, [(6, status("Orders fail.", 2))], {"next updates as promised"}),
        (FIRST, [(6, status("Orders fail."))], {"next updates as promised"}),
        (FIRST, [(6, status("Orders fail: NXDOMAIN.", 10))], {"in customers' words"}),
        (LAST, [(12, status("Orders work again."))], {"resolved when it was"}),
        (FIRST, [(6, status("Orders fail.", 10, resolved=True))], {"resolved when it was"}),
        (LAST, [(12, status("Solved.", resolved=True))], set()),
    ],
    ids=["name", "mechanism", "scope", "since", "none", "late", "no promise", "jargon", "never", "too early", "named once"],
)  # fmt: skip
def test_one_thing_wrong_breaks_its_own_clause(
    instead_of: tuple[float, Request], steps: list[tuple[float, Request]], clauses: set[str]
) -> None:
    assert broken([step for step in WELL if step is not instead_of] + steps) == clauses


def test_updates_that_come_late_break_first_and_cadence() -> None:
    script = [(70, status("Orders fail.")), (140, PAUSE), (141, RESTORE), (142, status("Orders work.", resolved=True))]
    assert {"first update in time", "no long silence"} <= broken(script, leaves=143)


def test_what_is_said_before_the_incident_counts_for_nothing() -> None:
    early = [(1, status("Orders fail, solved.", resolved=True)), (2, diagnose(NAME, "record empty", "everybody", 0))]
    score = Play(scenario()).run([*early, (6, PAUSE), (7, RESTORE)], leaves=8).score
    assert (score.times.first_word, score.times.right_name) == (None, None)
    assert sum(mark.points for mark in score.marks if mark.part in ("communication", "diagnosis")) == 0


def test_a_silent_team_breaks_every_rule_of_communication() -> None:
    score = Play(scenario()).run([(6, PAUSE), (7, RESTORE)], leaves=8).score
    communication = [mark for mark in score.marks if mark.part == "communication"]
    assert len(communication) == 6
    assert all(mark.finding == "broken" and mark.points == 0 for mark in communication)


def test_hints_cost_points_until_there_are_none() -> None:
    hint: Request = {"what": "hint"}
    play = Play(scenario()).run([(5, hint), (5.1, hint), (5.2, hint), *WELL], leaves=14)
    assert play.score.points == 90
    assert play.answers[2] == {"error": "there is no further hint"}


def test_the_times_are_those_of_the_journal() -> None:
    times = Play(scenario()).run(WELL, leaves=14).score.times
    assert (times.first_word, times.right_name, times.mitigated) == (2 * 10**9, 4 * 10**9, 6 * 10**9)


def test_another_journal_is_no_drill() -> None:
    with pytest.raises(InputError, match="not the journal of a drill"):
        view_of(Play(scenario()).entries[:1])


def again(entries: Sequence[Entry]) -> list[Entry]:
    return [decode_entry(encode_entry(entry)) for entry in entries]


anything = st.sampled_from(
    [
        PAUSE, RESTORE, act("unlock", "records"), act("lock", "records"), act("reboot"), status("Orders | fail.\n", 3),
        status("It works", resolved=True), status(" "), diagnose(NAME, "server down", "everybody", 4),
        diagnose("x", "y", "z", 0), {"what": "hint"}, {"what": "page"}, {"what": "alarms"}, {"what": "brief"},
        {"what": "nonsense"}, {"what": "done"}, {"what": "status", "text": 5},
    ]
)  # fmt: skip


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(anything, max_size=8))
def test_any_drill_has_one_score_and_a_debrief(requests: list[Request]) -> None:
    play = Play(scenario()).run([(5 + number / 4, request) for number, request in enumerate(requests)], leaves=8)
    assert all(set(answer) & {"says", "error"} for answer in play.answers)
    view = view_of(play.entries)
    score = score_of(view)
    assert 0 <= score.points <= 100
    assert score_of(view_of(again(play.entries))) == score
    assert debrief_lines(view, score)[0].startswith("stale-writer: ")
    assert post_mortem(view, score).startswith("# Post-mortem (draft)")
