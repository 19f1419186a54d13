"""The calls of one probe: when they fall due, how long they may last, and what became of each, told call by call."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from chaoskit.child import Child
from chaoskit.clients.errors import error_chain
from chaoskit.clients.probe import ProbePlan
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, WallClock
from chaoskit.journal.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallStarted,
    ClientReady,
    ErrorLink,
    Result,
)
from chaoskit.units import format_duration

MOST_LOOKUPS = 256
"""Threads for lookups: one that hangs for 10 s must not keep other calls from theirs."""


class UnexpectedAnswerError(Exception):
    """There was an answer, and it is not what the file expects; ``status`` where it has one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Progress:
    """What a call is at, for the message of one that is given up."""

    def __init__(self, call: str) -> None:
        self.call = call
        self.doing = "waiting for its turn"


class ProbeWorkload:
    """A probe that is prepared; a subclass says how it asks."""

    ERRORS: ClassVar[tuple[type[Exception], ...]] = (OSError,)
    """What asking may raise when the service, or the way to it, is at fault. Anything else is a failure of the probe itself."""

    def __init__(self, child: Child, plan: ProbePlan, operation: str, settings: Mapping[str, str]) -> None:
        self._child, self._plan, self._clock = child, plan, WallClock()
        self._operation, self._settings = operation, settings
        self._run = secrets.token_hex(4)
        self._given_up: set[asyncio.Task[int | None]] = set()

    def versions(self) -> dict[str, str]:
        """The libraries that are in the path."""
        return {}

    async def ask(self, progress: Progress) -> int | None:
        """Make one call; returns the status of its answer, None where the protocol has none. Raises one of ``ERRORS``."""
        raise NotImplementedError

    def ready(self) -> ClientReady:
        """What is tested."""
        plan = self._plan
        pace = {
            "connection": plan.connection,
            "every": format_duration(plan.every_ns),
            "timeout": format_duration(plan.timeout_ns),
        }
        more = {"concurrency": str(plan.concurrency)} if plan.concurrency > 1 else {}
        return ClientReady(
            at=self._clock.now(),
            client=plan.client,
            use=plan.use(),
            pid=os.getpid(),
            versions=self.versions(),
            settings={**self._settings, **pace, **more},
            every_ns=plan.every_ns,
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Make all calls of the run, and end the process: a lookup that still hangs has nobody to wait for it."""
        plan = self._plan
        threads = min(MOST_LOOKUPS, plan.concurrency + 4)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="lookup"))
        period = plan.every_ns * plan.concurrency
        lanes = [Lane(period, number * plan.every_ns) for number in range(plan.concurrency)]
        await drive(lanes, self._clock, origin, ends, self.call)
        self._child.leave(0)

    async def call(self, slot: Slot) -> None:
        """Make one call, and tell what became of it."""
        client, now, name = self._plan.client, self._clock.now, f"{self._plan.client}-{self._run}-{slot.number}"
        began = now()
        self._child.emit(
            CallStarted(
                at=began,
                client=client,
                call=slot.number,
                operation=self._operation,
                due=slot.due,
                concurrent=slot.concurrent,
            )
        )
        self._child.emit(AttemptStarted(at=began, client=client, call=slot.number, attempt=1, invocation=name))
        status, errors = await self._outcome(Progress(name), began)
        ended = now()
        result: Result = "failed" if errors else "ok"
        self._child.emit(
            AttemptFinished(
                at=ended,
                client=client,
                call=slot.number,
                attempt=1,
                result=result,
                latency_ns=ended - began,
                status=status,
                error=errors[0].type if errors else None,
            )
        )
        self._child.emit(CallFinished(at=ended, client=client, call=slot.number, result=result, errors=errors))

    async def _outcome(self, progress: Progress, began: Instant) -> tuple[int | None, tuple[ErrorLink, ...]]:
        """The status of the answer, and what was wrong; nothing where the call succeeded."""
        plan = self._plan
        asking = asyncio.ensure_future(self.ask(progress))
        done, _ = await asyncio.wait((asking,), timeout=plan.timeout_ns / 1e9)
        if not done:
            self._give_up(asking)
            message = f"not done within {format_duration(plan.timeout_ns)}; it was {progress.doing}"
            return None, (ErrorLink(type="TimeoutError", message=message),)
        try:
            status = asking.result()
        except UnexpectedAnswerError as error:
            return error.status, error_chain(error)
        except self.ERRORS as error:
            return None, error_chain(error)
        length = self._clock.now() - began
        if plan.latency_ns is not None and length > plan.latency_ns:
            message = f"answered after {format_duration(length)}, where {format_duration(plan.latency_ns)} are allowed"
            return status, (ErrorLink(type="TooSlow", message=message),)
        return status, ()

    def _give_up(self, asking: asyncio.Task[int | None]) -> None:
        """Let go of a call without waiting for its end: a library may take seconds to notice that it is cancelled."""
        self._given_up.add(asking)
        asking.add_done_callback(self._forget)
        asking.cancel()

    def _forget(self, asking: asyncio.Task[int | None]) -> None:
        self._given_up.discard(asking)
        if not asking.cancelled():
            asking.exception()  # it came too late to matter
