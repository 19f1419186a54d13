"""What no part of a run can do is bad input, before anything starts: file, line, field and the way out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaoskit.engine.preflight import check
from chaoskit.errors import InputError
from chaoskit.experiment.loader import Experiment, load
from chaoskit.experiment.plans import client_plan

TEXT = """\
title: t
clients:
  app: {use: command, argv: [PROGRAM, x], every: 1s}
timeline: [{dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 1s, for: 1s}}]
"""


def experiment(folder: Path, program: str) -> Experiment:
    (folder / "x.yaml").write_text(TEXT.replace("PROGRAM", program))
    return load(folder / "x.yaml")


def test_a_program_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"x\.yaml:3: clients\.app\.argv: there is no program './nope'\. Give its path"
    ):
        check(experiment(tmp_path, "./nope"), "auto")


def test_a_path_is_taken_from_the_file_s_folder(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)
    loaded = experiment(tmp_path, "./tool")
    check(loaded, "auto")
    plan = client_plan("app", loaded.spec.clients["app"], "us-east-1", loaded.source)
    assert plan["argv"] == [str(tmp_path / "tool"), "x"]


def test_a_program_of_one_s_own_is_not_for_the_inline_sandbox(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"x\.yaml:3: clients\.app\.use: the inline sandbox hooks .* Use --sandbox namespace"
    ):
        check(experiment(tmp_path, "sh"), "inline")


def test_a_named_pipe_is_no_experiment(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(InputError, match="is a named pipe, which may never be written to"):
        load(tmp_path / "x.yaml")


def test_a_sandbox_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose one of auto, namespace"):
        check(experiment(tmp_path, "sh"), "nowhere")


PROBES = """\
title: t
services: {api: {host: api.example.internal, port: 80, backend: static}}
clients: {app: {use: aiohttp, url: http://api.example.internal/}}
"""


def probes(folder: Path, monkeypatch: pytest.MonkeyPatch, *, installed: bool) -> Experiment:
    (folder / "e.yaml").write_text(PROBES)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name if installed or name == "aiohttp" else None)
    return load(folder / "e.yaml")


def test_a_probe_s_library_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"e.yaml:3: .*needs the package aiodns.*pip install 'chaoskit\[aiohttp\]'"):
        check(probes(tmp_path, monkeypatch, installed=False), "namespace")


def test_a_resolver_of_a_probe_s_own_is_not_for_inline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"e.yaml:3: .*c-ares asks name servers past it. Use --sandbox namespace"):
        check(probes(tmp_path, monkeypatch, installed=True), "inline")
