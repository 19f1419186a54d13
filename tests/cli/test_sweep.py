"""``chaoskit sweep`` as a command: on this machine, interrupted, and on a Dask cluster that loses a worker."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import typer

from chaoskit.cli.sweep import sweep
from chaoskit.errors import InputError
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.search.points import FinishedRun, RunRequest
from tests.processes import all_ended, close, watch
from tests.search.fakes import store_run

EXPERIMENT = """\
title: a short blank
duration: 3s
clients: {app: {use: boto3, connection: cold, every: 200ms}}
timeline:
  - {id: blank, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 1s, for: 500ms}}
expect:
  - success_rate: {client: app, phase: recovery, at_least: 1.0}
"""
WORDS = [
    "sweep",
    "x.yaml",
    "--set",
    "timeline.blank.when.for=400ms,800ms",
    "--set",
    "clients.app.retry_mode=standard,null",
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "x.yaml").write_text(EXPERIMENT)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def start(place: Path, *words: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    environment = os.environ | {"TMPDIR": str(place / "tmp"), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, *words], env=environment, cwd=place, text=True, stdout=stdout, stderr=subprocess.STDOUT
    )


def chaoskit(place: Path, *words: str) -> tuple[int, str]:
    with start(place, "-m", "chaoskit", *words) as process:
        output, _ = process.communicate(timeout=200)
    return process.returncode, output


def rows(place: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((place / "out" / "table.json").read_text())
    return found


@pytest.mark.parametrize(
    ("settings", "more", "said"),
    [
        (["client.app.every=1s"], {}, "client: there is no such field. Did you mean 'clients'?"),
        (["clients.app.every=often"], {}, "x.yaml:3: clients.app.every"),
        (["clients.app.every=1s..2s"], {}, "or add --sample N"),
        (["seed=1,2"], {}, "field 'seed': a search gives each of its runs a seed"),
        (["timeline.blank.when.for=1s", "timeline.0.when.for=2s"], {}, "set one field twice (timeline[0].when.for)"),
        ([], {}, "say what to vary with --set"),
        (["clients.app.every=1s"], {"jobs": 0}, "--jobs must be at least 1"),
        (["clients.app.every=1s"], {"repeats": 0}, "--repeats must be at least 1"),
        (["clients.app.every=1s"], {"sandbox": "moon"}, "choose one of auto"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(
    place: Path, settings: list[str], more: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        sweep_fields(place, settings, **more)
    assert said in str(caught.value)
    assert sorted(path.name for path in place.iterdir()) == ["tmp", "x.yaml"]


def sweep_fields(place: Path, settings: list[str], **more: Any) -> int:
    """The command as it is called with these arguments; its exit code."""
    with pytest.raises(typer.Exit) as end:
        sweep(str(place / "x.yaml"), settings, **{"out": place / "out"} | more)
    return end.value.exit_code


@pytest.mark.parametrize(("outcome", "code"), [("passed", 0), ("failed", 0), ("not exercised", 0), ("invalid", 4)])
def test_the_code_says_whether_every_run_said_something(
    place: Path, monkeypatch: pytest.MonkeyPatch, outcome: str, code: int
) -> None:
    async def make(order: RunRequest, path: Path, folder: Path) -> FinishedRun:
        return store_run(folder, outcome)

    monkeypatch.setattr("chaoskit.cli.sweep.make_here", make)
    assert sweep_fields(place, ["clients.app.every=1s,2s"]) == code
    assert [row["outcome"] for row in rows(place)] == [outcome] * 2


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_whatever_ends_it_no_process_is_left_and_it_goes_on(place: Path, number: signal.Signals) -> None:
    with start(place, "-m", "chaoskit", *WORDS, "--out", "out") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("00001-1"):
                break
        else:
            pytest.fail("the first run never ended")
        watched = wait_for_run(process.pid)
        process.send_signal(number)
        rest = process.communicate(timeout=60)[0]
        assert all_ended(watched, 20), "a process outlived the sweep"
    close(watched)
    if number == signal.SIGINT:
        assert process.returncode == 130, rest
        assert "go on with the same command and --out out" in rest
    assert not list((place / "tmp").iterdir())
    assert not list((place / "out" / "runs").glob(".*"))
    before = {path.name: path.stat().st_mtime_ns for path in (place / "out" / "runs").iterdir()}
    assert "00001-1" in before
    code, output = chaoskit(place, *WORDS, "--out", "out")
    assert code == 0, output
    assert f"4 runs; {len(before)} are there already" in output
    after = {path.name: path.stat().st_mtime_ns for path in (place / "out" / "runs").iterdir()}
    assert sorted(after) == [f"0000{number}-1" for number in (1, 2, 3, 4)]
    assert {name: after[name] for name in before} == before, "what was done was not run again"
    check_table(place)


def check_table(place: Path) -> None:
    """The table's figures are those of the journals that were kept."""
    found = rows(place)
    assert [row["outcome"] for row in found] == ["passed"] * 4
    for row in found:
        run = Run(read_journal(place / "out" / "runs" / str(row["run"]) / "journal.jsonl"))
        assert row["app.calls_all"] == len(run.calls["app"])
        (start, end), *_ = run.fault_spans
        assert row["timeline.blank.when.for [s]"] == (end - start) / 1e9
        assert run.header.experiment["clients"]["app"].get("retry_mode") == row["clients.app.retry_mode"]


