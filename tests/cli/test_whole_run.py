"""Whole runs with real processes: what they prove, and that nothing is left however they end."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaoskit.clients.start import recipe_called
from chaoskit.engine.folders import _reserve
from chaoskit.engine.preflight import unbuilt
from chaoskit.experiment.loader import load
from chaoskit.experiment.shipped import Shipped, index
from chaoskit.journal.events import HarnessFailed, ProcessEnded, RunEnded
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from tests.processes import all_ended, close, descendants, watch

SHORT = """\
title: a short blank
duration: 4s
clients:
  cold: {use: boto3, connection: cold, every: 200ms}
  warm: {use: boto3, connection: warm, every: 200ms}
timeline:
  - {id: blank, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 1s, for: 2s}}
expect:
  - success_rate: {phase: baseline, at_least: 1.0}
  - success_rate: {client: cold, phase: fault, at_most: 0.5} # a call that retries past the blank may be saved
  - success_rate: {client: warm, phase: fault, at_least: 1.0, unaffected: true}
  - recovers_within: {client: cold, within: 1s}
  - recovers_within: {client: warm, within: 1s, unaffected: true}
"""


def namespaces_work() -> str | None:
    """None if they do, else the reason."""
    import asyncio

    from chaoskit.sandbox.namespace import probe

    with tempfile.TemporaryDirectory() as folder:
        works, _, reason = asyncio.run(probe(Path(folder)))
    return None if works else reason


@pytest.fixture(params=["namespace", pytest.param("inline", marks=pytest.mark.slow)])
def sandbox(request: pytest.FixtureRequest) -> str:
    if request.param == "namespace" and (reason := namespaces_work()):
        pytest.skip(reason)
    return str(request.param)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "x.yaml").write_text(SHORT)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def command(place: Path, sandbox: str, *more: str) -> list[str]:
    base = [sys.executable, "-m", "chaoskit", "run", str(place / "x.yaml"), "--out", str(place / "runs")]
    return [*base, "--sandbox", sandbox, *more]


def environment(place: Path) -> dict[str, str]:
    return os.environ | {
        "TMPDIR": str(place / "tmp"),
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }


def journal_of(place: Path) -> Path:
    (found,) = (place / "runs").glob("*/journal.jsonl")
    return found


def test_a_run_proves_what_it_says(place: Path, sandbox: str) -> None:
    result = subprocess.run(command(place, sandbox), env=environment(place), capture_output=True, text=True, timeout=60)
    if "too busy to blame anyone" in result.stdout.replace("\n", " "):
        pytest.skip("nothing can be judged on a machine that is so busy")
    assert result.returncode == 0, result.stdout + result.stderr
    folder = journal_of(place).parent
    assert {path.name for path in folder.iterdir()} == {"journal.jsonl", "summary.json", "report.html"}
    assert not list((place / "tmp").iterdir()), "the temporary folder is gone"
    run = Run(read_journal(folder / "journal.jsonl"))
    assert run.met("blank"), "the fault met lookups"
    cold = run.calls_in("cold", "fault")
    assert all(call.lookups >= len(call.attempts) for call in cold if call.result == "failed" and call.attempts)
    assert {link.errno for call in cold for link in call.errors if link.errno} == {-5}, "EAI_NODATA"
    assert all(call.pooled for call in run.calls_in("warm", "fault"))
    assert "AKIAREAL" not in (folder / "journal.jsonl").read_text()
    # Judging the stored journal again gives the same verdict.
    again = subprocess.run(
        [sys.executable, "-m", "chaoskit", "check", str(folder)], capture_output=True, text=True, timeout=30
    )
    assert again.returncode == 0, again.stdout + again.stderr
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["outcome"]["word"] == "passed"


@contextmanager
def started(place: Path, sandbox: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A run whose clients are calling; yields it with a pidfd of every process of it, the parent's excepted."""
    with subprocess.Popen(
        command(place, sandbox, "--plain"),
        env=environment(place),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        watched: list[int] = []
        try:
            wait_for_calls(place)
            watched = watch(process.pid)
            assert len(watched) >= 6, "dns, aws, network, its proxy, and the clients"
            yield process, watched
        finally:
            process.kill()
            close(watched)


def wait_for_calls(place: Path) -> None:
    """Follow the journal that is being written until a call of the client ``cold`` has ended well."""
    import time

    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for journal in (place / "runs").glob(".*/journal.jsonl"):
            lines = journal.read_text().splitlines()
            if any(
                '"call_finished"' in line and '"client":"cold"' in line and '"result":"ok"' in line for line in lines
            ):
                return
        select.select([], [], [], 0.02)
    pytest.fail("no call within 30 s")


def test_an_aborted_run_keeps_what_it_has_shown(place: Path, sandbox: str) -> None:
    with started(place, sandbox) as (process, watched):
        process.send_signal(signal.SIGUSR1)
        said, _ = process.communicate(timeout=30)
        assert process.returncode == 4, said
        assert all_ended(watched)
    assert "SIGUSR1 asked for it" in " ".join(said.split())
    folder = journal_of(place).parent
    run = Run(read_journal(folder / "journal.jsonl"))
    assert run.armed is not None
    assert run.entries[-1].event.at < run.armed.ends, "before its time"
    assert any(call.result == "ok" for call in run.calls["cold"])
    assert {path.name for path in folder.iterdir()} == {"journal.jsonl", "summary.json", "report.html"}
    assert not list((place / "tmp").iterdir()), "the temporary folder is gone"


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for processes that are not ours needs Linux's pidfd")
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_whatever_ends_it_nothing_is_left(place: Path, sandbox: str, number: signal.Signals) -> None:
    with started(place, sandbox) as (process, watched):
        made = {network_namespace(pid) for pid in descendants(process.pid)} - {network_namespace(os.getpid()), None}
        assert bool(made) == (sandbox == "namespace")
        pinned = pin_namespaces(descendants(process.pid))
        process.send_signal(number)
        output, _ = process.communicate(timeout=15)
        assert all_ended(watched), "a process outlived the run by 10 s"
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 128 + number, output
        assert "cleaned up" in output
        assert "what was measured is in" in output
    (folder,) = (place / "runs").iterdir()
    assert [path.name for path in folder.iterdir()] == ["journal.jsonl"], "what was measured, and no half-done results"
    assert not list((place / "tmp").iterdir()), "no temporary file"
    judged = subprocess.run([sys.executable, "-m", "chaoskit", "check", str(folder)], capture_output=True, text=True)
    assert (judged.returncode, "interrupted" in judged.stdout) == (4, True), judged.stdout
    still_there = {network_namespace(int(folder.name)) for folder in Path("/proc").glob("[0-9]*")}
    assert not made & still_there, "no namespace"
    for descriptor in pinned:
        os.close(descriptor)


def pin_namespaces(pids: Iterable[int]) -> list[int]:
    """Descriptors that hold the network namespaces of these processes, so that the kernel gives their numbers to no other meanwhile."""
    pinned = []
    for pid in pids:
        with contextlib.suppress(OSError):  # it has gone
            pinned.append(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY))
    return pinned


