"""How many requests a second one probe of ``use: http`` makes on one core: ``python -m tests.bench.http_probe``.

The probe has a core of its own and a server that costs it nothing has the other. What is told is how many of the requests that fell due
were made, and how much processor time the probe took for each: the second figure does not depend on what else the machine does.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from chaoskit.journal.events import CallFinished
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


def probe(port: int) -> tuple[int, int, float]:
    """Requests that were answered, those that failed, and the seconds of processor time that the probe took."""
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
        answered = failed = 0
        used = 0.0
        while answered + failed < RATE * SECONDS and time.monotonic_ns() < origin + (SECONDS - 1) * SECOND:
            event = client.next()
            if isinstance(event, CallFinished):
                answered, failed = answered + (event.result == "ok"), failed + (event.result != "ok")
                used = cpu_s(client.process.pid) - before
    return answered, failed, used


def cpu_s(pid: int) -> float:
    """User and system time of a process and its threads, in seconds (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main() -> None:
    """Serve on one core, and probe from the other."""
    with on_core(ASKER_CORE):
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
        answered, failed, used = await asyncio.to_thread(probe, server.sockets[0].getsockname()[1])
    due = RATE * (SECONDS - 1)
    load = os.getloadavg()[0]
    sys.stdout.write(
        f"use: http at {RATE} a second: {answered} of {due} requests answered, {failed} failed; "
        f"{1000 * used / max(answered, 1):.2f} ms of processor time each (load {load:.1f})\n"
    )


if __name__ == "__main__":
    asyncio.run(main())
