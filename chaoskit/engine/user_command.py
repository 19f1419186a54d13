"""The user's own command as a part of a run: a client that is not ours and speaks no contract.

The command has the caller's standard streams and process group. ``sandbox/launcher.py`` puts it into the sandbox; this end tells it when,
and journals its life.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shlex
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaoskit.clock import Clock, Instant
from chaoskit.engine.ports import ProgramPart
from chaoskit.engine.processes import STOP_WITHIN_S
from chaoskit.errors import PlaneError
from chaoskit.journal.codec import as_text
from chaoskit.journal.events import ClientReady, CommandFinished, CommandStarted
from chaoskit.journal.store import Journal
from chaoskit.sandbox.launch import CommandRefused, launcher_argv, plan_line, read_answer
from chaoskit.sandbox.namespace import WayIn

LABEL = "command"
"""What the command is called in the journal, and to the DNS server."""


NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""Exit codes when the command cannot be started, as shells, env(1), timeout(1) and ``docker run`` have them."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. ``way_in`` is asked when the service's certificate exists."""

    argv: tuple[str, ...]
    shown: tuple[str, ...]
    """``argv`` as the journal has it."""
    environment: dict[str, str]
    way_in: Callable[[], WayIn]
    ignored: tuple[int, ...]
    """Signals that the caller ignores, and so shall the command."""
    after: str | None
    """The plane that must be ready before ``way_in`` can tell; None: none."""
    not_ready: Callable[[], Awaitable[str | None]] | None = None
    """Waits until the command is ready, which begins 0 s of the timeline; returns why it is not. None: it begins with the timeline."""
    planes: tuple[str, ...] = ()
    """What must be ready before a command begins that the timeline waits for."""
    output: Path | None = None
    """The file that gets its standard output and error, with an empty standard input; None: it has the caller's streams."""


class UserCommand:
    """The client ``LABEL``; see ``ports.UserProgram``. ``exit_code`` is what a shell would say of it, None before its end."""

    def __init__(self, command: Command, journal: Journal, clock: Clock) -> None:
        self._command = command
        self._journal = journal
        self._clock = clock
        self._origin: asyncio.Future[Instant] = asyncio.get_running_loop().create_future()
        self._pidfd: int | None = None
        self.exit_code: int | None = None
        self.refused: str | None = None
        """Why the command could not be started, in the operating system's words."""
        self.unready: str | None = None
        """Why the command was not ready, where 0 s of the timeline waits for that; None where it was, or nothing waits."""

    @property
    def running(self) -> bool:
        """Whether the command has begun and not yet ended."""
        return self._pidfd is not None

    def deliver(self, number: int) -> None:
        """Send the command a signal; nothing happens to one that has ended."""
        if self._pidfd is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it is gone, or has become another user
                signal.pidfd_send_signal(self._pidfd, number)

    def begin(self, origin: Instant) -> None:
        self._origin.set_result(origin)

    async def live(self, part: ProgramPart) -> None:
        """The command's whole life; whatever is wrong with ours makes the run invalid."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                if self._command.after:
                    await part.wait_for(self._command.after)
                child = await self._start_launcher(theirs.fileno())
            reader, writer = await asyncio.open_unix_connection(sock=ours)
        except (OSError, PlaneError) as error:
            ours.close()
            part.fail(f"cannot start the launcher: {error}")
            return
        try:
            await self._follow(part, reader, writer)
        except (OSError, PlaneError, ValueError) as error:
            part.fail(str(error))
        finally:
            await self._end(child)
            writer.close()

    async def _start_launcher(self, control: int) -> asyncio.subprocess.Process:
        argv = launcher_argv(control)
        if self._command.output is None:
            return await asyncio.create_subprocess_exec(*argv, pass_fds=[control])
        with self._command.output.open("wb") as file:
            # A session of its own: it has no terminal, and what is typed there is not for it.
            return await asyncio.create_subprocess_exec(
                *argv,
                pass_fds=[control],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    async def _follow(self, part: ProgramPart, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the launcher's first word to its last."""
        command, now = self._command, self._clock.now
        writer.write(plan_line(command.way_in(), command.argv, command.environment, command.ignored))
        await read_answer(reader, "ready")
        client = ClientReady(
            at=now(),
            client=LABEL,
            use="exec",
            pid=0,
            versions={},
            settings={"command": as_text(shlex.join(self._command.shown)), "uid": str(os.getuid())},
        )
        if command.not_ready is None:
            part.ready(client)
            await self._clock.sleep_until(await self._origin)
        else:
            for plane in command.planes:
                await part.wait_for(plane)
        argv, folder = tuple(map(as_text, self._command.shown)), as_text(str(Path.cwd()))
        self._journal.append(CommandStarted(at=now(), client=LABEL, argv=argv, folder=folder))
        writer.write(b"go\n")
        try:
            pid = (await read_answer(reader, "started"))["started"]
            with contextlib.suppress(ProcessLookupError):  # it was quick
                self._pidfd = os.pidfd_open(pid)
            if command.not_ready is None:
                code = _as_shells_do(await read_answer(reader, "status"))
            elif (end := await self._once_ready(command.not_ready, reader, part, client)) is not None:
                code = _as_shells_do(end)
            else:
                return
        except CommandRefused as refused:
            if command.not_ready is not None:
                part.ready(client)
            self.refused = refused.strerror
            code = NOT_FOUND if refused.errno == errno.ENOENT else NOT_EXECUTABLE
        at = now()
        self._forget()
        self.exit_code = code
        self._journal.append(CommandFinished(at=at, client=LABEL, exit_code=self.exit_code, refused=self.refused))

    async def _once_ready(
        self,
        not_ready: Callable[[], Awaitable[str | None]],
        reader: asyncio.StreamReader,
        part: ProgramPart,
        client: ClientReady,
    ) -> dict[str, Any] | None:
        """Report the command ready when it is; returns its end. None where it ended first, or did not become ready: the run is told why."""
        waiting, ending = asyncio.ensure_future(not_ready()), asyncio.ensure_future(read_answer(reader, "status"))
        try:
            await asyncio.wait((waiting, ending), return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                code = _as_shells_do(ending.result())
                self.unready = f"the command ended with code {code} before it was ready (--after)"
            elif reason := waiting.result():
                self.unready = f"the command was not ready at {reason} (--after)"
            if self.unready:
                part.fail(self.unready)
                return None
            part.ready(client)
            return await ending
        finally:
            for task in (waiting, ending):
                task.cancel()
            await asyncio.gather(waiting, ending, return_exceptions=True)

    async def _end(self, child: asyncio.subprocess.Process) -> None:
        """End what still runs: the command first, with a word of warning, then its launcher."""
        if self.running:
            self.deliver(signal.SIGTERM)
            self.deliver(signal.SIGCONT)  # one that is stopped would not hear it
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), STOP_WITHIN_S)
            self.deliver(signal.SIGKILL)
            self._forget()
        elif child.returncode is None and self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        await child.wait()

    def _forget(self) -> None:
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


def _as_shells_do(answer: dict[str, Any]) -> int:
    """The exit code in a launcher's last answer; 128 + n when signal n ended the command."""
    code = os.waitstatus_to_exitcode(answer["status"])
    return code if code >= 0 else 128 - code
