"""``queued_service``: one service of a system of services and queues, as a process: a TCP server with one worker and one queue.

It is the simulation's server by the clock: a piece of work takes as long as it draws, and the outage changes the worker's speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

from chaoskit.cascade.live.queued_world import CAPACITY_LEVEL, PORT, QueuedWorld, address_of
from chaoskit.cascade.live.settings import Settings
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.system.events import Server, Try
from chaoskit.cascade.system.plain import system_of
from chaoskit.units import SECOND, Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedService(Settings):
    """``service`` is a service of ``system``, which is the plain data of a file of kind ``cascade-system``.

    Its outage begins ``warm`` after the start.
    """

    service: str = ""
    system: dict[str, Any] = field(default_factory=dict)
    warm: Duration = 10 * SECOND

    async def play(self, stage: Stage) -> None:
        """Serve until the end."""
        system = system_of(self.system)
        service = system.services[self.service]
        world = QueuedWorld(stage, system)
        connections = _Connections(world)
        host = address_of(system, service.name)
        listener = await asyncio.start_server(connections.serve, host, PORT)
        try:
            await world.call_out(call.to for call in service.calls)
            connections.server = server = Server(world, service)
            await stage.until(stage.origin)
            if system.outage.service == service.name:
                begins = stage.origin + self.warm
                world.heap.at(begins, lambda: self._set_share(world, server, system.outage.capacity_left))
                world.heap.at(begins + system.outage.for_ns, lambda: self._set_share(world, server, 1.0))
            world.heap.at(stage.origin + SECOND, lambda: self._measure(world, server))
            await world.play()
        finally:
            listener.close()
            connections.close()

    def _set_share(self, world: QueuedWorld, server: Server, share: float) -> None:
        server.set_share(share)
        world.stage.level(CAPACITY_LEVEL, share)

    def _measure(self, world: QueuedWorld, server: Server) -> None:
        world.stage.level("waiting", len(server.queue))
        world.heap.at(world.heap.now + SECOND, lambda: self._measure(world, server))


class _Connections:
    """Those who call the service. ``server`` is None until it can call others itself; nobody calls before that."""

    def __init__(self, world: QueuedWorld) -> None:
        self._world = world
        self._writers: list[asyncio.StreamWriter] = []
        self.server: Server | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take tries from one connection until it ends."""
        self._writers.append(writer)
        try:
            with contextlib.suppress(ConnectionError):
                async for line in reader:
                    request = json.loads(line)
                    self._world.heap.advance()
                    self._take(request, writer)
                    self._world.heap.advance()
        finally:
            writer.transport.abort()

    def close(self) -> None:
        """Hang up on everybody."""
        for writer in self._writers:
            writer.transport.abort()

    def _take(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        is_answered = False

        def answer(ok: bool) -> None:
            nonlocal is_answered
            if not is_answered and not writer.transport.is_closing():
                writer.write(json.dumps({"try": request["try"], "ok": ok}).encode() + b"\n")
            is_answered = True

        assert self.server is not None
        self.server.arrive(Try(answer, request["deadline"]))
