"""Reading somebody's compose file: every form that Compose allows, and clear words for what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.compose.project import read_file
from chaoskit.errors import ExperimentError, InputError
from tests.compose.projects import project


def test_lists_and_mappings_mean_the_same() -> None:
    lists = project(
        web={"environment": ["A=1", "B=", "C"], "networks": ["back"], "dns": "10.0.0.1", "extra_hosts": ["h:1.2.3.4"]}
    )
    maps = project(
        web={
            "environment": {"A": 1, "B": "", "C": None},
            "networks": {"back": None},
            "dns": ["10.0.0.1"],
            "extra_hosts": {"h": "1.2.3.4"},
        }
    )
    assert lists.services["web"] == maps.services["web"]
    assert lists.services["web"].environment == {"A", "B", "C"}
    assert lists.services["web"].unset == {"B"}


def test_a_service_without_networks_is_in_the_default_one() -> None:
    assert project(web=None).services["web"].networks == {"default": ("web",)}


def test_docker_answers_service_container_host_and_alias() -> None:
    found = project(
        web={"container_name": "shop-web", "hostname": "w1", "networks": {"back": {"aliases": ["db.internal"]}}}
    )
    assert found.services["web"].networks == {"back": ("web", "shop-web", "w1", "db.internal")}


@pytest.mark.parametrize("mode", ["host", "none", "service:db", "container:x", "bridge", "default"])
def test_a_network_that_cannot_be_left_is_seen(mode: str) -> None:
    assert project(web={"network_mode": mode}).services["web"].fixed_network


def test_anchors_merges_and_composes_own_tags_are_read(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(
        "x-base: &base\n  environment: {A: '1'}\nservices:\n  web:\n    <<: *base\n    dns: !override [10.0.0.1]\n    ports: !reset null\n"
    )
    web = read_file(path).services["web"]
    assert web.environment == {"A"}
    assert web.dns == ("10.0.0.1",)


def test_bad_yaml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text("services:\n  web: [\n")
    with pytest.raises(ExperimentError, match=r"compose.yaml:3: not valid YAML"):
        read_file(path)


@pytest.mark.parametrize("text", ["", "a: 1\n", "services: []\n", "services: {web: 1}\n"])
def test_what_is_no_compose_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match="compose file"):
        read_file(path)


def test_values_of_variables_are_not_kept() -> None:
    assert "real-secret" not in repr(project(web={"environment": {"AWS_SECRET_ACCESS_KEY": "real-secret"}}))
