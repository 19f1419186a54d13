"""The canary's process: the system's own resolver, asked again and again for one name."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import socket
import threading
import time
from typing import Any

from chaoskit.child import Child
from chaoskit.clients.canary import PATIENCE_NS, Canary
from chaoskit.clients.process import play
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, WallClock
from chaoskit.journal.events import WORK_NS, CanaryChecked, ClientReady
from chaoskit.units import SECOND, format_duration


class Looks:
    """Every look at the canary name, journalled when it ends: ``at`` is its end, ``at - latency_ns`` its beginning."""

    def __init__(self, child: Child, plan: Canary) -> None:
        self._child, self._plan, self._clock = child, plan, WallClock()

    def ready(self) -> ClientReady:
        """What looks, and how often."""
        return ClientReady(
            at=self._clock.now(),
            client=self._plan.client,
            use="canary",
            pid=os.getpid(),
            versions={"python": platform.python_version()},
            settings={"name": self._plan.name, "every": format_duration(self._plan.every_ns)},
            every_ns=self._plan.every_ns,
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Look until the run ends."""
        await drive([Lane(self._plan.every_ns)], self._clock, origin, ends, self._look)

    async def _look(self, slot: Slot) -> None:
        started = self._clock.now()
        limit = self._plan.every_ns + PATIENCE_NS
        try:
            ok, detail = await asyncio.wait_for(_resolve(self._plan.name), limit / SECOND)
        except TimeoutError:
            ok, detail = False, f"no answer within {format_duration(limit)}"
        now = self._clock.now()
        self._child.emit(
            CanaryChecked(
                at=now, name=self._plan.name, ok=ok, detail=detail, latency_ns=now - started, work_ns=_work()
            ),
        )


def _work() -> int:
    """Nanoseconds that ``WORK_NS`` of processor time take here: as many on an idle machine, ten times that if ten want each processor.

    It is longer than the first turn that a scheduler gives a program which has slept.
    """
    began, worked = time.monotonic_ns(), time.thread_time_ns()
    while time.thread_time_ns() - worked < WORK_NS:
        pass
    return time.monotonic_ns() - began


async def _resolve(name: str) -> tuple[bool, str]:
    """Ask the system's resolver on a thread that nobody waits for: a look that hangs must not hold up the process."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[tuple[bool, str]] = loop.create_future()

    def settle(result: tuple[bool, str]) -> None:
        if not answered.done():  # the look was given up
            answered.set_result(result)

    def look() -> None:
        result = _lookup(name)
        with contextlib.suppress(RuntimeError):  # the run is over and its loop closed
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=look, name="look", daemon=True).start()
    return await answered


def _lookup(name: str) -> tuple[bool, str]:
    """Whether ``name`` resolves, and to what or why not. Asks for A and AAAA, as an application does."""
    try:
        addresses = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
    except OSError as error:
        return False, f"{type(error).__name__} {error.errno}: {error.strerror}"
    return bool(addresses), ", ".join(sorted({str(address[0]) for *_, address in addresses}))


def main() -> None:
    """Read the plan, become ready, and look until told otherwise."""

    def make(child: Child, given: dict[str, Any]) -> Looks:
        import encodings.idna  # noqa: F401 - what the first lookup would load

        return Looks(child, Canary(**given))

    play(make)


if __name__ == "__main__":
    main()
