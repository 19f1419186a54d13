"""Process faults in whole runs: the process is really stopped, killed and started anew, and the calls tell it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.journal.events import ClientReady, InjectionApplied, ProcessEnded
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.units import SECOND
from tests.cli.test_whole_run import journal_of, namespaces_work

EXPERIMENT = """\
title: process faults
duration: 9s
clients:
  frozen: {use: boto3, connection: warm, every: 200ms}
  reborn: {use: boto3, connection: warm, every: 200ms}
  dead: {use: boto3, connection: warm, every: 200ms}
timeline:
  - {id: freeze, process: pause, where: frozen, when: {from: 2.1s, for: 2s}}
  - {id: again, process: restart, where: reborn, when: {from: 2.1s, for: 1s}}
  - {id: over, process: kill, where: dead, when: {from: 2.1s, for: 2s}}
expect:
  - success_rate: {client: frozen, at_least: 1.0}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "sandbox",
    ["namespace", "inline", pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.xdist_group("runs")])],
)
def test_processes_are_paused_killed_and_started_anew(tmp_path: Path, sandbox: str) -> None:
    if sandbox == "namespace" and (reason := namespaces_work()):
        pytest.skip(reason)
    if sandbox == "docker":
        from chaoskit.errors import SandboxError
        from chaoskit.sandbox.docker import connect

        try:
            engine = connect()
            if engine.needs_build():
                engine.build(lambda line: None)
        except SandboxError as error:
            pytest.skip(str(error))
    (tmp_path / "x.yaml").write_text(EXPERIMENT)
    command = [sys.executable, "-m", "chaoskit", "run", str(tmp_path / "x.yaml"), "--sandbox", sandbox]
    result = subprocess.run(
        [*command, "--out", str(tmp_path / "runs")], env=os.environ, capture_output=True, text=True, timeout=180
    )
    assert result.returncode == 0, result.stdout + result.stderr
    run = Run(read_journal(journal_of(tmp_path)))
    # Of the planes that act, the journal tells when they had acted: from then to the window's end nothing may move.
    applied = {event.injection: event.at for _, event in run.of(InjectionApplied)}
    (freeze,) = (one for one in run.injections if one.injection == "freeze")
    begun = applied["freeze"] + SECOND // 10  # a signal is delivered when the kernel comes to it
    still = [call for call in run.calls["frozen"] if begun <= call.started < freeze.spans[0][1]]
    assert not still
    assert any(call.started >= freeze.spans[0][1] for call in run.calls["frozen"]), "it went on"
    assert not [call for call in run.calls["dead"] if call.started > applied["over"] + SECOND]
    reborn = run.calls["reborn"]
    assert len([event for _, event in run.of(ClientReady) if event.client == "reborn"]) == 2
    assert [call.number for call in reborn] == list(range(1, len(reborn) + 1)), "its calls are counted on"
    assert any(call.started > applied["again"] + SECOND and call.result == "ok" for call in reborn)
    killed = {event.process for _, event in run.of(ProcessEnded) if event.exit_code in (-9, 137)}
    assert killed == {"reborn", "dead"}
