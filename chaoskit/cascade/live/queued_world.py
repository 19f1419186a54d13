"""A system of queued services, one process each: the callers and servers of the simulation, by the clock, with TCP between them.

A try is a line of JSON, ``{"try": NUMBER, "deadline": INSTANT}``, and its answer another, ``{"try": NUMBER, "ok": true}``. Each
process keeps one connection to each service that it calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Iterable

from chaoskit.cascade.live.clocked_heap import ClockedHeap
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.system.events import Second, Try, Workplace
from chaoskit.cascade.system.model import System
from chaoskit.seeds import generator
from chaoskit.units import MILLISECOND

PORT = 7100
CAPACITY_LEVEL, LOAD_LEVEL = "share of its capacity", "times its load"
"""What an outage changes, as levels that are told."""
ACTED_LEVEL, LATE_LEVEL = "actions", "late actions"
CONNECT_EVERY_NS = 50 * MILLISECOND


def address_of(system: System, service: str) -> str:
    """Where ``service`` of ``system`` listens: a loopback address of its own."""
    return f"127.0.81.{list(system.services).index(service) + 1}"


def late_after_ns(system: System) -> int:
    """An action that comes later than this is late: half of the shortest time-out."""
    return min(call.timeout_ns for _, call in system.edges()) // 2


class QueuedWorld:
    """See ``system.events.World``: what one process of the system lives in. ``second`` counts the whole run."""

    def __init__(self, stage: Stage, system: System) -> None:
        self.stage, self.system = stage, system
        self.heap = ClockedHeap(stage.schedule.now, late_after_ns(system))
        self.rng = generator(stage.seed, "queued system", stage.client)
        self.servers: dict[str, Workplace] = {}
        self.second = Second()
        self.retrying = 0
        self._ways: list[RemoteService] = []

    async def call_out(self, services: Iterable[str]) -> None:
        """Connect to each of ``services``, and wait until it listens."""
        for name in services:
            way = RemoteService(self.heap)
            await way.connect(self.stage, address_of(self.system, name))
            self._ways.append(way)
            self.servers[name] = way

    async def play(self) -> None:
        """Let everything happen until the end, and tell how punctual this process was."""
        self.heap.advance()
        end = asyncio.ensure_future(self.stage.until(self.stage.ends))
        try:
            await asyncio.wait({end, *(way.listening for way in self._ways)}, return_when=asyncio.FIRST_COMPLETED)
            if self.stage.schedule.now < self.stage.ends:
                raise ConnectionAbortedError("a service that is called hung up before the end of the run")
        finally:
            end.cancel()
            self.heap.close()
            for way in self._ways:
                way.close()
        self.stage.level(ACTED_LEVEL, self.heap.acted)
        self.stage.level(LATE_LEVEL, self.heap.late)


class RemoteService:
    """The way to a service in another process; ``listening`` ends when that hangs up.

    A try that its caller gave up is answered all the same, and the answer is passed over.
    """

    def __init__(self, heap: ClockedHeap) -> None:
        self._heap = heap
        self._numbers = itertools.count(1)
        self._under_way: dict[int, Try] = {}
        self._writer: asyncio.StreamWriter | None = None
        self.listening: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self, stage: Stage, host: str) -> None:
        """Connect as soon as somebody listens. Raises ``ConnectionRefusedError`` if nobody does until the run's end."""
        while self._writer is None:
            try:
                reader, self._writer = await asyncio.open_connection(host, PORT)
            except ConnectionRefusedError:
                if stage.schedule.now >= stage.ends:
                    raise
                await stage.until(stage.schedule.now + CONNECT_EVERY_NS)
        self.listening = asyncio.ensure_future(self._listen(reader))

    def arrive(self, attempt: Try) -> None:
        """Send a try. See ``Workplace``."""
        number = next(self._numbers)
        self._under_way[number] = attempt
        assert self._writer is not None
        self._writer.write(json.dumps({"try": number, "deadline": attempt.deadline}).encode() + b"\n")

    def close(self) -> None:
        """Hang up."""
        self.listening.cancel()
        if self._writer is not None:
            self._writer.transport.abort()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            async for line in reader:
                answer = json.loads(line)
                self._heap.advance()
                self._under_way.pop(answer["try"]).answer(answer["ok"])
                self._heap.advance()
