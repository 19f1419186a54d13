"""What a part is given to live with: its time, its draws, and the ways to tell the journal what it lives through."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from chaoskit.cascade.draws import Stream, base_key
from chaoskit.cascade.live.schedule import LoopSchedule
from chaoskit.clients.errors import error_chain
from chaoskit.clock import Instant
from chaoskit.journal.events import CallFinished, CallStarted, Event, LevelMeasured, UserOutcome, UserServed


class Stage:
    """One run of one part, from ``origin`` until ``ends``. ``send`` hands an event to the journal."""

    def __init__(
        self, client: str, region: str, *, origin: Instant, ends: Instant, seed: int, send: Callable[[Event], Any]
    ) -> None:
        self.client, self.region, self.origin, self.ends, self.seed = client, region, origin, ends, seed
        self.schedule = LoopSchedule()
        self.emit = send
        self._levels: dict[str, float] = {}
        self._calls = itertools.count(1)
        self._orders: dict[str, Callable[[], object]] = {}

    def stream(self, purpose: str, entity: int = 0) -> Stream:
        """The draws of one entity of this part, for one purpose; the same in every run of one seed."""
        return Stream(base_key(self.seed, f"{self.client} {purpose}"), entity)

    def obeys(self, **orders: Callable[[], object]) -> None:
        """Say what an operator can order of this part, by name with ``_`` for ``-``; each is one of its kind's ``ORDERS``."""
        self._orders |= {name.replace("_", "-"): act for name, act in orders.items()}

    def obey(self, order: str) -> None:
        """Do what an operator ordered; one that this part does not know is passed over: the scenario's file was checked."""
        self._orders.get(order, lambda: None)()

    async def until(self, instant: Instant) -> None:
        """Return at ``instant``, at once if it is past."""
        while (left := instant - self.schedule.now) > 0:
            await asyncio.sleep(left / 1e9)

    def level(self, name: str, value: float) -> None:
        """Tell a level, if it has changed."""
        if self._levels.get(name) != value:
            self._levels[name] = value
            self.emit(LevelMeasured(at=self.schedule.now, client=self.client, name=name, value=float(value)))

    def served(
        self, unit: str, wanted_at: Instant, outcome: UserOutcome, because: str = "", amount: float = 1.0
    ) -> None:
        """Tell what became of a user's wish."""
        self.emit(
            UserServed(
                at=self.schedule.now,
                client=self.client,
                unit=unit,
                wanted_at=wanted_at,
                outcome=outcome,
                amount=amount,
                because=because,
            )
        )

    def call_started(self, operation: str) -> int:
        """Tell that a call begins; the number that it ends by."""
        number = next(self._calls)
        now = self.schedule.now
        self.emit(CallStarted(at=now, client=self.client, call=number, operation=operation, due=now, concurrent=True))
        return number

    def call_finished(self, number: int, error: BaseException | None) -> None:
        """Tell how a call ended."""
        self.emit(
            CallFinished(
                at=self.schedule.now,
                client=self.client,
                call=number,
                result="failed" if error else "ok",
                errors=error_chain(error) if error else (),
            )
        )
