"""The programs of a hunt as processes: started in the sandbox through the launcher, killed with all their children, started anew."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaoskit.errors import InputError
from chaoskit.hunt.procfs import HeldNamespace, processes_in
from chaoskit.sandbox.launch import CommandRefused, launcher_argv, plan_line, read_answer
from chaoskit.sandbox.namespace import WayIn


@dataclass(frozen=True, slots=True)
class Command:
    """One program: its label in the hunt, what to run, and how it gets in."""

    label: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    way_in: WayIn


class Program:
    """One life of a command. ``on_end`` is called with its exit code, 128 + n when signal n ended it, unless ``kill`` was called."""

    def __init__(self, command: Command, output: Path, on_end: Callable[[Program, int], object]) -> None:
        self.command = command
        self._namespace: HeldNamespace | None = None
        self._output = output
        self._on_end = on_end
        self._killed = False
        self._life: asyncio.Task[None] | None = None

    @property
    def namespace(self) -> str:
        """The user namespace that its processes share; empty before it starts and once it was killed."""
        return self._namespace.name if self._namespace else ""

    async def start(self) -> None:
        """Start it; returns when it runs. Raises ``InputError`` if the system would not, ``PlaneError`` if the sandbox failed."""
        ours, theirs = socket.socketpair()
        command = self.command
        with theirs, self._output.open("ab") as output:
            child = await asyncio.create_subprocess_exec(
                *launcher_argv(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        try:
            writer.write(plan_line(command.way_in, command.argv, command.environment))
            await read_answer(reader, "ready")
            writer.write(b"go\n")
            pid = (await read_answer(reader, "started"))["started"]
        except CommandRefused as refused:
            raise InputError(f"program {command.label}: {command.argv[0]}: {refused.strerror}") from refused
        self._namespace = HeldNamespace(pid)
        self._life = asyncio.ensure_future(self._follow(child, reader, writer))

    async def _follow(
        self, child: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            code = os.waitstatus_to_exitcode((await read_answer(reader, "status"))["status"])
        finally:
            writer.close()
            await child.wait()
        if not self._killed:
            self._on_end(self, code if code >= 0 else 128 - code)

    async def kill(self) -> None:
        """End it and its children at once; returns when they are gone. Nothing happens to one that has ended."""
        self._killed = True
        gone: set[int] = set()
        while pids := {pid for pid, _ in processes_in(frozenset({self.namespace}))} - gone:
            for pid in pids:
                await _kill(pid)
            gone |= pids
        if self._life:
            await self._life
        if self._namespace:
            self._namespace.close()


async def _kill(pid: int) -> None:
    """Kill a process and wait for its end, which its pidfd tells (pidfd_open(2))."""
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(pidfd, ended.set)
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        await ended.wait()
    except ProcessLookupError:
        pass
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
