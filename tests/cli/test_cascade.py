"""``chaoskit cascade`` as it is typed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chaoskit.cli import app
from chaoskit.errors import ExperimentError, InputError

RUNNER = CliRunner()
SYSTEM = """\
kind: cascade-system
title: My own stack
load_per_s: 6
callers: {call: api, timeout: 2s, tries: 2}
services:
  api: {capacity_per_s: 10, queue: 60}
outage: {service: api, for: 10s}
"""


def test_a_map_of_a_file_of_ones_own(tmp_path: Path) -> None:
    file, page = tmp_path / "stack.yaml", tmp_path / "pages" / "map.html"
    file.write_text(SYSTEM)
    result = RUNNER.invoke(app, ["cascade", "map", str(file), "--size", "12", "--page", str(page)])
    assert result.exit_code == 0
    assert "What keeps it down: the callers give up on api after 2 s" in result.output
    assert page.read_text().startswith("<!doctype html>")


def test_another_cell_can_be_asked_about(tmp_path: Path) -> None:
    file = tmp_path / "stack.yaml"
    file.write_text(SYSTEM)
    arguments = ["cascade", "map", str(file), "--size", "8", "--load", "3", "--outage", "4s"]
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 0
    assert "Witnesses of 3 a second and an outage of 4 s" in result.output
    assert "there is no loop to cut" in result.output


def test_a_shipped_name_is_read_and_an_unknown_one_refused() -> None:
    result = RUNNER.invoke(app, ["cascade", "map", "small-queue", "--size", "6"])
    assert result.exit_code == 0
    unknown = RUNNER.invoke(app, ["cascade", "map", "nothing"])
    assert isinstance(unknown.exception, InputError)
    assert "small-queue" in str(unknown.exception)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("queue: 60", "queue: none", "stack.yaml:6: services.api.queue"),
        ("call: api", "call: apy", "Did you mean 'api'?"),
    ],
)
def test_a_wrong_file_is_refused_before_anything_starts(tmp_path: Path, before: str, after: str, message: str) -> None:
    file = tmp_path / "stack.yaml"
    file.write_text(SYSTEM.replace(before, after))
    result = RUNNER.invoke(app, ["cascade", "map", str(file)])
    assert isinstance(result.exception, ExperimentError)
    assert result.exception.exit_code == 2
    assert message in str(result.exception)


def test_an_outage_without_a_unit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "stack.yaml"
    file.write_text(SYSTEM)
    result = RUNNER.invoke(app, ["cascade", "map", str(file), "--outage", "10"])
    assert isinstance(result.exception, InputError)
    assert "a unit" in str(result.exception) or "not a duration" in str(result.exception)


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "stack.yaml"
    file.write_text(SYSTEM)
    result = RUNNER.invoke(app, ["cascade", "map", str(file), "--size", "4", "--page", str(tmp_path)])
    assert isinstance(result.exception, InputError)
    assert "cannot be written there; name a file in a folder that can" in str(result.exception)


def test_help_loads_no_arrays() -> None:
    code = "import sys; from chaoskit.cli import app; import chaoskit.cli.cascade; print('numpy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


@pytest.mark.slow
def test_the_day_ends_well_and_is_the_same_twice(tmp_path: Path) -> None:
    arguments = ["cascade", "day", "--hosts", "1000", "--plays", "1", "--page", str(tmp_path / "day.html")]
    result, again = (RUNNER.invoke(app, arguments) for _ in range(2))
    assert result.exit_code == 0
    assert result.output == again.output
    assert "DOES NOT HOLD" not in result.output
