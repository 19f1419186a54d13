"""``docs/race.md`` says what the code says and finds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaoskit.race.findings import ALL, NAMES, judge, question_of
from chaoskit.race.invariants import PROGRESS, SAFETY
from chaoskit.race.model import Race
from chaoskit.race.protections import ORDER, sentence_of
from chaoskit.race.report import diagrams
from chaoskit.race.words import Classroom
from tests.effort import THOROUGH

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "race.md").read_text()
BOUNDS = Race(3 if THOROUGH else 2, 5)
"""The page's figures are of three enactors; two give the same, sooner."""


def rows(first: str) -> list[list[str]]:
    """The cells of a table whose first heading is ``first``."""
    lines = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_classroom_is_the_one_that_is_printed() -> None:
    findings = judge(Race(2, 4), question_of(["never_empty"]))
    (text,) = diagrams(findings, 110, Classroom())
    assert text in PAGE
    assert f"{findings.states:,} states, {findings.transitions:,} steps" in PAGE


def test_invariants_are_defined_as_in_the_code() -> None:
    written = {re.sub(r" K$", "", name.strip("`")): meaning for name, meaning in rows("name")[: len(NAMES)]}
    for rule in SAFETY[:3]:
        assert written[rule.name].startswith(rule.meaning)
    for name, meaning in PROGRESS.items():
        assert written[name].startswith(meaning)


def test_protections_are_described_as_in_their_files() -> None:
    for name in ORDER:
        assert f"| `{name}` | {sentence_of(name)} |" in PAGE


@pytest.mark.parametrize("row", rows("protection"), ids=lambda row: row[0])
def test_the_table_is_what_is_found(row: list[str]) -> None:
    names = re.findall(r"`(\w+)`", row[0])
    findings = judge(BOUNDS.with_protections(names), ALL)
    cells = ["holds" if finding.trace is None else str(len(finding.trace)) for finding in findings.findings]
    assert row[1:] == cells


def test_the_table_has_every_protection() -> None:
    assert set(re.findall(r"`(\w+)`", " ".join(row[0] for row in rows("protection")))) == set(ORDER)
