"""Complaints of ``docker`` as ours, with a program of the test's own in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.compose.attach import last_words
from chaoskit.compose.engine import Docker, is_json, read_config
from chaoskit.errors import HarnessError


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What ``docker`` says on its standard error before it fails."""
    said = tmp_path / "said"
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\necho \'[{{"Id": "there"}}]\'\ncat {said} >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return said


def test_a_complaint_of_compose_names_command_and_reason(says: Path) -> None:
    says.write_text(
        " Network shop_chaoskit  Creating\ntime=now level=warning msg=orphans\nPool overlaps with another\n"
    )
    with pytest.raises(HarnessError, match=r"^docker compose up: Pool overlaps with another$"):
        Docker().compose(["--project-name", "shop", "--profile", "*"], "up", "--detach")


def test_a_complaint_that_is_nothing_but_progress_is_told_whole(says: Path) -> None:
    says.write_text(" Network shop_chaoskit  Creating\n Network shop_chaoskit  Error\n")
    with pytest.raises(HarnessError, match=r"Creating\n Network shop_chaoskit  Error$"):
        Docker().compose([], "up")


def test_of_other_commands_the_last_line_counts(says: Path) -> None:
    says.write_text("much\n  no such image\n")
    with pytest.raises(HarnessError, match=r"^docker image inspect: no such image$"):
        Docker().run("image", "inspect", "x")


def test_what_has_gone_since_it_was_listed_is_left_out(says: Path) -> None:
    says.write_text(
        "Error response from daemon: No such container: gone\nError response from daemon: network x not found\n"
    )
    assert Docker().present("there", "gone") == [{"Id": "there"}]
    with pytest.raises(HarnessError, match="not found"):
        Docker().inspect("there", "gone")
    says.write_text("Error response from daemon: No such container: gone\ndial unix docker.sock: connection refused\n")
    with pytest.raises(HarnessError, match="connection refused"):
        Docker().present("there", "gone")


def test_the_last_words_of_a_container_are_its_standard_error(says: Path) -> None:
    says.write_text("Traceback\nchaoskit: cannot add 172.31.253.10\n")
    assert last_words(Docker(), "x") == "chaoskit: cannot add 172.31.253.10"


def test_a_project_that_is_no_json_to_compose_is_read_as_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker"
    program.write_text(
        '#!/bin/sh\ncase "$*" in *json*) echo "json: error calling MarshalJSON for type types.SSHKey" >&2; exit 1;; esac\n'
        "echo 'name: shop'; echo 'services: {web: {build: {ssh: [\"k: /key\"]}}}'\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    text = Docker().config(["-f", "compose.yaml"])
    assert not is_json(text)
    assert read_config(text) == {"name": "shop", "services": {"web": {"build": {"ssh": ["k: /key"]}}}}


def test_a_project_that_is_wrong_is_no_less_so_in_yaml(says: Path) -> None:
    says.write_text("services.web.image must be a string\n")
    with pytest.raises(HarnessError, match=r"^docker compose config: services\.web\.image must be a string$"):
        Docker().config([])
