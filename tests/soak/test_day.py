"""A scaled day of flapping faults under load: memory stays flat, the verdict is right, and hours in which a plane dies are invalid.

``CHAOSKIT_DAY_S`` is how long the day is, ``CHAOSKIT_HOURS`` how many hours lose a plane, ``CHAOSKIT_SOAK_SEED`` which.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaoskit.journal.events import (
    CallFinished,
    CallStarted,
    CanaryChecked,
    InjectionApplied,
    InjectionLifted,
    InjectionPlanned,
    PlaneStalled,
    TimelineArmed,
)
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.units import SECOND
from chaoskit.verdict import Outcome
from tests.cli.test_whole_run import namespaces_work
from tests.soak.day import experiment, planes_of
from tests.soak.kills import end, is_armed, left_over
from tests.soak.memory import MOST_GROWTH, resident_kb

DAY_S = float(os.environ.get("CHAOSKIT_DAY_S", "20"))
HOURS = int(os.environ.get("CHAOSKIT_HOURS", "3"))
HOUR_S = 10.0
SEED = int(os.environ.get("CHAOSKIT_SOAK_SEED", "20251020"))
READY_WITHIN_S = 120.0
ENDED_WITHIN_S = 120.0
AT_ONCE = 3

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300 + int(DAY_S) + 60 * HOURS),
    pytest.mark.skipif(
        not hasattr(os, "pidfd_open"), reason="waiting for processes that are not ours needs Linux's pidfd"
    ),
]


@contextmanager
def running(place: Path, length_s: float, seed: int) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A run of the day in the empty folder ``place``, from when its timeline is armed; and its pidfd."""
    for name in ("tmp", "work", "runs"):
        (place / name).mkdir(parents=True)
    (place / "day.yaml").write_text(experiment(length_s, seed))
    sandbox = "inline" if namespaces_work() else "namespace"
    words = ["run", str(place / "day.yaml"), "--plain", "--sandbox", sandbox, "--out", str(place / "runs")]
    environment = os.environ | {"TMPDIR": str(place / "tmp"), "CHAOSKIT_SOAK": str(place)}
    output = place / "output.txt"
    with output.open("w") as file, subprocess.Popen(
        [sys.executable, "-m", "chaoskit", *words], env=environment, cwd=place / "work", start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        pidfd = os.pidfd_open(process.pid)
        try:
            until_armed(place / "runs", pidfd, output)
            yield process, pidfd
        finally:
            os.close(pidfd)
            process.kill()


def until_armed(runs: Path, pidfd: int, output: Path) -> None:
    """Wait until the run's clock goes; ``output`` is what the command prints."""
    deadline = time.monotonic() + READY_WITHIN_S
    while not any(map(is_armed, runs.glob(".*/journal.jsonl"))):
        assert not select.select([pidfd], [], [], 0.05)[0], output.read_text()
        assert time.monotonic() < deadline, "the run does not begin"


def concluded(place: Path, pidfd: int, within_s: float) -> tuple[str, Run]:
    """The outcome of the run and its journal, when it has ended and left nothing."""
    assert select.select([pidfd], [], [], within_s)[0], "the run does not end"
    assert left_over("run", place) == ()
    (folder,) = (place / "runs").iterdir()
    return json.loads((folder / "summary.json").read_text())["outcome"]["word"], Run(
        read_journal(folder / "journal.jsonl")
    )


def hindrances(run: Run) -> list[str]:
    """What the machine was too busy to do as planned: if there is something, no verdict but *invalid* is right."""
    switches: list[InjectionApplied | InjectionLifted] = [event for _, event in run.of(InjectionApplied)]
    switches += [event for _, event in run.of(InjectionLifted)]
    bounds = {
        "a fault was switched more than 1 s late": any(event.at - event.due > SECOND for event in switches),
        "a call began more than 2 s late": any(call.at - call.due > 2 * SECOND for _, call in run.of(CallStarted)),
        "a plane stood still": bool(run.of(PlaneStalled)),
        "the canary was not answered": not all(check.ok for _, check in run.of(CanaryChecked)),
    }
    return [bound for bound, is_missed in bounds.items() if is_missed]


def test_memory_is_flat_and_the_verdict_right(tmp_path: Path) -> None:
    with running(tmp_path / "day", DAY_S, SEED) as (process, pidfd):
        planes = planes_of(process.pid)
        assert sorted(planes) == ["aws", "dns", "network", "network.embedded"]
        assert not select.select([pidfd], [], [], DAY_S / 2)[0]
        before = {name: resident_kb(pid) for name, pid in planes.items()}
        assert not select.select([pidfd], [], [], DAY_S / 2 - 2)[0]
        after = {name: resident_kb(pid) for name, pid in planes.items()}
        outcome, run = concluded(tmp_path / "day", pidfd, ENDED_WITHIN_S)
    missed = hindrances(run)
    assert outcome == (Outcome.INVALID if missed else Outcome.PASSED).value, missed
    assert {name: kb for name, kb in after.items() if kb > before[name] * MOST_GROWTH} == {}, f"{before} {after}"
    spans = sum(len(planned.spans) for _, planned in run.of(InjectionPlanned))
    memory = ", ".join(f"{name} {before[name] / 1024:.1f} and {after[name] / 1024:.1f} MiB" for name in sorted(planes))
    sys.stdout.write(
        f"a day of {DAY_S:g} s with {spans} spans of faults, {len(run.of(CallFinished))} calls and {len(run.entries)} events "
        f"is {outcome} {missed}; memory at noon and in the evening: {memory}\n"
    )


def test_an_hour_that_loses_a_plane_is_invalid(tmp_path: Path) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        victims = list(pool.map(lambda number: lose_a_plane(tmp_path / str(number), number), range(HOURS)))
    sys.stdout.write(
        f"{HOURS} hours of {HOUR_S:g} s lost a plane and were invalid, and left nothing: {dict(Counter(victims))}\n"
    )


def lose_a_plane(place: Path, number: int) -> str:
    """Kill a plane at an instant of the hour, both drawn from the hour's number; returns the plane's name."""
    generator = random.Random(f"{SEED} {number}")
    with running(place, HOUR_S, SEED + number) as (process, pidfd):
        planes = planes_of(process.pid)
        assert not select.select([pidfd], [], [], generator.uniform(0, HOUR_S / 2))[0]
        victim = generator.choice(sorted(planes))
        end(planes[victim], signal.SIGKILL)
        outcome, run = concluded(place, pidfd, ENDED_WITHIN_S)
    assert outcome == Outcome.INVALID.value, f"hour {number} of seed {SEED}, which lost {victim}, is {outcome}"
    ((_, armed),) = run.of(TimelineArmed)
    assert armed.ends - armed.origin >= (HOUR_S - 1) * SECOND
    return victim
