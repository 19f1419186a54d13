"""How late: round trips idle and beside delayed queries, flips, and whether any answer was stale or early around them."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaoskit.dns.faults import FAULTS
from chaoskit.dns.target import DnsTarget
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.repeated import Flap
from chaoskit.timeline.window import Once
from chaoskit.units import HOUR, MILLISECOND, SECOND
from tests.bench.generator import question
from tests.bench.servers import ASKER_CORE, NAMES, SERVER_CORE, chaoskit, on_core

ROUND_TRIPS = 3000
FLIPS = 240
DELAYED = 1000
TURNS, TURN_S = 3, 1.7
ECHO = """
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
udp.settimeout(60)
print(udp.getsockname()[1], flush=True)
while True:
    udp.sendto(*udp.recvfrom(512))
"""


@contextlib.contextmanager
def asking(port: int) -> Iterator[socket.socket]:
    """A connected socket on the asker's core."""
    with on_core(ASKER_CORE), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("127.0.0.1", port))
        udp.settimeout(5)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        yield udp


def round_trips(udp: socket.socket, count: int) -> list[int]:
    """Nanoseconds, sorted."""
    found = []
    ask = question(NAMES[1], 1)
    for _ in range(count):
        began = time.monotonic_ns()
        udp.send(ask)
        udp.recv(512)
        found.append(time.monotonic_ns() - began)
    return sorted(found)


def p(per_cent: float, sorted_values: list[int]) -> float:
    """A percentile, in microseconds."""
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * per_cent / 100))] / 1000


def bare_round_trip() -> list[int]:
    """Round trips to a process that does nothing but ``recvfrom`` and ``sendto``."""
    with on_core(SERVER_CORE):
        echo = subprocess.Popen([sys.executable, "-c", ECHO], stdout=subprocess.PIPE)
    assert echo.stdout is not None
    try:
        with asking(int(echo.stdout.readline())) as udp:
            round_trips(udp, 200)
            return round_trips(udp, ROUND_TRIPS)
    finally:
        echo.kill()
        echo.communicate()


@dataclass(frozen=True, slots=True)
class Flips:
    """``lags`` from each flip to the first answer of the new state, sorted, in nanoseconds; wrong answers, and how many were asked.

    ``trips`` are the round trips of all that was asked, sorted, in nanoseconds: what a flip is compared with, since the same asker found
    both on the same machine in the same seconds.
    """

    lags: list[int]
    trips: list[int]
    stale: int
    early: int
    asked: int