def network_namespace(pid: int) -> str | None:
    """The network namespace that a process is in; None when it has gone or is not ours to look at."""
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        return None


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("shipped", [entry for entry in index() if entry.ci], ids=lambda shipped: shipped.name)
def test_shipped_experiments_end_as_their_index_says(shipped: Shipped, tmp_path: Path) -> None:
    if names := unbuilt(load(shipped.path)):
        pytest.skip(f"needs: chaoskit clients build {' '.join(names)}")
    if shipped.needs and ((recipe := recipe_called(shipped.needs)) is None or recipe.built() is None):
        pytest.skip(f"{shipped.needs} is not built: chaoskit clients build {shipped.needs}")
    folder, output = run_shipped(shipped, tmp_path)
    summary = json.loads((folder / "summary.json").read_text())
    if summary["outcome"]["word"] == "invalid" and came_to_its_end(Run(read_journal(folder / "journal.jsonl"))):
        (because,) = [v["because"] for v in summary["verdicts"] if v["expectation"] == "harness"]
        pytest.skip(f"nothing can be judged on this machine: {because}")
    assert summary["outcome"]["word"] == shipped.outcome, output


def came_to_its_end(run: Run) -> bool:
    """Whether no part failed or died: if such a run is invalid all the same, the machine held up a part or a client of it."""
    failed = run.of(HarnessFailed) or any(not event.expected for _, event in run.of(ProcessEnded))
    return not failed and [event.reason for _, event in run.of(RunEnded)] == ["finished"]


def run_shipped(shipped: Shipped, out: Path) -> tuple[Path, str]:
    """Run it, see that ``check`` says the same of the stored journal, and return the run's folder and output."""
    base = [sys.executable, "-m", "chaoskit", "run", shipped.name, "--out", str(out), "--plain"]
    scale = ["--time-scale", str(shipped.time_scale)] if shipped.time_scale != 1.0 else []
    result = subprocess.run(base + scale, capture_output=True, text=True, timeout=110)
    (folder,) = out.iterdir()
    again = subprocess.run([sys.executable, "-m", "chaoskit", "check", str(folder)], capture_output=True, timeout=60)
    assert again.returncode == result.returncode
    return folder, result.stdout + result.stderr


def test_two_runs_begun_at_once_do_not_meet(tmp_path: Path) -> None:
    folders = {_reserve(tmp_path, "20251020-234800-x") for _ in range(3)}
    assert {folder.name for folder in folders} == {"20251020-234800-x", "20251020-234800-x-2", "20251020-234800-x-3"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--sandbox", "moon"], "choose one of auto, namespace, "),
        (["--toxiproxy", "/nowhere/toxiproxy-server"], "there is no such program"),
        (["--toxiproxy", "http://127.0.0.1:8474"], "outside of the namespace sandbox"),
        (["--time-scale", "0.5"], "allows a time scale from 1"),
        (["--time-scale", "nan"], "--time-scale nan: write a number"),
        (["--out", "/proc/nothing"], "choose another folder with --out"),
    ],
)
def test_bad_input_ends_with_2_and_leaves_nothing(place: Path, more: list[str], said: str) -> None:
    command_line = [sys.executable, "-m", "chaoskit", "run", str(place / "x.yaml"), "--out", str(place / "runs"), *more]
    result = subprocess.run(command_line, env=environment(place), capture_output=True, text=True, timeout=30)
    assert (result.returncode, result.stdout) == (2, "")
    assert said in result.stderr
    assert not (place / "runs").exists()
    assert not list((place / "tmp").iterdir())


def test_help_costs_little() -> None:
    """Under 0.3 s of CPU is promised; the test allows a slow machine twice that."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "chaoskit", "--help"], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.6
