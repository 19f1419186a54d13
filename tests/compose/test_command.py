"""``chaoskit compose overlay`` as a user types it, where Docker is and where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from chaoskit.cli import app
from chaoskit.compose import write
from chaoskit.errors import InputError

COMPOSE = (
    "services:\n  web:\n    image: shop\n    environment: {AWS_SECRET_ACCESS_KEY: real}\n  worker: {image: shop}\n"
)


@pytest.fixture
def theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(write, "has_compose", lambda: False)
    path = tmp_path / "compose.yaml"
    path.write_text(COMPOSE)
    return path


def test_without_docker_it_is_written_and_said_to_be_unchecked(theirs: Path) -> None:
    done = CliRunner().invoke(app, ["compose", "overlay", str(theirs)])
    assert done.exit_code == 0, done.output
    assert "warning: not checked" in done.stderr
    assert "warning: web: AWS_SECRET_ACCESS_KEY" in done.stderr
    assert "real" not in done.stdout.replace(str(theirs.parent), "")
    assert f"docker compose -f {theirs} -f {theirs.with_name('chaoskit.override.yaml')} up -d" in done.stdout
    assert theirs.read_text() == COMPOSE
    assert sorted(path.name for path in theirs.parent.iterdir()) == ["chaoskit.override.yaml", "compose.yaml"]


def test_only_the_chosen_service_is_in_it(theirs: Path) -> None:
    out = theirs.with_name("only.yaml")
    done = CliRunner().invoke(app, ["compose", "overlay", str(theirs), "--service", "worker", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "  worker:\n" in out.read_text()
    assert "  web:\n" not in out.read_text()


def test_a_file_that_is_there_is_not_overwritten_unasked(theirs: Path) -> None:
    out = theirs.with_name("chaoskit.override.yaml")
    out.write_text("mine")
    done = CliRunner().invoke(app, ["compose", "overlay", str(theirs)])
    assert done.exit_code != 0
    assert "--force" in str(done.exception)
    assert out.read_text() == "mine"
    assert CliRunner().invoke(app, ["compose", "overlay", str(theirs), "--force"]).exit_code == 0
    assert "chaoskit.compose.stage" in out.read_text()


def test_nothing_half_done_is_left_after_bad_input(theirs: Path) -> None:
    for words in (["--service", "no-such"], ["--subnet", "8.8.8.0/24"], ["--region", "mars"]):
        done = CliRunner().invoke(app, ["compose", "overlay", str(theirs), *words])
        assert isinstance(done.exception, InputError), words
        assert words[1] in str(done.exception)
    assert [path.name for path in theirs.parent.iterdir()] == ["compose.yaml"]


def test_a_container_of_ones_own_is_for_attach_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.yaml"
    path.write_text("title: t\nclients: {web: {use: container}}\nduration: 1s\n")
    done = CliRunner().invoke(app, ["run", str(path), "--out", str(tmp_path / "runs")])
    assert isinstance(done.exception, InputError)
    assert "chaoskit attach" in str(done.exception)
    assert not (tmp_path / "runs").exists()
