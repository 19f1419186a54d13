"""A cell of a map played for real: its system as plain data, its parts on loopback sockets, and what a journal testifies."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chaoskit.cascade.live.parts.queued_callers import QueuedCallers
from chaoskit.cascade.live.parts.queued_service import QueuedService
from chaoskit.cascade.live.real_cell import experiment_of, most_tries_per_s, witness_of
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.system.plain import plain_of, system_of
from chaoskit.experiment.loader import resolve_plain
from chaoskit.journal.events import (
    CallFinished,
    CallStarted,
    ClientReady,
    Event,
    LevelMeasured,
    Result,
    RunStarted,
    TimelineArmed,
)
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.units import MILLISECOND, SECOND
from tests.cascade.systems import one_service
from tests.journal.story import Story

CELL = one_service(60, outage_s=0.5, timeout_s=0.1)


def journal(good: int, late: int = 0, mended: float = 1.0) -> Run:
    """A run of 5 s in which 20 calls are made in the last second."""
    spec = experiment_of(CELL, 3.0, plain_of(CELL), 1)
    names = ("service-1", "callers")
    events: list[Event] = [
        RunStarted(at=0, run_id="r", title="", seed=1, source="", experiment=spec, epoch_ns=0, versions={}, replay=""),
        *(ClientReady(at=0, client=name, use="participant", pid=9, versions={}, settings={}) for name in names),
        TimelineArmed(at=0, origin=0, ends=5 * SECOND),
        *(LevelMeasured(at=SECOND, client="service-1", name="share of its capacity", value=v) for v in (0.0, mended)),
    ]
    for number in range(1, 21):
        at = 4 * SECOND + number * 40 * MILLISECOND
        result: Result = "ok" if number <= good else "failed"
        events += [
            CallStarted(at=at, client="callers", call=number, operation="call", due=at, concurrent=True),
            CallFinished(at=at + 1, client="callers", call=number, result=result, errors=()),
        ]
    levels = (("actions", 1000), ("late actions", late))
    events += [LevelMeasured(at=5 * SECOND, client=c, name=name, value=v) for c in names for name, v in levels]
    return Story().add(*events).run()


def test_a_cell_is_an_experiment_that_is_accepted() -> None:
    spec = experiment_of(CELL, 3.0, plain_of(CELL), 1)
    assert list(resolve_plain(spec, "a cell").spec.clients) == ["service-1", "callers"]
    assert most_tries_per_s(CELL) == 120


@pytest.mark.parametrize(("good", "well"), [(20, 1.0), (10, 1.0), (9, 0.0), (0, 0.0)])
def test_half_of_the_last_calls_answered_is_well(good: int, well: float) -> None:
    witness = witness_of(CELL, 3.0, journal(good))
    assert witness.well == well
    assert f"20 calls were made and {good} were answered well" in witness.words


def test_a_busy_machine_or_an_unseen_outage_is_not_heard() -> None:
    busy, unseen = witness_of(CELL, 3.0, journal(20, late=11)), witness_of(CELL, 3.0, journal(20, mended=0.5))
    assert (busy.well, unseen.well) == (None, None)
    assert "the machine was too busy: 11 of 1000 actions of service-1" in busy.words
    assert "no part told that the outage began and ended" in unseen.words


def test_its_parts_answer_calls_over_sockets() -> None:
    system = one_service(200, timeout_s=60, capacity_per_s=500)
    plain = plain_of(system)

    async def play() -> list[CallFinished]:
        answers: asyncio.Queue[CallFinished] = asyncio.Queue()
        origin = time.monotonic_ns()

        def send(event: Event) -> None:
            if isinstance(event, CallFinished):
                answers.put_nowait(event)

        stage = {
            name: Stage(name, "us-east-1", origin=origin, ends=origin + 600 * SECOND, seed=1, send=send)
            for name in ("service-1", "callers")
        }
        tasks = [
            asyncio.ensure_future(QueuedService(service="service", system=plain).play(stage["service-1"])),
            asyncio.ensure_future(QueuedCallers(system=plain).play(stage["callers"])),
        ]
        heard = [await answers.get() for _ in range(20)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return heard

    assert [answer.result for answer in asyncio.run(play())] == ["ok"] * 20
    assert system_of(plain).services == system.services


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cell_is_played_by_processes(tmp_path: Path) -> None:
    """Whether it recovers is luck and load; that the witness says what the journal of two processes says is not."""
    argv = [sys.executable, "-m", "chaoskit", "cascade", "map", "quick-queue", "--size", "4", "--load", "50", "--real"]
    played = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    (path,) = (tmp_path / "runs").glob("*-cascade-cell/journal.jsonl")
    run = Run(read_journal(path))
    assert set(run.clients) == {"service-1", "callers"}
    assert len({ready.pid for ready in run.clients.values()}) == 2
    cell = system_of(run.header.experiment["clients"]["callers"]["settings"]["system"])
    assert cell.load_per_s == 50
    assert run.calls["callers"]
    witness = witness_of(cell, 3.0, run)
    assert witness.words in played.stdout or "not heard: the run is invalid" in played.stdout