def scheduled_flips(folder: Path) -> Flips:
    """Ask without a pause while a record goes blank and comes back by the timeline."""
    window = Flap(200 * MILLISECOND, 12 * SECOND, 10 * MILLISECOND, 10 * MILLISECOND, 3)
    spans = window.spans(HOUR)[: FLIPS // 2]
    running = chaoskit(
        folder, injections=[Injection("flap", DnsTarget(NAMES[1]), window, FAULTS.get("empty")())], name="flips"
    )
    try:
        with asking(running.port) as udp:
            origin = time.monotonic_ns()
            running.tell(do="arm", origin=origin)
            edges = [origin + edge for span in spans for edge in span]
            return _watch(udp, edges)
    finally:
        running.end()


def _watch(udp: socket.socket, edges: list[int]) -> Flips:
    """``edges``: instants at which the record goes blank, comes back, goes blank … ."""
    ask = question(NAMES[1], 1)
    seen: list[tuple[int, int, bool]] = []
    while (sent := time.monotonic_ns()) < edges[-1] + MILLISECOND:
        udp.send(ask)
        blank = udp.recv(512)[7] == 0
        seen.append((sent, time.monotonic_ns(), blank))
    stale = early = at = 0
    lags = []
    waiting = 0  # the first edge whose new state was not seen yet
    for sent, received, blank in seen:
        while at < len(edges) and edges[at] <= sent:
            at += 1
        before = at  # edges passed when it was asked
        after = sum(1 for edge in edges[at : at + 3] if edge <= received) + before
        if blank not in [bool(passed % 2) for passed in range(before, after + 1)]:
            near_next = edges[after] - received if after < len(edges) else HOUR
            near_last = sent - edges[before - 1] if before else HOUR
            stale, early = (stale + 1, early) if near_last <= near_next else (stale, early + 1)
        while waiting < after and (waiting < before or blank == bool((waiting + 1) % 2)):
            lags.append(received - edges[waiting])
            waiting += 1
    trips = sorted(received - sent for sent, received, _ in seen)
    return Flips(sorted(lags), trips, stale, early, len(seen))


def commanded_flips(folder: Path, count: int = 100) -> list[int]:
    """From the command's write to the first answer of the new state, in nanoseconds, sorted."""
    lags = []
    running = chaoskit(
        folder, injections=[Injection("b", DnsTarget(NAMES[1]), Once(0, HOUR), FAULTS.get("empty")())], name="told"
    )
    try:
        with asking(running.port) as udp:
            ask = question(NAMES[1], 1)
            round_trips(udp, 200)
            for turn in range(2 * count):
                blank = turn % 2 == 0
                began = time.monotonic_ns()
                running.tell(do="arm", origin=began if blank else began + HOUR)
                while True:
                    udp.send(ask)
                    if (udp.recv(512)[7] == 0) == blank:
                        break
                lags.append(time.monotonic_ns() - began)
                round_trips(udp, 20)
    finally:
        running.end()
    return sorted(lags)


def beside_delayed(folder: Path) -> tuple[list[int], list[int], int]:
    """Round trips idle, and while ``DELAYED`` queries wait 2 s for their answers; and how many of these then came.

    Both in turns of one length, since what else goes on in the machine comes and goes within seconds.
    """
    fault = FAULTS.get("delay")(by=2 * SECOND)
    running = chaoskit(
        folder, injections=[Injection("slow", DnsTarget(NAMES[2]), Once(0, HOUR), fault)], name="delayed"
    )
    idle: list[int] = []
    beside: list[int] = []
    late = 0
    try:
        with asking(running.port) as udp, asking(running.port) as other:
            running.tell(do="arm", origin=time.monotonic_ns())
            round_trips(udp, 500)
            for _ in range(TURNS):
                idle += _round_trips_until(udp, time.monotonic() + TURN_S)
                began = time.monotonic()
                for number in range(DELAYED):
                    other.send(question(NAMES[2], number))
                    if number % 50 == 49:
                        round_trips(udp, 1)  # it has read those before
                beside += _round_trips_until(udp, began + TURN_S)
                late += _take(other, DELAYED)
            return sorted(idle), sorted(beside), late
    finally:
        running.end()


def _take(udp: socket.socket, count: int) -> int:
    """How many of ``count`` answers come, none more than 2.5 s after the last."""
    for taken in range(count):
        if not select.select([udp], [], [], 2.5)[0]:
            return taken
        udp.recv(512)
    return count


def _round_trips_until(udp: socket.socket, ends: float) -> list[int]:
    found: list[int] = []
    while time.monotonic() < ends:
        found += round_trips(udp, 100)
    return found


def start_up(folder: Path) -> tuple[float, float] | str:
    """Seconds from the start of ``chaoskit run`` to the first call of a client, and of these after the journal's head; or what failed."""
    experiment = folder / "trivial.yaml"
    experiment.write_text(TRIVIAL)
    began = time.monotonic_ns()
    said = subprocess.run(
        [sys.executable, "-m", "chaoskit", "run", str(experiment), "--out", str(folder / "runs"), "--plain"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    journals = list((folder / "runs").rglob("journal.jsonl"))
    if not journals:
        return (said.stderr or said.stdout).strip().splitlines()[-1]
    events = [json.loads(line) for line in journals[0].read_text().splitlines()]
    calls = [event["at"] for event in events if event["kind"] == "call_started"]
    if not calls:
        return "no client made a call"
    return (min(calls) - began) / 1e9, (min(calls) - events[0]["at"]) / 1e9


TRIVIAL = """
title: Start-up
clients: {app: {use: boto3, connection: cold}}
timeline:
  - {dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 1s, for: 1s}}
expect:
  - recovers_within: {client: app, within: 2s}
"""


def median(values: list[float]) -> float:
    """0 for none."""
    return statistics.median(values) if values else 0.0
