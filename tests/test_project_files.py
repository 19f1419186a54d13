"""What people meet who join the project: the workflows, templates and settings agree with the code."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaoskit import __version__

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = ROOT / ".github" / "workflows"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def workflow(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((WORKFLOWS / name).read_text())
    return read


def commands(name: str) -> str:
    return "\n".join(step.get("run", "") for job in workflow(name)["jobs"].values() for step in job["steps"])


def test_every_python_from_the_oldest_that_is_allowed_is_tried() -> None:
    versions = workflow("ci.yml")["jobs"]["python"]["strategy"]["matrix"]["python"]
    assert PROJECT["requires-python"] == f">={versions[0]}"
    minors = [int(version.removeprefix("3.")) for version in versions]
    assert minors == list(range(11, 15))


def test_systems_that_are_claimed_are_tried() -> None:
    systems = {job["runs-on"].partition("-")[0] for job in workflow("ci.yml")["jobs"].values()}
    claimed = {line.rpartition(" :: ")[2] for line in PROJECT["classifiers"] if line.startswith("Operating System")}
    assert {"Linux": "ubuntu", "MacOS": "macos"}.keys() == claimed
    assert systems == {"ubuntu", "macos"}


@pytest.mark.parametrize("name", ["ci.yml", "release.yml"])
def test_workflows_ask_for_what_there_is(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = {word for line in re.findall(r"^make (.*)$", commands(name), re.MULTILINE) for word in line.split()}
    assert asked
    assert asked <= targets


def test_a_release_is_published_without_a_stored_secret() -> None:
    publish = workflow("release.yml")["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets." not in (WORKFLOWS / "release.yml").read_text()


def release_step(name: str, folder: Path, **environment: str) -> int:
    (script,) = [step["run"] for step in workflow("release.yml")["jobs"]["build"]["steps"] if step.get("name") == name]
    env = {"PATH": "/usr/bin:/bin", **environment}
    return subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=env, capture_output=True).returncode


@pytest.mark.parametrize(("tag", "code"), [(f"v{__version__}", 0), (__version__, 1), (f"v{__version__}.1", 1)])
def test_a_tag_that_is_not_the_version_stops_the_release(tag: str, code: int) -> None:
    assert release_step("The tag is the version", ROOT, GITHUB_REF_NAME=tag) == code


def test_a_released_package_names_the_place_it_was_built_from(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    place = {"GITHUB_SERVER_URL": "https://git.example", "GITHUB_REPOSITORY": "team/chaoskit", "GITHUB_REF_NAME": "v1"}
    assert release_step("The package says where it comes from", tmp_path, **place) == 0
    urls = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]["urls"]
    assert urls["Homepage"] == "https://git.example/team/chaoskit"
    for name, tail in {"Documentation": "docs/README.md", "Changelog": "CHANGELOG.md"}.items():
        assert urls[name] == f"https://git.example/team/chaoskit/blob/v1/{tail}"
        assert (ROOT / tail).exists()


def test_dependabot_looks_where_something_is() -> None:
    files = {
        "github-actions": ".github/workflows/ci.yml",
        "pip": "pyproject.toml",
        "docker": "Dockerfile",
        "gomod": "go.mod",
        "npm": "package.json",
        "maven": "pom.xml",
    }
    for update in yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]:
        for folder in update.get("directories") or [update["directory"]]:
            assert (ROOT / folder.strip("/") / files[update["package-ecosystem"]]).exists(), update


def test_hooks_use_the_tools_of_the_lock() -> None:
    """A hook with a version of its own would disagree with CI some day."""
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    assert all(hook["entry"].startswith(".venv/bin/") for hook in repository["hooks"])


def test_ci_reads_nothing_outside_of_the_repository_in_silence() -> None:
    for path in (ROOT / ".ci").iterdir():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if "../" in line.replace("/..", "") and not line.startswith("#"):
                assert "CHAOSKIT_CI_ENGINE" in line, f"{path.name}:{number}: say what it is for, and do without it"
