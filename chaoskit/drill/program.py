"""The trainee's shell or program as a part of the run; after its end the drill watches whether the recovery lasts."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable

from chaoskit.clock import Clock, Instant
from chaoskit.drill.desk import Desk
from chaoskit.engine.ports import ProgramPart
from chaoskit.engine.user_command import UserCommand

WARNED_S = 3.0
"""How long a shell may take to end after its hang-up, when the time is up, before it is killed."""


class DrillProgram:
    """See ``ports.UserProgram``. ``limit_ns`` after the origin the trainee's time is up; ``on_watch`` is called when the watch begins."""

    def __init__(
        self, command: UserCommand, desk: Desk, clock: Clock, limit_ns: int, on_watch: Callable[[], object]
    ) -> None:
        self._command = command
        self._desk = desk
        self._clock = clock
        self._limit_ns = limit_ns
        self._on_watch = on_watch
        self._origin: asyncio.Future[Instant] = asyncio.get_running_loop().create_future()
        self._time_up = False

    def begin(self, origin: Instant) -> None:
        self._origin.set_result(origin)
        self._command.begin(origin)

    async def live(self, part: ProgramPart) -> None:
        """The command's life, and the watch after it."""
        tasks = [asyncio.create_task(self._end_in_time()), asyncio.create_task(self._end_when_aborted())]
        try:
            await self._command.live(part)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._command.exit_code is not None and not self._desk.aborted.is_set():
            self._on_watch()
            with contextlib.suppress(
                TimeoutError
            ):  # the journal then lacks the end of the watch, which no judge passes
                await self._desk.watch(time_up=self._time_up)

    async def _end_in_time(self) -> None:
        await self._clock.sleep_until(await self._origin + self._limit_ns)
        self._time_up = True
        await self._hang_up()

    async def _end_when_aborted(self) -> None:
        await self._desk.aborted.wait()
        await self._hang_up()

    async def _hang_up(self) -> None:
        self._command.deliver(signal.SIGHUP)
        await asyncio.sleep(WARNED_S)
        self._command.deliver(signal.SIGKILL)
