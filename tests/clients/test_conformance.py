"""Every client that is built speaks the contract, in a network without any route: so every call fails, and none gets out."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chaoskit.clients.build import Recipe
from chaoskit.clients.start import argv_of, recipes
from chaoskit.journal.codec import decode
from chaoskit.journal.events import AttemptFinished, AttemptStarted, CallFinished, CallStarted, ClientReady, Event
from chaoskit.sandbox.environment import client_environment
from chaoskit.units import MILLISECOND, SECOND

pytestmark = pytest.mark.slow

NO_WAY_OUT = """
import os, sys
from chaoskit.sandbox.reaper import loopback_up
loopback_up()
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Runs in a network namespace of its own; loopback is all that there is."""


EVERY_IN_BURSTS_NS = 350 * MILLISECOND
"""So that within 2 s no single call falls due with a burst: those are due at 0.5 s, 1.5 s …"""


def isolated(argv: list[str]) -> list[str]:
    inner = [sys.executable, "-c", NO_WAY_OUT, *argv]
    return ["unshare", "--user", "--map-root-user", "--net", "--", *inner]


def plan_of(recipe: Recipe, **settings: Any) -> tuple[str, dict[str, Any]]:
    use = recipe.folder.name
    plan = {
        "client": "app",
        "service": "dynamodb",
        "region": "us-east-1",
        "connection": "cold",
        "every_ns": 300 * MILLISECOND,
        "burst_size": 3,
        "burst_every_ns": SECOND,
        "retry_mode": "standard",
        "max_attempts": 2,
        "connect_timeout_ns": None,
        "read_timeout_ns": None,
    }
    version = {"version": recipe.name.partition("-")[2]} if use == "boto3" else {}
    return use, {**plan, **version, **settings}


@contextmanager
def speaking(recipe: Recipe, folder: Path, **settings: Any) -> Iterator[subprocess.Popen[bytes]]:
    use, plan = plan_of(recipe, **settings)
    ca = folder / "ca.pem"
    ca.touch()
    with subprocess.Popen(
        isolated(argv_of(use, plan)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env=client_environment(folder, ca, "us-east-1"),
    ) as process:
        try:
            send(process, plan)
            yield process
        finally:
            process.kill()
            for pipe in (process.stdin, process.stdout, process.stderr):
                assert pipe
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def send(process: subprocess.Popen[bytes], line: dict[str, Any]) -> None:
    assert process.stdin
    process.stdin.write(json.dumps(line).encode() + b"\n")
    process.stdin.flush()


def next_event(process: subprocess.Popen[bytes]) -> Event:
    assert process.stdout
    assert process.stderr
    line = process.stdout.readline()
    assert line, f"it ended: {process.stderr.read().decode()}"
    return decode(line)


@pytest.fixture(params=recipes(), ids=lambda recipe: recipe.name)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    made: Recipe = request.param
    if made.built() is None:
        pytest.skip(f"not built: chaoskit clients build {made.name}")
    if shutil.which("unshare") is None or subprocess.run(isolated(["/bin/true"]), capture_output=True).returncode:
        pytest.skip("no user and network namespaces here")
    return made


def test_a_conversation(recipe: Recipe, tmp_path: Path) -> None:
    with speaking(recipe, tmp_path) as process:
        before = time.monotonic_ns()
        ready = next_event(process)
        assert isinstance(ready, ClientReady)
        assert before < ready.at < time.monotonic_ns(), "its clock is ours"
        assert (ready.client, ready.use) == ("app", recipe.folder.name)
        assert ready.versions
        wanted = {"connection": "cold", "service": "dynamodb", "operation": "GetItem", "retry_mode": "standard"}
        assert wanted.items() <= ready.settings.items()
        assert ready.settings["max_attempts"] == "2"
        origin = time.monotonic_ns()
        ends = origin + 2 * SECOND
        send(process, {"do": "start", "origin": origin, "ends": ends})
        assert process.stdout
        events = [decode(line) for line in process.stdout]
        assert process.wait(60) == 0, "it ends by itself"
        after = time.monotonic_ns()
    assert all(origin <= event.at <= after for event in events)
    calls: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        assert isinstance(event, CallStarted | AttemptStarted | AttemptFinished | CallFinished)
        assert event.client == "app"
        calls[event.call or 0].append(event)
    assert list(calls) == list(range(1, len(calls) + 1))
    assert calls
    for told in calls.values():
        look_at_call(told, origin, ends)


def look_at_call(told: list[Event], origin: int, ends: int) -> None:
    first, *tries, last = told
    assert isinstance(first, CallStarted)
    assert (first.due - origin) % (300 * MILLISECOND) == 0, "on the grid"
    assert first.due <= first.at
    assert first.due < ends
    assert isinstance(last, CallFinished)
    assert last.result == "failed", "there is nothing to reach"
    assert last.errors
    finished = [event for event in tries if isinstance(event, AttemptFinished)]
    assert [event.attempt for event in finished] == list(range(1, len(finished) + 1))
    assert 1 <= len(finished) <= 2, "max_attempts is kept"
    assert {event.result for event in finished} == {"failed"}
    assert all(event.error and event.latency_ns >= 0 for event in finished)
    started = [event for event in tries if isinstance(event, AttemptStarted)]
    if started:  # the AWS CLI reports only ends
        assert [event.attempt for event in started] == [event.attempt for event in finished]
        assert len({event.invocation for event in started}) == 1, "one invocation a call"
        assert started[0].invocation


def test_a_burst_tells_its_calls_apart(recipe: Recipe, tmp_path: Path) -> None:
    if recipe.name == "aws_cli":
        pytest.skip("the AWS CLI has cold connections only")
    with speaking(recipe, tmp_path, connection="burst", every_ns=EVERY_IN_BURSTS_NS) as process:
        next_event(process)
        origin = time.monotonic_ns()
        send(process, {"do": "start", "origin": origin, "ends": origin + 2 * SECOND})
        assert process.stdout
        events = [decode(line) for line in process.stdout]
        assert process.wait(60) == 0
    started = {event.call: event for event in events if isinstance(event, CallStarted)}
    ended = [event.call for event in events if isinstance(event, CallFinished)]
    assert sorted(started) == sorted(ended)
    in_bursts = [event for event in started.values() if (event.due - origin - SECOND // 2) % SECOND == 0]
    assert len(in_bursts) >= 3
    assert len(in_bursts) % 3 == 0
    assert all(event.concurrent for event in in_bursts)
    tries = [(event.call, event.attempt) for event in events if isinstance(event, AttemptFinished)]
    assert len(set(tries)) == len(tries)
    assert {call for call, _ in tries} == set(started)


@pytest.mark.parametrize(("last", "code"), [({"do": "stop"}, 0), (None, 125)], ids=["stop", "end of input"])
def test_it_ends_at_once(recipe: Recipe, tmp_path: Path, last: dict[str, Any] | None, code: int) -> None:
    with speaking(recipe, tmp_path) as process:
        next_event(process)
        origin = time.monotonic_ns()
        send(process, {"do": "start", "origin": origin, "ends": origin + 600 * SECOND})
        next_event(process)
        assert process.stdin
        assert process.stdout
        if last:
            send(process, last)
        else:
            process.stdin.close()
        for line in process.stdout:
            decode(line)  # whole lines until the end
        assert process.wait(30) == code
