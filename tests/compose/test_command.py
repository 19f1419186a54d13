"""``chaoskit compose overlay`` as a user types it, where Docker is and where it is not."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from typer.testing import CliRunner

from chaoskit.cli import app
from chaoskit.compose import write
from chaoskit.compose.engine import Docker
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
    assert "chaoskit.compose.overlay_container" in out.read_text()


def test_nothing_half_done_is_left_after_bad_input(theirs: Path) -> None:
    for words in (["--service", "no-such"], ["--subnet", "8.8.8.0/24"], ["--region", "mars"]):
        done = CliRunner().invoke(app, ["compose", "overlay", str(theirs), *words])
        assert isinstance(done.exception, InputError), words
        assert words[1] in str(done.exception)
    assert [path.name for path in theirs.parent.iterdir()] == ["compose.yaml"]


class Compose(Docker):
    """Compose, where it is: every service in one project, whatever is asked; ``asked`` are the words."""

    asked: ClassVar[list[list[str]]] = []

    def __init__(self) -> None:
        """There is no program to look for."""

    def compose(self, project: Sequence[str], *words: str, stdin: str | None = None) -> str:
        self.asked.append([*project, *words])
        services = {"web": {"dns": ["1"]}, "extra": {"profiles": ["a"], "dns": ["1"]}}
        return json.dumps({"services": services})


@pytest.fixture
def asked(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    monkeypatch.setattr(write, "has_compose", lambda: True)
    monkeypatch.setattr(write, "Docker", Compose)
    Compose.asked.clear()
    return Compose.asked


def test_services_of_every_profile_are_put_under(theirs: Path, asked: list[list[str]]) -> None:
    done = CliRunner().invoke(app, ["compose", "overlay", str(theirs)])
    assert "puts web, extra under chaoskit" in done.stdout
    assert len(asked) == 2
    assert all(words[-5:] == ["--profile", "*", "config", "--format", "json"] for words in asked)


def test_the_override_that_compose_would_read_is_read(theirs: Path, asked: list[list[str]]) -> None:
    beside = theirs.with_name("compose.override.yaml")
    beside.write_text("services: {web: {environment: {HTTPS_PROXY: p}}}\n")
    done = CliRunner().invoke(app, ["compose", "overlay", str(theirs)])
    assert f"-f {theirs} -f {beside} -f {theirs.with_name('chaoskit.override.yaml')} up -d" in done.stdout
    assert asked[0][:4] == ["-f", str(theirs), "-f", str(beside)]
    text = theirs.with_name("chaoskit.override.yaml").read_text()
    assert f"  docker compose -f {theirs} -f {beside} up -d\n#   docker rm --force $(docker ps" in text


def test_nothing_of_theirs_is_removed_by_what_is_advised(theirs: Path) -> None:
    done = CliRunner().invoke(app, ["compose", "overlay", str(theirs)])
    text = theirs.with_name("chaoskit.override.yaml").read_text()
    (label,) = set(re.findall(r"chaoskit\.overlay: ([0-9a-f]{12})", text))
    for advice in (done.stdout, text):
        assert not re.search(r"\bdown\b|--volumes|prune|--remove-orphans", advice)
        removing = [line.strip("# ") for line in advice.splitlines() if re.search(r"docker \w* ?rm ", line)]
        assert len(removing) == 3, "our container, network and volume"
        assert all(line.endswith(f"--quiet --filter label=chaoskit.overlay={label})") for line in removing)
    override = yaml.load(text, Loader=_AnyTag)
    labelled = [kind for kind in ("services", "networks", "volumes") if "chaoskit.overlay" in str(override[kind])]
    assert labelled == ["services", "networks", "volumes"]
    assert "chaoskit.overlay" not in str([override["services"][name] for name in ("web", "worker")])


class _AnyTag(yaml.SafeLoader):
    """``!override`` counts as if it were not there."""


_AnyTag.add_multi_constructor("!", lambda loader, _, node: loader.construct_sequence(node))


def test_a_file_named_with_others_or_by_another_name_has_none(tmp_path: Path) -> None:
    for name in ("compose.yaml", "other.yaml", "docker-compose.override.yml"):
        (tmp_path / name).touch()
    both = [tmp_path / "compose.yaml", tmp_path / "other.yaml"]
    assert write.with_override(both) == (both, None)
    assert write.with_override(both[1:]) == (both[1:], None)


def test_without_docker_an_override_beside_is_named_as_unread(theirs: Path) -> None:
    beside = theirs.with_name("docker-compose.override.yml")
    beside.write_text("services: {}\n")
    done = CliRunner().invoke(app, ["compose", "overlay", str(theirs)])
    assert done.exit_code == 0, done.output
    assert f"warning: {beside} is not read" in done.stderr


def test_a_file_that_only_includes_others_needs_compose(theirs: Path, asked: list[list[str]]) -> None:
    theirs.write_text("include: [elsewhere.yaml]\n")
    assert CliRunner().invoke(app, ["compose", "overlay", str(theirs)]).exit_code == 0
    with pytest.MonkeyPatch.context() as gone:
        gone.setattr(write, "has_compose", lambda: False)
        done = CliRunner().invoke(app, ["compose", "overlay", str(theirs), "--force"])
    assert isinstance(done.exception, InputError)
    assert "its services are in files that it includes" in str(done.exception)


def test_a_container_of_ones_own_is_for_attach_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.yaml"
    path.write_text("title: t\nclients: {web: {use: container}}\nduration: 1s\n")
    done = CliRunner().invoke(app, ["run", str(path), "--out", str(tmp_path / "runs")])
    assert isinstance(done.exception, InputError)
    assert "chaoskit attach" in str(done.exception)
    assert not (tmp_path / "runs").exists()
