"""``chaoskit serve`` with what docs/install.md says that it needs, and what is said of a package that is not there."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.cli.serving import command, serving

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MODULES = {"toxiproxy-python": "toxiproxy", "flask-cors": "flask_cors"}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", requirement)[0] for requirement in requirements}


def needed_by_serve() -> set[str]:
    (line,) = re.findall(r"^\$ pip install (dnslib .*)$", (ROOT / "docs" / "install.md").read_text(), re.MULTILINE)
    return set(line.split())


@pytest.fixture
def without_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In processes started from here, no import of a declared package succeeds but of those that ``serve`` needs."""
    extras = PROJECT["optional-dependencies"]
    absent = names([*PROJECT["dependencies"], *extras["aws"], *extras["docker"]]) | {"botocore"}
    modules = [MODULES.get(name, name) for name in sorted(absent - needed_by_serve())]
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({modules!r}))\n")
    monkeypatch.setenv("PYTHONPATH", str(site))


@pytest.mark.usefixtures("without_the_rest")
def test_serve_needs_no_mock_aws_and_no_docker(tmp_path: Path) -> None:
    with serving(tmp_path, "--log", str(tmp_path / "queries.log")) as served:
        assert served.look().addresses == ("192.0.2.1",)
        assert served.run("inject", "empty", "api.example.com", "--for", "5m").returncode == 0
        assert served.look().addresses == ()
        assert served.run("halt").returncode == 0
        assert "met i1" in served.run("queries", str(tmp_path / "queries.log")).stdout


@pytest.mark.usefixtures("without_the_rest")
@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (["docker", "clean"], "pip install 'chaoskit[docker]'"),
        (["run", "first/ten-seconds"], "pip install 'chaoskit[aws]'"),
        (["cascade", "day"], "pip install numpy"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_missing_package_is_told_with_its_cure(words: list[str], cure: str, tmp_path: Path) -> None:
    result = subprocess.run(command(*words), capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert result.returncode != 0
    assert cure in result.stderr
    assert "Traceback" not in result.stderr


def test_the_extra_for_the_mock_aws_is_in_a_plain_install() -> None:
    assert set(PROJECT["optional-dependencies"]["aws"]) <= set(PROJECT["dependencies"]), "the two lists state one thing"
    assert needed_by_serve() <= names(PROJECT["dependencies"])
