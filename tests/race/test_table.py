"""The table of protection sets, at the smallest bounds that tell them apart."""

from __future__ import annotations

import json

import pytest

from chaoskit.race.model import Race
from chaoskit.race.report import table_text
from chaoskit.race.stored import table_json
from chaoskit.race.table import NotMonotone, Table, all_sets, table

SETS = [names for names in all_sets() if len(names) <= 2]


@pytest.fixture(scope="module")
def result() -> Table:
    return table(Race(2, 4), SETS, jobs=1)


def test_every_set_is_there_once() -> None:
    sets = all_sets()
    assert len(sets) == len(set(sets)) == 2 * 3 * 4 * 2 * 3 + 4 * 2 * 3
    assert sets[0] == ()


def test_the_minimal_sufficient_sets(result: Table) -> None:
    assert result.sufficient(result.question.names) == (("fenced_lock",), ("freshness_after_stamp",), ("atomic",))
    without_older = [name for name in result.question.names if "older" not in name]
    assert set(result.sufficient(without_older)) == {
        ("fenced_lock",),
        ("freshness_after_stamp",),
        ("atomic",),
        ("cleaner_skips_active_after_stamp",),
        ("never_empty_guard",),
    }


def test_the_tempting_ones(result: Table) -> None:
    tempting = {row.race.protections for row in result.tempting()}
    assert ("freshness_before_stamp",) in tempting
    assert ("fenced_lock",) not in tempting
    assert "cleaner_skips_active_at_listing changes no verdict" in table_text(result)


def test_one_protection_more_can_break_what_held(result: Table) -> None:
    pairs = result.not_monotone()
    assert NotMonotone(("fenced_lock",), "freshness_before_stamp", "never_empty") in pairs
    assert {pair.added for pair in pairs} == {"freshness_before_stamp"}


def test_text_and_json_say_the_same(result: Table) -> None:
    text, stored = table_text(result), json.loads(table_json(result))
    assert len(stored["rows"]) == len(SETS)
    assert stored["sufficient"]["all"] == [["fenced_lock"], ["freshness_after_stamp"], ["atomic"]]
    row = next(row for row in stored["rows"] if row["protections"] == ["freshness_before_stamp"])
    assert row["findings"]["never_empty"]["steps"] == 24
    assert "freshness_before_stamp on top of fenced_lock breaks never_empty" in text
    with pytest.raises(KeyError):
        result.row(["velocity_limit", "fenced_lock", "tolerant_rollback"])
