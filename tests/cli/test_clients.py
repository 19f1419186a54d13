"""``chaoskit clients``: what it lists, and what it says of a name that it does not know."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


def chaoskit(folder: Path, *words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"XDG_CACHE_HOME": str(folder)} | ({"PATH": path} if path is not None else {})
    command = [sys.executable, "-m", "chaoskit", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


def test_the_list_tells_what_is_built_and_what_a_build_wants(tmp_path: Path) -> None:
    result = chaoskit(tmp_path, "clients", path="/nowhere")
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith("boto3 ")] == [["boto3", "ready"]]
    go = next(number for number, line in enumerate(lines) if line.startswith("go "))
    assert "not built" in lines[go]
    assert "go 1.24 or newer not found (go.dev/dl)" in lines[go + 1]
    assert not any(line.startswith("canary") for line in lines), "nobody can choose it"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["build", "cobol"], "there is no client 'cobol' to build; known: "),
        (["build", "boto3-1.4"], "there is no client 'boto3-1.4' to build"),
        (["go"], "did you mean: chaoskit clients build go?"),
    ],
)
def test_a_wrong_name_is_bad_input(tmp_path: Path, words: list[str], said: str) -> None:
    result = chaoskit(tmp_path, "clients", *words)
    assert result.returncode == 2
    assert said in result.stderr


def test_a_named_client_without_its_tool_is_bad_input(tmp_path: Path) -> None:
    result = chaoskit(tmp_path, "clients", "build", "go", path="/nowhere")
    assert result.returncode == 2
    assert "go cannot be built here: go 1.24 or newer not found" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing_half_done(tmp_path: Path, number: signal.Signals) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "go").write_text(
        "#!/bin/sh\n[ $1 = version ] && echo go version go1.30.0 && exit\ntouch half\nexec sleep 60\n"
    )
    (tools / "go").chmod(0o755)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": f"{tools}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "chaoskit", "clients", "build", "go"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("go: go build")
        process.send_signal(number)
        assert "interrupted: everything was cleaned up" in process.stderr.read()
    assert process.returncode == 128 + number
    assert [path for path in (tmp_path / "cache").rglob("*") if path.name == "half"] == []


def test_an_unbuilt_client_is_refused_with_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "title: x\nduration: 2s\nclients:\n  a: {use: go}\n  b: {use: boto3, version: '1.43'}\n"
    )
    result = chaoskit(tmp_path / "cache", "run", str(tmp_path / "x.yaml"), "--out", str(tmp_path / "runs"))
    assert result.returncode == 2
    assert "boto3-1.43, go are not built; run: chaoskit clients build boto3-1.43 go" in result.stderr
    assert not (tmp_path / "runs").exists()
