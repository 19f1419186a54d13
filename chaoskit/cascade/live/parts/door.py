"""``door``: a service with limited capacity for new connections. It lets in so many a second, lets so many wait, and refuses the rest.

A connection whose turn comes gets one byte, and is kept; a caller who has hung up by then takes a turn all the same.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from chaoskit.cascade.live.descriptors import raise_descriptors
from chaoskit.cascade.live.settings import Settings
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.policies.queue import Offer, Queue
from chaoskit.clock import Instant
from chaoskit.journal.events import DialAnswered
from chaoskit.units import SECOND

GREETING = b"+"
LISTEN_BACKLOG = 4096
"""The kernel's own queue is as long as it may be, so that every dial is seen here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door(Settings):
    """``accepts_per_s`` connections are let in, ``backlog`` more wait, at ``address``.

    Orders: ``restart`` hangs up on everybody, inside or waiting; ``limit-off`` lets everybody in at once, until ``limit-on``.
    """

    ORDERS: ClassVar[tuple[str, ...]] = ("restart", "limit-off", "limit-on")

    accepts_per_s: float = 100.0
    backlog: int = 128
    address: str = "127.0.80.1"
    port: int = 7090

    def __post_init__(self) -> None:
        if self.accepts_per_s <= 0 or self.backlog < 1:
            raise ValueError("'accepts_per_s' is above 0, and 'backlog' at least 1")

    async def play(self, stage: Stage) -> None:
        """Let connections in until the end."""
        raise_descriptors()
        entrance = _Entrance(stage, self)
        server = await asyncio.start_server(entrance.knock, self.address, self.port, backlog=LISTEN_BACKLOG)
        try:
            await stage.until(stage.origin)
            stage.obeys(
                restart=entrance.close, limit_off=partial(entrance.limit, False), limit_on=partial(entrance.limit, True)
            )
            entrance.limit(True)
            await entrance.let_in()
        finally:
            server.close()
            entrance.close()


@dataclass(slots=True)
class _Caller:
    at: Instant
    peer: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class _Entrance:
    """Who waits to be let in."""

    def __init__(self, stage: Stage, settings: Door) -> None:
        self._stage, self._settings = stage, settings
        self._policy, self._draws = Queue(limit=settings.backlog), stage.stream("door")
        self._waiting: deque[_Caller] = deque()
        self._inside: list[_Caller] = []
        self._limited = True

    def limit(self, on: bool) -> None:
        """Switch the limit of new connections on or off."""
        self._limited = on
        self._stage.level("admission limit", on)

    async def knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection comes: it waits, or is refused."""
        host, port = writer.get_extra_info("peername")[:2]
        caller = _Caller(self._stage.schedule.now, f"{host}:{port}", reader, writer)
        state = self._policy.initial()._replace(waiting=len(self._waiting))
        _, flow = self._policy.step(state, Offer(1, 0), caller.at, self._draws)
        if flow.admitted:
            self._waiting.append(caller)
        else:
            writer.transport.abort()
            self._tell(caller, "refused")

    async def let_in(self) -> None:
        """One after the other, at the door's rate; turns that come late are made up for."""
        period = round(SECOND / self._settings.accepts_per_s)
        turn = self._stage.schedule.now
        while self._stage.schedule.now < self._stage.ends:
            turn = turn + period if self._waiting else max(turn + period, self._stage.schedule.now)
            await self._stage.until(min(turn, self._stage.ends))
            for _ in range(min(1, len(self._waiting)) if self._limited else len(self._waiting)):
                self._greet(self._waiting.popleft())

    def close(self) -> None:
        """Hang up on everybody."""
        for caller in (*self._waiting, *self._inside):
            caller.writer.transport.abort()
        self._waiting.clear()
        self._inside.clear()

    def _greet(self, caller: _Caller) -> None:
        if caller.reader.at_eof() or caller.writer.transport.is_closing():
            caller.writer.transport.abort()
            self._tell(caller, "gone")
            return
        caller.writer.write(GREETING)
        self._inside.append(caller)
        self._tell(caller, "accepted")

    def _tell(self, caller: _Caller, outcome: Literal["accepted", "refused", "gone"]) -> None:
        now = self._stage.schedule.now
        self._stage.emit(
            DialAnswered(
                at=caller.at,
                answered_at=now,
                client=self._stage.client,
                peer=caller.peer,
                outcome=outcome,
            )
        )
        self._stage.level("connections inside", len(self._inside))
