"""``herd``: many light clients in one process, each with its own lookups and its own pool of connections to fill at a door."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.cascade.live.descriptors import raise_descriptors
from chaoskit.cascade.live.parts.door import GREETING
from chaoskit.cascade.live.settings import Settings
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.recovery.herd_clients import Done, HerdClients, HerdSettings
from chaoskit.units import SECOND, Duration

THREADS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Herd(Settings):
    """``clients`` light clients, of which each wants ``pool`` connections to ``name``:``port``. They begin ``lead`` after the start.

    ``first``: the number of the first client, so that the processes of one herd draw differently. ``base`` and ``cap`` are the back-off's;
    ``jitter``, ``ramp``, ``budget`` and ``redial`` (a connection that is cut is dialled anew) are switches; the ramp lets each client dial
    ``ramp_start_per_s`` times a second, twice as often every 10 s, up to ``ramp_most_per_s``; the budget gives each client
    ``budget_capacity`` retries, and a rest of four times ``cap`` once they are spent. The order ``slow-down`` switches jitter and ramp on.
    """

    ORDERS: ClassVar[tuple[str, ...]] = ("slow-down",)

    name: str
    port: int = 7090
    clients: int = 125
    first: int = 0
    pool: int = 2
    lead: Duration = 2 * SECOND
    base: Duration = 4 * SECOND
    cap: Duration = 8 * SECOND
    connect_time_out: Duration = 1 * SECOND
    jitter: bool = True
    ramp: bool = True
    budget: bool = False
    budget_capacity: float = 3.0
    redial: bool = False
    ramp_start_per_s: float = 0.2
    ramp_most_per_s: float = 0.2

    def __post_init__(self) -> None:
        if not 1 <= self.clients <= 2000 or not 1 <= self.pool <= 20:
            raise ValueError("'clients' is from 1 to 2000, and 'pool' from 1 to 20")
        if min(self.base, self.cap, self.connect_time_out) <= 0 or self.ramp_start_per_s <= 0:
            raise ValueError("'base', 'cap', 'connect_time_out' and 'ramp_start_per_s' are above 0")
        if self.budget_capacity < 0:
            raise ValueError("'budget_capacity' is at least 0")

    @property
    def shared(self) -> HerdSettings:
        """The settings that the simulated herd has too."""
        return HerdSettings(
            clients=self.clients,
            pool=self.pool,
            connect_time_out_s=self.connect_time_out / SECOND,
            base_s=self.base / SECOND,
            cap_s=self.cap / SECOND,
            jitter=self.jitter,
            ramp=self.ramp,
            budget=self.budget,
            budget_capacity=self.budget_capacity,
            ramp_start_per_s=self.ramp_start_per_s,
            ramp_most_per_s=self.ramp_most_per_s,
        )

    async def play(self, stage: Stage) -> None:
        """Look up, dial and wait until the end."""
        raise_descriptors()
        service = _Sockets(stage, self)
        await stage.until(stage.origin + self.lead)
        stage.level("clients connected", 0)
        herd = HerdClients(
            self.shared,
            stage.schedule,
            service,
            stage.seed,
            lambda clients: stage.level("clients connected", clients),
            self.first,
        )
        service.on_cut = herd.lost
        stage.obeys(slow_down=herd.slow_down)
        herd.begin()
        try:
            await stage.until(stage.ends)
        finally:
            service.close()


class _Sockets:
    """Lookups by the C library, on threads, and TCP connections; each is told as a call."""

    def __init__(self, stage: Stage, settings: Herd) -> None:
        self._stage, self._settings = stage, settings
        self.on_cut: Callable[[int], object] = lambda client: None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lookup")
        self._addresses: dict[int, str] = {}
        self._open: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def look_up(self, client: int, done: Done) -> None:
        """See ``HerdService``."""
        self._start(self._look_up(client, done))

    def dial(self, client: int, done: Done) -> None:
        """See ``HerdService``."""
        self._start(self._dial(client, done))

    def close(self) -> None:
        """Hang up, and leave what is under way."""
        for task in self._tasks:
            task.cancel()
        for writer in self._open:
            writer.transport.abort()
        self._threads.shutdown(wait=False)

    def _start(self, work: object) -> None:
        assert asyncio.iscoroutine(work)
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_up(self, client: int, done: Done) -> None:
        number = self._stage.call_started("lookup")
        loop = asyncio.get_running_loop()
        try:
            places = await loop.run_in_executor(
                self._threads, socket.getaddrinfo, self._settings.name, self._settings.port, socket.AF_INET
            )
        except OSError as error:
            self._stage.call_finished(number, error)
            done(False)
            return
        self._addresses[client] = str(places[0][4][0])
        self._stage.call_finished(number, None)
        done(True)

    async def _dial(self, client: int, done: Done) -> None:
        """A connection counts once the door has greeted it."""
        number = self._stage.call_started("dial")
        writer = None
        try:
            async with asyncio.timeout(self._settings.connect_time_out / SECOND):
                reader, writer = await asyncio.open_connection(self._addresses[client], self._settings.port)
                if await reader.read(1) != GREETING:
                    raise ConnectionRefusedError("the door is full")
        except (OSError, TimeoutError) as error:
            self._stage.call_finished(number, error)
            if writer is not None:
                writer.transport.abort()
            done(False)
            return
        except asyncio.CancelledError:
            if writer is not None:
                writer.transport.abort()
            raise
        self._open.append(writer)
        self._stage.call_finished(number, None)
        done(True)
        if self._settings.redial:
            await self._watch(client, reader, writer)

    async def _watch(self, client: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Wait until the other end hangs up."""
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                pass
        self._open.remove(writer)
        writer.transport.abort()
        if self._stage.schedule.now < self._stage.ends:
            self.on_cut(client)
