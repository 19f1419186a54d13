"""The process that looks after one app."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

from chaoskit.child import Child, Command
from chaoskit.clients.process import die_with_us
from chaoskit.clients.program import POLL_EVERY_NS, Program
from chaoskit.clients.program.ask import status_of, why_not_ready
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, WallClock
from chaoskit.errors import ChaoskitError, PlaneError
from chaoskit.journal.events import AppEnded, AppReady, AppStarted, ClientReady, HealthChecked
from chaoskit.units import SECOND, format_duration

STOP_WITHIN_S = 2.0
"""How long an app may take to end after SIGTERM, before it is killed."""

LAST_WORDS = 600
"""Characters of an app's output that are told where it could not become ready."""


class App:
    """One life of the app, from its start to its end."""

    def __init__(self, child: Child, plan: Program) -> None:
        self._child, self._plan, self._clock = child, plan, WallClock()
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._running = threading.Event()
        self._span: asyncio.Future[tuple[Instant, Instant]] = asyncio.get_running_loop().create_future()

    def order(self, command: Command) -> None:
        """What the run orders: to begin with the timeline, or to end."""
        if command["do"] == "start" and not self._span.done():
            self._span.set_result((command["origin"], command["ends"]))
        elif command["do"] == "stop":
            self._stopping.set()

    async def live(self) -> None:
        """Start it, tell when it is ready, ask its health, and end it when told. Raises ``PlaneError`` where it does not become ready."""
        await self._start()
        if self._plan.again:
            self._tell_ready()
        tasks = [asyncio.ensure_future(work) for work in (self._become_ready(), self._tell_end(), self._ask_health())]
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            while not stopping.done():
                done, _ = await asyncio.wait(
                    (stopping, *(task for task in tasks if not task.done())), return_when=asyncio.FIRST_COMPLETED
                )
                for task in done - {stopping}:
                    task.result()
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await self._end()

    async def _start(self) -> None:
        plan = self._plan
        os.makedirs(plan.logs, exist_ok=True)  # noqa: PTH103 - there is nothing else to do meanwhile
        with _log(plan, "stdout").open("ab") as out, _log(plan, "stderr").open("ab") as err:
            self._process = await self._spawn(out, err)
        self._child.emit(AppStarted(at=self._clock.now(), client=plan.client, pid=self._process.pid))

    async def _spawn(self, out: IO[bytes], err: IO[bytes]) -> asyncio.subprocess.Process:
        plan = self._plan
        try:
            return await asyncio.create_subprocess_exec(
                *plan.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=plan.cwd,
                env={**os.environ, **plan.env},
                preexec_fn=die_with_us,
            )
        except OSError as error:
            raise PlaneError(f"cannot start {plan.argv[0]}: {error.strerror}") from error

    async def _become_ready(self) -> None:
        """Ask until it is ready. One that was started anew may take as long as the run lasts."""
        plan, began = self._plan, self._clock.now()
        reason: str | None = "nothing was asked yet"
        while plan.ready is not None and (reason := await asyncio.to_thread(why_not_ready, plan.ready)) is not None:
            if not plan.again and self._clock.now() - began > plan.ready_within_ns:
                limit = format_duration(plan.ready_within_ns)
                raise PlaneError(f"not ready at {plan.ready} within {limit} ({reason}){self._last_words()}")
            await asyncio.sleep(POLL_EVERY_NS / SECOND)
        now = self._clock.now()
        self._child.emit(AppReady(at=now, client=plan.client, took_ns=now - began))
        if not plan.again:
            self._tell_ready()

    def _tell_ready(self) -> None:
        plan = self._plan
        settings = {"program": shlex.join(plan.argv), "ready": plan.ready or "as soon as it runs"}
        settings |= {"health": plan.health} if plan.health else {}
        self._child.emit(
            ClientReady(
                at=self._clock.now(), client=plan.client, use="program", pid=os.getpid(), versions={}, settings=settings
            )
        )
        self._running.set()

    async def _tell_end(self) -> None:
        """Wait for its end, which is a finding, or, before it was ready, the end of the run."""
        assert self._process is not None
        code = await self._process.wait()
        code = code if code >= 0 else 128 - code
        self._child.emit(AppEnded(at=self._clock.now(), client=self._plan.client, exit_code=code))
        if not self._running.is_set():
            raise PlaneError(f"ended with exit code {code} before it was ready{self._last_words()}")

    async def _ask_health(self) -> None:
        origin, ends = await self._span
        if (url := self._plan.health) is None:
            return

        async def ask(_: Slot) -> None:
            began = self._clock.now()
            status = await asyncio.to_thread(status_of, url)
            now = self._clock.now()
            self._child.emit(HealthChecked(at=now, client=self._plan.client, status=status, latency_ns=now - began))

        await drive([Lane(POLL_EVERY_NS)], self._clock, origin, ends, ask)

    async def _end(self) -> None:
        """SIGTERM, and SIGKILL for one that does not hear it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
            except TimeoutError:
                process.kill()

    def _last_words(self) -> str:
        """The end of what it printed."""
        for stream in ("stderr", "stdout"):
            with suppress(OSError):
                if text := _log(self._plan, stream).read_text(errors="replace").strip():
                    return f"; it printed: {text[-LAST_WORDS:]}"
        return "; it printed nothing"


def _log(plan: Program, stream: str) -> Path:
    return Path(plan.logs) / f"{plan.client}.{stream}.log"


async def _live(child: Child, plan: Program) -> None:
    app, loop = App(child, plan), asyncio.get_running_loop()

    def obey(command: Command) -> None:
        loop.call_soon_threadsafe(app.order, command)

    child.on_command(obey)
    await app.live()


def main() -> None:
    """Read the plan and look after the app until told otherwise."""
    child = Child()
    plan = Program.from_json(child.plan())
    try:
        asyncio.run(_live(child, plan))
    except ChaoskitError as error:
        child.fail(error)
    child.leave(0)


if __name__ == "__main__":
    main()
