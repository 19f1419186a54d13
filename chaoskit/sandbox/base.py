"""What the sandboxes share: the keeper, and the world that a run's processes are told of."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from chaoskit.errors import SandboxError

ProcessAction: TypeAlias = Literal["pause", "resume", "kill"]

REAPER = Path(__file__).with_name("reaper.py")
CLEAN_UP_WITHIN_S = 20.0
"""How long a keeper may take to end. One that takes longer, or was stopped or killed, is killed, and another does its work."""


class LocalProcesses:
    """What sandboxes have in common whose processes are this machine's: plans are taken as they are, and signals do."""

    has_own_clients = False

    def adapt(self, name: str, plan: dict[str, Any]) -> dict[str, Any]:
        """The plan of the process ``name``, unchanged."""
        return plan

    async def act(self, name: str, action: ProcessAction) -> bool:
        """False: a signal will do."""
        return False


@dataclass(frozen=True, slots=True)
class ReaperReady:
    """What the keeper answered: its pid as we see it, and whether ``::1`` exists where it lives."""

    pid: int
    ipv6: bool


class Reaper:
    """Our end of the keeper process. ``remove`` and ``empty`` are the folders that it destroys when we end, however we end.

    ``last`` are commands that it runs before, to take away what is not a process of ours (containers).
    """

    def __init__(self, remove: list[Path], empty: list[Path], last: list[list[str]] | None = None) -> None:
        self._remove = [str(path) for path in remove]
        self._empty = [str(path) for path in empty]
        self._last = last or []
        self._process: asyncio.subprocess.Process | None = None

    async def start(
        self, prefix: list[str], *, namespace: bool, binds: list[tuple[str, str]], addresses: Sequence[str] = ()
    ) -> ReaperReady:
        """Start it behind ``prefix`` (the command that makes its namespaces).

        Raises ``SandboxError`` with the reason; the folders then still stand, for another try.
        """
        # The plan is an argument, so that the keeper has it even if we are killed as soon as it exists.
        world = {"namespace": namespace, "binds": binds, "addresses": list(addresses)}
        command = [*prefix, *_keeper(self._plan() | world)]
        pipe = asyncio.subprocess.PIPE
        try:
            # A session of its own, so that no signal sent to our group or terminal takes the cleaner away with us.
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True, cwd="/"
            )
        except OSError as error:
            raise SandboxError(f"cannot start {command[0]}: {error.strerror}") from error
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": await self._complaint()}
        if "error" in answer:
            await self.release()
            raise SandboxError(answer["error"])
        return ReaperReady(**answer)

    async def release(self) -> None:
        """End it and what runs in its namespaces; the folders still stand, for another try."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(b"the folders are ours\n")
        await self._end()

    async def _complaint(self) -> str:
        assert self._process is not None
        assert self._process.stderr is not None
        text = (await self._process.stderr.read()).decode(errors="replace").strip()
        return text.splitlines()[-1] if text else f"the keeper ended with code {await self._process.wait()}"

    def _plan(self) -> dict[str, Any]:
        return {"remove": self._remove, "empty": self._empty, "last": self._last}

    async def stop(self) -> None:
        """Let it clean up, and wait until it has; safe to call again. One that cannot any more is replaced."""
        if self._process is not None and await self._end() != 0:
            await asyncio.to_thread(clean_up, self._plan())

    async def _end(self) -> int:
        """End the process; returns its exit code."""
        process, self._process = self._process, None
        assert process is not None
        assert process.stdin is not None
        _signal(process.pid, signal.SIGCONT)  # whoever stopped it did not mean that we wait for ever
        process.stdin.close()
        try:
            return await asyncio.wait_for(process.wait(), CLEAN_UP_WITHIN_S)
        except TimeoutError:
            _signal(process.pid, signal.SIGKILL)
            return await process.wait()


def _signal(group: int, number: int) -> None:
    """Send a signal to a keeper's session, which is the keeper and what made its namespaces."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _keeper(plan: dict[str, Any]) -> list[str]:
    return [sys.executable, "-I", "-S", str(REAPER), json.dumps(plan)]


def clean_up(plan: dict[str, Any]) -> None:
    """What a keeper does at its end, now."""
    command = _keeper(plan | {"namespace": False, "binds": []})
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")


class Guard:
    """A keeper for code without an event loop and without namespaces, and for the time before a sandbox has its own.

    It is begun before the folders are made: whatever ends us, then or later, it destroys those of ``remove``, and of ``empty`` those in
    which nothing is.
    """

    def __init__(self, remove: list[Path], empty: list[Path]) -> None:
        self._plan = {"remove": list(map(str, remove)), "empty": list(map(str, empty))}
        command = _keeper(self._plan | {"namespace": False, "binds": []})
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=pipe, stdout=nothing, start_new_session=True, cwd="/")

    def release(self) -> None:
        """End it; the folders still stand, for another keeper has them now. Safe to call again."""
        self._end(b"the folders are ours\n")

    def close(self) -> None:
        """Let it clean up, and wait until it has; one that cannot any more is replaced. Safe to call again."""
        if self._end() != 0:
            clean_up(self._plan)

    def _end(self, word: bytes = b"") -> int:
        """End the process; returns its exit code."""
        if self._process.returncode is None:
            _signal(self._process.pid, signal.SIGCONT)  # whoever stopped it did not mean that we wait for ever
            try:
                self._process.communicate(word, CLEAN_UP_WITHIN_S)
            except subprocess.TimeoutExpired:
                _signal(self._process.pid, signal.SIGKILL)
        return self._process.wait()
