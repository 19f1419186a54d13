"""The driver of process faults: sleeps until the timeline changes, and brings about what is to be then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chaoskit.clock import Clock, Instant
from chaoskit.journal.events import Event, InjectionApplied, InjectionLifted
from chaoskit.process.faults import ProcessControl
from chaoskit.process.plan import ProcessInjection
from chaoskit.timeline.injection import Timeline


class ProcessDriver:
    """Holds what is on. Each change is reported when the process has felt it."""

    def __init__(
        self,
        injections: tuple[ProcessInjection, ...],
        hands: ProcessControl,
        emit: Callable[[Event], object],
        clock: Clock,
    ) -> None:
        self._timeline = Timeline(injections)
        self._hands = hands
        self._emit = emit
        self._clock = clock
        self._on: dict[str, ProcessInjection] = {}

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Act until ``ends``; then let go on what still stands, so that it can end in good order."""
        self._timeline = self._timeline.anchored(origin)
        due = self._timeline.next_change(origin - 1)
        while due is not None and due < ends:
            await self._clock.sleep_until(due)
            await self._change(due)
            due = self._timeline.next_change(due)
        await self._clock.sleep_until(ends)
        await asyncio.gather(*(self._lift(injection, ends) for injection in list(self._on.values())))

    async def _change(self, due: Instant) -> None:
        wanted = {injection.id: injection for injection in self._timeline.active(due)}
        # All at once: an engine takes its time for each.
        await asyncio.gather(*(self._lift(one, due) for name, one in list(self._on.items()) if name not in wanted))
        await asyncio.gather(*(self._apply(one, due) for name, one in wanted.items() if name not in self._on))

    async def _apply(self, injection: ProcessInjection, due: Instant) -> None:
        self._on[injection.id] = injection
        await injection.fault.begin(self._hands, injection.where.process)
        self._emit(InjectionApplied(at=self._clock.now(), injection=injection.id, due=due))

    async def _lift(self, injection: ProcessInjection, due: Instant) -> None:
        del self._on[injection.id]
        await injection.fault.end(self._hands, injection.where.process)
        self._emit(InjectionLifted(at=self._clock.now(), injection=injection.id, due=due))
