"""Where there are no namespaces: what is said, and the container that has them."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.errors import SandboxError
from chaoskit.sandbox.namespace import NamespaceSandbox

ROOT = Path(__file__).resolve().parents[2]


def test_without_namespaces_the_error_names_a_way_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxError, match="docker/linux, in a clone") as caught:
        asyncio.run(NamespaceSandbox(tmp_path, [], []).open(["app"]))
    assert "util-linux" not in str(caught.value), "nobody can install that there"
    assert (ROOT / "docker" / "linux").exists()


def test_the_container_that_has_them_is_one_command(tmp_path: Path) -> None:
    words = ["survey", "--quick", "--", "python3", "my job.py", "it's", ""]
    script = ROOT / "docker" / "linux"
    result = subprocess.run(
        [script, "--dry-run", *words],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "CHAOSKIT_BASE": "my-app:latest"},
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")
    build, run = (shlex.split(line) for line in result.stdout.splitlines())
    assert build[:2] == ["docker", "build"]
    assert build[-3:] == ["--file", str(ROOT / "docker" / "Dockerfile"), str(ROOT)]
    assert "BASE=my-app:latest" in build
    assert run[:3] == ["docker", "run", "--rm"]
    assert run[-len(words) - 1 :] == ["chaoskit:linux", *words], "each word as it was given"
    assert f"{tmp_path}:/here" in run
    assert run[run.index("--network") + 1] == "none"
    assert not {"--privileged", "--cap-add"} & set(run)
