"""The gate at which a run waits for a facilitator's go, and the calls that are under way when a held run ends."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from chaoskit.clock import Instant
from chaoskit.journal.events import CallFinished, CallStarted, Entry


class HoldGate:
    """Shut while the run is held. Whoever may say go has it: a console, a terminal, ``chaoskit go``. For the run's own event loop."""

    def __init__(self) -> None:
        self._waiting: asyncio.Future[str] | None = None

    async def wait(self) -> str:
        """Return when somebody says go: who it was."""
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            return await self._waiting
        finally:
            self._waiting = None

    def release(self, by: str) -> bool:
        """Say go, as ``by``; False where the run is not held now, and nothing happens."""
        if self._waiting is None or self._waiting.done():
            return False
        self._waiting.set_result(by)
        return True


class OpenCalls:
    """A listener of the journal that knows which calls are under way.

    How long a held run takes is not known when its clients are told their end, so they go on calling until they are stopped.
    """

    def __init__(self) -> None:
        self._open: dict[Hashable, Instant] = {}
        self._changed = asyncio.Event()

    def __call__(self, entry: Entry) -> None:
        event = entry.event
        if isinstance(event, CallStarted):
            self._open[event.client, event.call] = event.at
        elif isinstance(event, CallFinished):
            self._open.pop((event.client, event.call), None)
            self._changed.set()

    async def ended(self, before: Instant) -> None:
        """Return when every call that began before this instant has ended."""
        while any(started < before for started in self._open.values()):
            self._changed.clear()
            await self._changed.wait()
