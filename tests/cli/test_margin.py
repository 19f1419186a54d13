"""``chaoskit margin`` as a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from chaoskit.cli.margin import margin
from chaoskit.errors import InputError
from chaoskit.search.points import FinishedRun, RunRequest
from chaoskit.units import SECOND, parse_duration
from tests.search.fakes import store_run

EXPERIMENT = """\
title: fixed back-off rides out a short blank
duration: 4s
clients: {app: {use: boto3, connection: cold, retry_mode: legacy, max_attempts: 5, every: 1s}}
timeline:
  - {id: blank, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 900ms, for: 500ms}}
expect:
  - success_rate: {client: app, at_least: 1.0}
"""


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    path = tmp_path / "x.yaml"
    path.write_text(EXPERIMENT)
    return path


def chaoskit(*words: object, place: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chaoskit", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, cwd=place, env=os.environ | {"TMPDIR": str(place)}
    )


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"field": "timeline.blink.when.for"}, "'timeline.blink.when.for': timeline has no 'blink'. Near: timeline.blank.when.for"),
        ({"field": "clients.app.evry"}, "x.yaml:3: clients.app.evry: there is no such field. Did you mean 'every'?"),
        ({"field": "seed", "low": "1", "high": "9", "resolution": "1"}, "field 'seed': a search gives each"),
        ({"low": "5"}, "must be of one kind, not whole number, duration and duration"),
        ({"low": "soon"}, "--from: 'soon' is no number and no duration"),
        ({"high": "11m", "resolution": "10s"}, "longer than the limit"),
        ({"high": "3500ms"}, "the fault lasts to the end of the run"),
        ({"at_least": "5s"}, "--at-least 5s must lie between --from and --to"),
        ({"at_least": "5"}, "--at-least 5: write a duration, as for --from"),
        ({"confidence": 2.0}, "--confidence 2: write a share"),
        ({"sandbox": "moon"}, "choose one of auto"),
        ({"jobs": 0}, "--jobs must be at least 1"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_before_anything_runs(experiment: Path, more: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as caught:
        find_margin(experiment, **more)
    assert said in str(caught.value)
    assert [path.name for path in experiment.parent.iterdir()] == ["x.yaml"]


def test_it_ends_with_2(experiment: Path) -> None:
    result = chaoskit("margin", experiment, "--from", "soon", place=experiment.parent)
    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    assert "--from: 'soon' is no number" in result.stderr


def find_margin(experiment: Path, **more: Any) -> int:
    """The command as it is called with these arguments; its exit code."""
    settings: dict[str, Any] = {"low": "200ms", "high": "2600ms", "resolution": "100ms", "sandbox": "inline"}
    with pytest.raises(typer.Exit) as end:
        margin(str(experiment), **settings | {"out": experiment.parent / "m"} | more)
    return end.value.exit_code


def searched(
    experiment: Path, monkeypatch: pytest.MonkeyPatch, outcome: Callable[[float], str], **more: object
) -> tuple[int, dict[str, object]]:
    """The command, on runs whose outcome depends on the blank's seconds; its exit code and its JSON."""

    async def make(order: RunRequest, path: Path, folder: Path) -> FinishedRun:
        seconds = parse_duration(yaml.safe_load(order.text)["timeline"][0]["when"]["for"]) / SECOND
        return store_run(folder, outcome(seconds))

    monkeypatch.setattr("chaoskit.cli.margin.make_here", make)
    code = find_margin(experiment, **more)
    return code, json.loads((experiment.parent / "m" / "margin.json").read_text())


@pytest.mark.parametrize(
    ("more", "holds_below", "code", "said"),
    [
        ({}, 1.55, 0, "hold up to timeline.blank.when.for = "),
        ({"at_least": "1s"}, 1.55, 0, "hold up to"),
        ({"at_least": "2s"}, 1.55, 1, "--at-least 2 s: it is less."),
        ({"at_least": "1550ms"}, 1.55, 1, "--at-least 1.55 s: not shown with this confidence."),
        ({"at_least": "2s"}, 9, 0, "hold even at timeline.blank.when.for = 2.6 s"),
        ({"at_least": "2600ms", "resolution": "250ms"}, 9, 0, "hold even at timeline.blank.when.for = 2.6 s"),
        ({"at_least": "2s", "repeats": 1, "most_runs": 3}, 9, 1, "No failure was seen"),
        ({"at_least": "200ms"}, 0, 1, "fail already at timeline.blank.when.for = 200 ms"),
        ({}, 0, 0, "fail already at"),
    ],
)
def test_what_was_found_and_the_code_that_says_so(
    experiment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: dict[str, object],
    holds_below: float,
    code: int,
    said: str,
) -> None:
    found, told = searched(experiment, monkeypatch, lambda s: "passed" if s < holds_below else "failed", **more)
    printed = capsys.readouterr().out
    assert found == code, printed
    assert said in printed
    assert printed.splitlines()[1].startswith("timeline.blank.when.for from 200 ms to 2.6 s; at most ")
    if told["ending"] == "found":
        assert isinstance(told["lower"], float)
        assert isinstance(told["upper"], float)
        assert told["lower"] <= holds_below * SECOND <= told["upper"]
    assert str(told["result"]) in (experiment.parent / "m" / "margin.md").read_text()


