"""The supervisor's end of the arena: the process that serves the zone and holds the calls (``python -m chaoskit.hunt``)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from chaoskit.errors import HarnessError, PlaneError
from chaoskit.hunt.gate import CallKind, Via
from chaoskit.journal.codec import decode
from chaoskit.journal.events import HostedZoneChanged, ZoneChanged

LONGEST_LINE = 1 << 26
STOP_WITHIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that the arena holds, under its own ``number``; ``port`` is the sender's."""

    number: int
    port: int
    transport: Literal["udp", "tcp"]
    via: Via
    kind: CallKind
    what: str

    def is_repeat_of(self, earlier: Arrival) -> bool:
        """Whether a resolver that waits for the answer to ``earlier`` asks again, as it does after some seconds: no call of its own."""
        return self.via == earlier.via == "dns" and self.kind == earlier.kind == "read" and self.what == earlier.what


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of the call of that ``number``; see ``gate.Gate.answered``."""

    number: int
    result: str
    version: int
    changes: tuple[ZoneChanged | HostedZoneChanged, ...]


@dataclass(frozen=True, slots=True)
class Began:
    """A new run began; ``served`` has the records of each name of the hunted zones, in presentation form."""

    served: Mapping[str, Sequence[str]]


ArenaEvent: TypeAlias = Arrival | Answered | Began | HarnessError


class Arena:
    """The process, started and stopped. ``hear`` gets what it tells; a ``HarnessError`` among that is the end of the hunt."""

    def __init__(self, hear: Callable[[ArenaEvent], object]) -> None:
        self._hear = hear
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.get_running_loop().create_future()

    async def open(self, argv: Sequence[str], plan: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        """Start it and wait until it serves. Raises ``PlaneError`` if it ends before that."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=dict(environment),
            limit=LONGEST_LINE,
            start_new_session=True,
        )
        self._send(plan)
        self._reading = asyncio.ensure_future(self._read(self._process))
        await self._ready

    def begin(self) -> None:
        """Have a new run begin; every held call is forgotten."""
        self._send({"do": "begin"})

    def release(self, number: int, **order: Any) -> None:
        """Let a held call go; ``order`` as ``gate.Order`` has it."""
        self._send({"do": "release", "call": number, **order})

    @property
    def pids(self) -> list[int]:
        """Its process, and what entered the sandbox for it."""
        assert self._process is not None
        pid = self._process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            children = []
        return [pid, *map(int, children)]

    async def close(self) -> None:
        """Stop it; safe to call again."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()  # a child whose parent's end is closed ends at once
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        complaints = asyncio.ensure_future(process.stderr.read())
        while line := await process.stdout.readline():
            message = json.loads(line)
            if "ready" in message:
                self._ready.set_result(None)
            else:
                self._hear(event_of(message))
        text = (await complaints).decode(errors="replace").strip()
        failure = PlaneError(f"the arena ended: {text.splitlines()[-1] if text else 'it said nothing'}")
        if not self._ready.done():
            self._ready.set_exception(failure)
        self._hear(failure)


def event_of(message: Mapping[str, Any]) -> ArenaEvent:
    """A line of the arena."""
    if "call" in message:
        fields = {key: message[key] for key in ("transport", "via", "kind", "what")}
        return Arrival(message["call"], message["peer"][1], **fields)
    if "answered" in message:
        changes = tuple(decode(json.dumps(change)) for change in message["changes"])
        zone_changes = tuple(change for change in changes if isinstance(change, ZoneChanged | HostedZoneChanged))
        return Answered(message["answered"], message["result"], message["version"], zone_changes)
    if "began" in message:
        return Began(message["began"])
    return PlaneError(f"the arena failed: {message['failed']}")