@pytest.fixture
def cluster(place: Path) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """A scheduler and two workers of one thread each, processes of their own, without a nanny that would restart them."""
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'chaoskit[dask]'")
    with ExitStack() as stack:
        log = stack.enter_context((place / "dask.log").open("w"))

        def begin(*words: str) -> subprocess.Popen[str]:
            process = stack.enter_context(start(place, "-m", *words, stdout=log.fileno()))
            stack.callback(process.kill)
            return process

        address = f"tcp://127.0.0.1:{free_port()}"
        begin("distributed.cli.dask_scheduler", "--host", address, "--no-dashboard", "--no-show")
        common = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "60", "--local-directory"]
        workers = [
            begin("distributed.cli.dask_worker", address, *common, str(place / f"worker{number}")) for number in (1, 2)
        ]
        wait_for_workers(address, 2)
        yield address, workers


def free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for_workers(address: str, count: int) -> None:
    with pytest.importorskip("distributed").Client(address, timeout=60) as client:
        client.wait_for_workers(count, timeout=60)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("default")
def test_a_lost_workers_points_are_run_again(place: Path, cluster: tuple[str, list[subprocess.Popen[str]]]) -> None:
    address, workers = cluster
    with start(place, "-m", "chaoskit", *WORDS, "--out", "out", "--dask", address) as process:
        lost = wait_for_run(workers[0].pid)
        workers[0].kill()
        workers[0].wait()
        assert all_ended(lost, 20), "the lost worker's run did not end"
        output, _ = process.communicate(timeout=200)
    close(lost)
    assert process.returncode == 0, output + (place / "dask.log").read_text()
    assert "on 2 threads of" in output
    assert sorted(path.name for path in (place / "out" / "runs").iterdir()) == [f"0000{n}-1" for n in (1, 2, 3, 4)]
    check_table(place)


def wait_for_run(worker: int) -> list[int]:
    """Pidfds of a run that the worker has under way, once its clients are there."""
    import time

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = watch(worker)
        if len(found) >= 6:
            return found
        close(found)
        select.select([], [], [], 0.05)
    pytest.fail("the worker never began a run")


@pytest.mark.slow
def test_a_scheduler_that_is_not_there_is_bad_input(place: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed: pip install 'chaoskit[dask]'")
    code, output = chaoskit(place, *WORDS, "--dask", f"tcp://127.0.0.1:{free_port()}")
    assert code == 2, output
    assert "no scheduler answers there; start one with: dask scheduler" in output
    assert not (place / "runs").exists()


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("default")
def test_a_cascade_map_of_a_cluster_is_the_one_made_here(
    place: Path, cluster: tuple[str, list[subprocess.Popen[str]]]
) -> None:
    address, _ = cluster
    words = ("cascade", "map", "small-queue", "--size", "20")
    code, there = chaoskit(place, *words, "--dask", address)
    assert code == 0, there + (place / "dask.log").read_text()
    heading, _, drawn = there.partition("\n")
    assert heading == f"400 cells on 2 threads of {address}"
    assert chaoskit(place, *words) == (0, drawn)
