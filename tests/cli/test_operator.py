"""``chaoskit operator`` and ``chaoskit drill``: words, times, and what they say outside of a drill."""

from __future__ import annotations

import time

import pytest
from typer.testing import CliRunner

from chaoskit.cli import app
from chaoskit.cli.operator import ago_ns
from chaoskit.errors import HarnessError, InputError

runner = CliRunner()
NOON = time.struct_time((2026, 1, 1, 12, 0, 0, 3, 1, 0))


@pytest.mark.parametrize(
    ("since", "seconds"), [("40s", 40), ("11:59:30", 30), ("12:00:00", 0), ("23:00:00", 13 * 3600)]
)
def test_since_is_a_length_or_a_time_of_day(since: str, seconds: int) -> None:
    assert ago_ns(since, NOON) == seconds * 10**9


@pytest.mark.parametrize("since", ["soon", "25:00:00", "11:61:00", "40"])
def test_another_since_is_refused(since: str) -> None:
    with pytest.raises(InputError, match="--since"):
        ago_ns(since, NOON)


@pytest.mark.parametrize(
    "words", [["restore", "a.example"], ["act", "pause", "automation"], ["done"], ["hint", "--json"]]
)
def test_outside_of_a_drill_it_says_so(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAOSKIT_STEERING", raising=False)
    result = runner.invoke(app, ["operator", *words])
    assert isinstance(result.exception, HarnessError)
    assert "not inside of `chaoskit drill`" in str(result.exception)


def test_without_a_name_drills_are_listed() -> None:
    result = runner.invoke(app, ["drill"])
    assert result.exit_code == 0
    assert "stale-writer" in result.stdout


def test_an_unknown_scenario_is_refused_before_anything() -> None:
    result = runner.invoke(app, ["drill", "empty-recrod"])
    assert isinstance(result.exception, InputError)
    assert "Did you mean empty-record" in str(result.exception)
