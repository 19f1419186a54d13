"""How many requests a second one probe of ``use: http`` makes on one core: ``python -m tests.bench.http_probe``.

The probe has a core of its own and a server that costs it nothing has the other. What is told is how many of the requests that fell due
were made and answered, in what wall time, and how much processor time the probe took for each: the last figure depends least on what
else the machine does.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from chaoskit.journal.events import CallFinished, CallStarted
from chaoskit.units import MILLISECOND, SECOND
from tests.bench.servers import ASKER_CORE, SERVER_CORE, on_core
from tests.clients.children import ClientProcess

RATE, SECONDS, CONCURRENCY = 500, 10, 50
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"


class Answering(asyncio.Protocol):
    """Answers whatever comes, a request in one piece as the probe sends it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(ANSWER)


class Measurement(NamedTuple):
    """What one probe did: requests that were started, answered and failed, from 0 s to the last answer, and its processor time."""

    started: int
    answered: int
    failed: int
    wall_s: float
    cpu_s: float


def probe(port: int) -> Measurement:
    """Let it run to its end, and count every event that it tells."""
    plan = {
        "client": "probe",
        "url": f"http://127.0.0.1:{port}/",
        "every_ns": SECOND // RATE,
        "concurrency": CONCURRENCY,
        "connection": "warm",
    }
    with ClientProcess("http", plan) as client:
        client.next()
        os.sched_setaffinity(client.process.pid, {SERVER_CORE})  # what is measured is there, as in the other benches
        before, origin = cpu_s(client.process.pid), time.monotonic_ns() + 50 * MILLISECOND
        client.send({"do": "start", "origin": origin, "ends": origin + SECONDS * SECOND})
        events = client.rest()
        used = (
            cpu_s(client.process.pid) - before
        )  # it has ended and nobody has waited for it, so the kernel still knows
    started = sum(isinstance(event, CallStarted) for event in events)
    calls = [event for event in events if isinstance(event, CallFinished)]
    answered = sum(call.result == "ok" for call in calls)
    last = max((call.at for call in calls), default=origin)
    return Measurement(started, answered, len(calls) - answered, (last - origin) / SECOND, used)


def cpu_s(pid: int) -> float:
    """User and system time of a process and its threads, in seconds (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main() -> None:
    """Serve on one core, and probe from the other."""
    with on_core(ASKER_CORE):
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
        measured = await asyncio.to_thread(probe, server.sockets[0].getsockname()[1])
    due = RATE * SECONDS
    load = os.getloadavg()[0]
    sys.stdout.write(
        f"use: http at {RATE} a second for {SECONDS} s: {measured.started} of {due} requests made, {measured.answered} answered, "
        f"{measured.failed} failed, the last after {measured.wall_s:.2f} s: "
        f"{measured.answered / measured.wall_s:.0f} a second of wall time; "
        f"{1000 * measured.cpu_s / max(measured.answered, 1):.2f} ms of processor time each (load {load:.1f})\n"
    )


if __name__ == "__main__":
    asyncio.run(main())
