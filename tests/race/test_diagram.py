"""Traces in words: lanes where there is room, lines where there is not; and the page."""

from __future__ import annotations

import json
import re

import pytest

from chaoskit.race.diagram import diagram
from chaoskit.race.findings import ALL, Findings, judge
from chaoskit.race.model import Race
from chaoskit.race.page import trace_page
from chaoskit.race.report import summary
from chaoskit.race.stored import findings_json
from chaoskit.race.words import Classroom, Engineering


@pytest.fixture(scope="module")
def findings() -> Findings:
    return judge(Race(2, 4))


def test_a_lane_per_process_and_the_record_at_the_end(findings: Findings) -> None:
    rows = diagram(findings.race, findings.of("never_empty"), width=110).splitlines()
    assert rows[0].split("  ")[0] == ""
    assert [name for name in ("planner", "enactor 1", "enactor 2", "record") if name in rows[0]] == [
        "planner",
        "enactor 1",
        "enactor 2",
        "record",
    ]
    assert rows[-1].endswith("EMPTY: plan 2 has no tree")
    assert max(map(len, rows)) <= 110


@pytest.mark.parametrize("width", [30, 60, 80, 100, 200])
def test_it_fits_the_terminal(findings: Findings, width: int) -> None:
    text = diagram(findings.race, findings.of("never_older"), width=width)
    longest = max(map(len, text.splitlines()))
    assert longest <= max(width, 50)
    numbers = re.findall(r"^ *(\d+)  ", text, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 15)]


def test_the_classroom_tells_the_same_story(findings: Findings) -> None:
    text = diagram(findings.race, findings.of("never_empty"), width=140, words=Classroom())
    assert "student 2" in text
    assert text.rstrip().endswith("page 2, ERASED")


def test_the_summary_names_bounds_and_findings(findings: Findings) -> None:
    text = summary(findings, ALL)
    assert "2 enactors and 4 plans; no protection" in text
    assert "never_empty          BROKEN in 20 steps" in text
    assert "fenced_lock" in summary(judge(Race(2, 3, ("fenced_lock",))), ALL)


def test_the_stored_trace_has_the_zone_after_each_step(findings: Findings) -> None:
    stored = json.loads(findings_json(findings, ALL))
    steps = stored["traces"]["never_empty"]
    assert len(steps) == 20
    assert steps[-1]["zone"] == {"published": 4, "alias": 2, "trees": [0, 0, 0, 1], "lost": 0}
    assert steps[-1]["says"] == "deletes tree 2"


def test_the_page_is_whole_offline_and_readable_without_scripts(findings: Findings) -> None:
    page = trace_page(findings, ALL, Engineering())
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)
    assert "url(" not in page
    without = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "deletes tree 2" in without
    assert "BROKEN in 20 steps" in without
    assert without.count("<li") >= 20 + 14 + 15


def test_the_pages_tables_step_as_the_system_does(findings: Findings) -> None:
    """The page's script walks these tables; walked here, they give the recorded ways."""
    page = trace_page(findings, ALL, Engineering())
    match = re.search(r'<script type="application/json" id="model">(.*?)</script>', page, re.DOTALL)
    assert match is not None
    model = json.loads(match.group(1).replace("<\\/", "</"))
    for way in model["ways"]:
        shared, locals_ = model["start"], [model["roles"][role]["start"] for role in model["role_of"]]
        marks = 0
        for process in way["processes"]:
            role = model["roles"][model["role_of"][process]]
            call = role["calls"][locals_[process]]
            shared, answer, marks, outdates = model["effects"][str(shared * model["calls"] + call)]
            reply = role["replies"][str(locals_[process] * model["answers"] + answer)]
            if outdates:
                locals_ = [
                    model["roles"][other]["outdated"][local]
                    for other, local in zip(model["role_of"], locals_, strict=True)
                ]
            locals_[process] = reply
        broken = [name for bit, name in enumerate(model["marks"]) if marks >> bit & 1]
        assert set(broken) >= {name for name in way["names"] if name in model["marks"]}


def test_a_page_of_nothing_broken_says_so() -> None:
    held = judge(Race(2, 3, ("fenced_lock",)))
    page = trace_page(held, ALL, Engineering())
    assert "Nothing is broken within these bounds" in page
    assert "Read the lock before the check" in page
