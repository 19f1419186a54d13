"""``noop``: calls that succeed at once and touch nothing, so that a runner can be tested on nothing, in virtual time too."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Clock, Instant
from chaoskit.journal.events import CallFinished, CallStarted, ClientReady, Event
from chaoskit.units import MILLISECOND, format_duration

OPERATION = "Nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noop:
    """What the no-op client is told. Settings of other clients in its plan mean nothing to it and are left aside."""

    client: str
    every_ns: int = 250 * MILLISECOND

    @classmethod
    def from_json(cls, plan: dict[str, Any]) -> Noop:
        """The plan of a first line."""
        return cls(**{name: plan[name] for name in ("client", "every_ns") if name in plan})


class NoopClient:
    """The no-op client itself: give it a clock and somewhere to put its events."""

    def __init__(self, plan: Noop, clock: Clock, emit: Callable[[Event], object]) -> None:
        self._plan, self._clock, self._emit = plan, clock, emit

    def ready(self) -> ClientReady:
        """Its ready signal."""
        return ClientReady(
            at=self._clock.now(),
            client=self._plan.client,
            use="noop",
            pid=os.getpid(),
            versions={"python": platform.python_version()},
            settings={"every": format_duration(self._plan.every_ns)},
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Every call of the run."""
        await drive([Lane(self._plan.every_ns)], self._clock, origin, ends, self._call)

    async def _call(self, slot: Slot) -> None:
        plan, now = self._plan, self._clock.now
        self._emit(
            CallStarted(
                at=now(),
                client=plan.client,
                call=slot.number,
                operation=OPERATION,
                due=slot.due,
                concurrent=slot.concurrent,
            )
        )
        self._emit(CallFinished(at=now(), client=plan.client, call=slot.number, result="ok"))
