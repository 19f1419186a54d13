"""Scenario files: those that are shipped can be read, and what is wrong in one is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.drill.alarms import alarms_of
from chaoskit.drill.scenario import find_scenario, load_scenario, scenario_files
from chaoskit.errors import ExperimentError, InputError
from tests.drill.playing import Play, scenario

TEXT = find_scenario("stale-writer").read_text()


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
def test_a_shipped_scenario_names_no_cause_in_its_brief(path: Path) -> None:
    loaded = load_scenario(path)
    told = (loaded.drill.brief + loaded.experiment.spec.title).lower()
    assert loaded.drill.diagnosis.truth.mechanism not in told
    assert all(injection.hidden for injection in loaded.experiment.injections)
    assert loaded.drill.whole_watch_ns < 50 * 10**9


@pytest.mark.parametrize("path", scenario_files(), ids=lambda path: path.stem)
def test_doing_nothing_is_no_way_to_pass(path: Path) -> None:
    assert Play(load_scenario(path)).run([], leaves=20).score.state == "not recovered"


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("mechanism: record empty", "mechanism: bad luck", "drill.diagnosis.truth.mechanism"),
        ("lifts: [blank]", "lifts: [blanc]", "Write one of blank"),
        ("guards_off: [record-lock]", "guards_off: [padlock]", "Write one of record-lock"),
        ("needs: [pause automation, unlock records]", "needs: [prayer]", "'prayer' is not known here"),
        ("trigger: {injection: blank}", "trigger: {injection: blank, twice: yes}", "there is no such field"),
        ("duration: 3m", "duration: 5s", "no longer than the watch"),
        ("subject: catalogue.shop.example", "subject: orders.shop.example", "is there twice"),
        ("drill:", "drilll:", "drill: is missing"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, right: str, wrong: str, words: str) -> None:
    assert right in TEXT
    path = tmp_path / "wrong.yaml"
    path.write_text(TEXT.replace(right, wrong, 1))
    with pytest.raises(ExperimentError, match=r"wrong\.yaml:\d+: ") as raised:
        load_scenario(path)
    assert words in str(raised.value)


def test_a_name_that_is_nearly_right_is_guessed() -> None:
    with pytest.raises(InputError, match="Did you mean stale-writer"):
        find_scenario("stale-writr")


def test_one_of_two_hundred_alarms_is_right() -> None:
    loaded = scenario("two-hundred-alarms")
    alarms = alarms_of(loaded)
    assert len(alarms) == 200
    assert sum("login.shop.example" in alarm for alarm in alarms) == 1
    assert alarms == alarms_of(loaded)