@pytest.mark.parametrize(("at_most", "code"), [("2s", 0), ("1s", 1)])
def test_where_more_is_safer_the_least_value_is_found(
    experiment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    at_most: str,
    code: int,
) -> None:
    found, told = searched(experiment, monkeypatch, lambda s: "passed" if s > 1.55 else "failed", at_most=at_most)
    assert found == code
    assert "The expectations hold from timeline.blank.when.for = " in str(told["result"])


def test_it_goes_on_with_more_runs_and_for_another_limit(
    experiment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def outcome(seconds: float) -> str:
        return "passed" if seconds < 1.55 else "failed"

    code, told = searched(experiment, monkeypatch, outcome, repeats=1, most_runs=4)
    assert (code, told["ending"], told["runs"]) == (0, "out of runs", 4)
    assert "allow more with --most-runs" in capsys.readouterr().out
    code, told = searched(experiment, monkeypatch, outcome, at_least="500ms", confidence=0.8, share=0.7)
    assert (code, told["ending"]) == (0, "found")
    assert len(list((experiment.parent / "m" / "runs").iterdir())) == told["runs"]
    with pytest.raises(InputError, match="it differs in: search"):
        find_margin(experiment, resolution="200ms")


def test_again_is_the_same_search(experiment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(experiment, monkeypatch, lambda _: "passed", most_runs=12, at_least="1s", jobs=2, confidence=0.8)
    again = (experiment.parent / "m" / "margin.md").read_text().partition("Again: `")[2].partition("`")[0].split()
    for words in ("--most-runs 12", "--at-least 1s", "--jobs 2", "--confidence 0.8", "--repeats 5", "--from 200ms"):
        name, value = words.split()
        assert again[again.index(name) + 1] == value
    assert "--at-most" not in again


def test_whole_and_decimal_numbers_go_together(experiment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    field = {"field": "clients.app.max_attempts"}
    # One and a half attempts are none, which is told before any run.
    with pytest.raises(InputError, match=r"clients\.app\.max_attempts"):
        find_margin(experiment, low="1", high="9", resolution="0.5", **field)
    experiment.write_text(EXPERIMENT.replace("every: 1s", "every: 1s, connect_timeout: 1s"))
    given = {"field": "expect.0.success_rate.at_least", "low": "0", "high": "1", "resolution": "0.1", "at_least": "1"}
    _, told = searched(experiment, monkeypatch, lambda _: "passed", **given)
    assert (told["ending"], told["margin"]) == ("holds everywhere", 1)


@pytest.mark.parametrize(("outcome", "code"), [("not exercised", 3), ("invalid", 4)])
def test_runs_that_do_not_count_are_no_answer(
    experiment: Path, monkeypatch: pytest.MonkeyPatch, outcome: str, code: int
) -> None:
    found, told = searched(experiment, monkeypatch, lambda _: outcome)
    assert found == code
    assert (told["ending"], told["margin"], told["runs"], told["uncounted_runs"]) == ("stopped", None, 0, 3)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_fixed_back_off_is_measured_and_held_to_a_limit(experiment: Path) -> None:
    """Legacy mode, 5 attempts: the tries begin 0, 50, 150, 350 and 750 ms after the call, and the call 100 ms into the blank."""
    words = [
        "margin",
        experiment,
        "--from",
        "300ms",
        "--to",
        "1700ms",
        "--resolution",
        "200ms",
        "--repeats",
        "3",
        "--jobs",
        "2",
    ]
    result = chaoskit(*words, "--out", "m", "--at-least", "500ms", place=experiment.parent, timeout=350)
    assert result.returncode == 0, result.stdout + result.stderr
    told = json.loads((experiment.parent / "m" / "margin.json").read_text())
    assert told["ending"] == "found"
    assert told["lower"] / 1e6 < 1000
    assert told["upper"] / 1e6 > 800
    assert told["versions"]["botocore"]
    journals = list((experiment.parent / "m" / "runs").glob("*/journal.jsonl"))
    assert len(journals) == told["runs"] + told["uncounted_runs"]
    # The runs are there, so asking for more decides at once, and says no.
    again = chaoskit(*words, "--out", "m", "--at-least", "1500ms", place=experiment.parent)
    assert again.returncode == 1, again.stdout + again.stderr
    assert "--at-least 1.5 s: it is less." in again.stdout


@pytest.mark.parametrize(
    ("holds_below", "jobs", "code", "runs", "said"),
    [
        (9, 1, 0, 11, "hold in at least 80% of runs (90% confidence; 11 of 11 held)"),
        (9, 4, 0, 12, "hold in at least 80% of runs (90% confidence; 11 of 11 held)"),
        (0, 1, 1, 2, "hold in less than 80% of runs (90% confidence; 0 of 2 held)"),
    ],
)
def test_at_least_alone_tests_that_value_until_it_is_known(
    experiment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    holds_below: float,
    jobs: int,
    code: int,
    runs: int,
    said: str,
) -> None:
    lengths = []

    async def make(order: RunRequest, path: Path, folder: Path) -> FinishedRun:
        lengths.append(yaml.safe_load(order.text)["timeline"][0]["when"]["for"])
        return store_run(folder, "passed" if parse_duration(lengths[-1]) < holds_below * SECOND else "failed")

    monkeypatch.setattr("chaoskit.cli.at_least.make_here", make)
    alone = {"low": None, "high": None, "resolution": None, "at_least": "2s", "jobs": jobs}
    assert find_margin(experiment, **alone) == code
    assert said in capsys.readouterr().out
    assert [parse_duration(length) for length in lengths] == [2 * SECOND] * runs
    told = json.loads((experiment.parent / "m" / "at-least.json").read_text())
    assert len(told["made"]) == runs
    assert find_margin(experiment, **alone) == code
    assert len(lengths) == runs  # the stored runs have the answer


def test_at_least_alone_stops_where_runs_do_not_count(experiment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def make(order: RunRequest, path: Path, folder: Path) -> FinishedRun:
        return store_run(folder, "not exercised")

    monkeypatch.setattr("chaoskit.cli.at_least.make_here", make)
    assert find_margin(experiment, low=None, high=None, resolution=None, at_least="2s") == 3
    assert json.loads((experiment.parent / "m" / "at-least.json").read_text())["answer"] == "stopped"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"at_least": "soon"}, "--at-least: 'soon'"),
        ({"at_least": "3500ms"}, "the fault lasts to the end of the run"),
        ({"at_least": "1s", "share": 2.0}, "--share 2"),
        ({"at_least": "1s", "confidence": 1.0}, "--confidence 1"),
        ({"at_least": "1s", "most_runs": 0}, "--most-runs must be at least 1"),
    ],
)
def test_bad_at_least_is_refused_before_a_run(experiment: Path, more: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_margin(experiment, low=None, high=None, resolution=None, **more)
    assert [path.name for path in experiment.parent.iterdir()] == ["x.yaml"]


@pytest.mark.parametrize(("worse_by", "code"), [("100ms", 1), ("2s", 0), ("1%", 1), ("90%", 0)])
def test_a_margin_worse_than_the_baseline_ends_with_1(
    experiment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], worse_by: str, code: int
) -> None:
    baseline = experiment.parent / "margin.json"
    baseline.write_text(
        json.dumps({"field": "timeline.blank.when.for", "margin": 2.2 * SECOND, "rising": False, "ending": "found"})
    )
    found, _ = searched(
        experiment,
        monkeypatch,
        lambda seconds: "passed" if seconds < 1.55 else "failed",
        baseline=baseline,
        worse_by=worse_by,
    )
    assert found == code
    assert ("it was 2.2 s." in capsys.readouterr().out) == bool(code)


@pytest.mark.parametrize(
    ("text", "worse_by", "said"),
    [
        ("{}", "20%", "is no margin.json"),
        ('{"field": "x", "margin": 1, "rising": false, "ending": "found"}', "20%", "is of x, and this search of"),
        ('{"field": "timeline.blank.when.for", "margin": 1, "rising": false, "ending": "stopped"}', "20%", "no margin"),
        (
            '{"field": "timeline.blank.when.for", "margin": 1, "rising": false, "ending": "found"}',
            "x%",
            "--worse-by x%",
        ),
    ],
)
def test_what_is_no_baseline_is_refused(experiment: Path, text: str, worse_by: str, said: str) -> None:
    baseline = experiment.parent / "margin.json"
    baseline.write_text(text)
    with pytest.raises(InputError, match=said):
        find_margin(experiment, baseline=baseline, worse_by=worse_by)
