"""``chaoskit race live`` and ``chaoskit race repair`` as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaoskit.aws.route53.batch import Change
from chaoskit.aws.route53.client import Endpoint
from chaoskit.cli import main, race_trials
from chaoskit.cli.race_trials import LIVE_PROTECTIONS, settings_of
from chaoskit.experiment.loader import read
from chaoskit.experiment.shipped import find_experiment
from chaoskit.race.live.set_up import install_first_plan, layout_at
from tests.aws.route53.plain_http import route53
from tests.cli.test_whole_run import namespaces_work

ROOT = Path(__file__).resolve().parents[2]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["chaoskit", "race", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_the_simulated_driver_alone_makes_the_table(call: Call) -> None:
    words = ("live", "--runs", "0", "--simulated", "3", "--latency", "0", "--latency", "800ms")
    code, out, _ = call(*words)
    assert code == 0
    assert [line.split()[-3] for line in out.splitlines()[1:3]] == ["0", "3"]
    assert "model: never_empty, explored whole with 3 enactors and 5 plans" in out


def test_a_record_that_became_empty_against_the_proof_fails(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race_trials, "_breaks_in", lambda protections: None)
    code, out, _ = call("live", "--runs", "0", "--simulated", "1")
    assert code == 1
    assert (
        "none at 800 ms: the model proves never_empty, and a record became empty in 0 of 0 live, 0 of 0 replayed and 1 of 1 sim"
        in out
    )


def test_each_protection_is_a_setting_and_changes_the_file() -> None:
    document = read(find_experiment("race/live"))
    settings = list(settings_of(document, (), (), each=True))
    assert [setting.protections for setting in settings] == [(), *((name,) for name in LIVE_PROTECTIONS)]
    by_name = {setting.protections: setting.experiment.spec for setting in settings}
    assert by_name["fenced_lock",].clients["enactor-b"].race.protections == ("fenced_lock",)  # type: ignore[union-attr]
    guards = by_name["velocity_limit",].services["route53"].control_plane.guards  # type: ignore[union-attr]
    assert guards is not None
    assert guards.velocity is not None
    assert by_name[()].clients == resolve_clients(document.data)


def resolve_clients(data: object) -> object:
    from chaoskit.experiment.loader import resolve_plain

    assert isinstance(data, dict)
    return resolve_plain(data, "live").spec.clients


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("live", "--protection", "atomic"), "of the model alone"),
        (("live", "--protection", "fenced"), "did you mean 'fenced_lock'?"),
        (("live", "--protection", "fenced_lock", "--each-protection"), "leave out --protection"),
        (("live", "--latency", "soon"), "is not a duration"),
        (("live", "first/ten-seconds"), "no latency on a path to route53"),
        (("live", "--runs", "-1"), "a number from 0"),
        (("repair", "https://route53.amazonaws.com", "example.com"), "is AWS's own"),
        (("repair", "nowhere", "example.com"), "is no endpoint"),
    ],
)
def test_bad_input_ends_before_anything_starts(call: Call, words: tuple[str, ...], message: str) -> None:
    code, _, err = call(*words)
    assert code == 2
    assert message in err


def emptied(endpoint: Endpoint, *numbers: int) -> None:
    """Install plan 1 at three endpoints, and delete it at some of them."""
    layout = layout_at(endpoint, "live.test", 3, ("127.0.1.1",))
    install_first_plan(endpoint, layout)
    for number in numbers:
        assert endpoint.change(layout.zone_id, [Change("DELETE", entry) for entry in layout.tree(number, 1)])[0]


def test_repair_points_empty_endpoints_at_the_newest_tree(call: Call) -> None:
    with route53() as endpoint:
        emptied(endpoint, 0, 2)
        layout = layout_at(endpoint, "live.test", 3, ("127.0.1.1",))
        assert endpoint.change(layout.zone_id, [Change("CREATE", entry) for entry in layout.tree(0, 7)])[0]
        code, out, err = call("repair", endpoint.url, "live.test", "--endpoints", "3")
        assert code == 0, err
        assert "live.test: was at plan 1, which has no tree; now at plan 7" in out
        assert "cell-02.live.test: was at plan 1, which has no tree; now at plan 1" in out
        code, out, _ = call("repair", endpoint.url, "live.test", "--endpoints", "3")
        assert (code, out) == (0, "no endpoint of live.test is empty\n")
        code, _, err = call("repair", endpoint.url, "other.test")
        assert code == 4
        assert "there is no hosted zone other.test." in err


SEEDS = (1, 2, 3)
"""A machine that stalls for more than a second within the first five of a run takes the race out of it: then the next seed is tried."""


@pytest.mark.slow
def test_the_record_empties_itself_and_nobody_repairs_it(tmp_path: Path) -> None:
    """The claim of docs/race.md, from the journal of one run."""
    if reason := namespaces_work():
        pytest.skip(reason)
    for seed in SEEDS:
        row, text = live_run(tmp_path / str(seed), seed)
        if row["live"]["first"]:
            break
    assert row["live"] | {"first_interval": None} == {
        "runs": 1, "first": 1, "any": 1, "unrepaired": 1, "first_interval": None,
    }, text  # fmt: skip
    assert "deletes tree" in text
    assert "it has an address again, by operator" in text


def live_run(folder: Path, seed: int) -> tuple[dict[str, Any], str]:
    """The row of one live run, and what was printed."""
    options = ["--runs", "1", "--simulated", "1", "--seed", str(seed), "--out", str(folder)]
    words = [sys.executable, "-m", "chaoskit", "race", "live", *options]
    result = subprocess.run(words, capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    (row,) = json.loads((folder / "race.json").read_text())
    return row, result.stdout
