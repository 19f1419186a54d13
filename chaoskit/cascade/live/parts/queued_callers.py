"""``queued_callers``: the callers of a system of services and queues, as one process. Fresh calls come in a Poisson stream.

Each fresh call is told as a call, with all its tries: *ok* when one of them was answered well in time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chaoskit.cascade.live.queued_world import LOAD_LEVEL, QueuedWorld
from chaoskit.cascade.live.settings import Settings
from chaoskit.cascade.live.stage import Stage
from chaoskit.cascade.system.events import Caller
from chaoskit.cascade.system.model import USERS
from chaoskit.cascade.system.plain import system_of
from chaoskit.units import SECOND, Duration


class NotAnsweredError(Exception):
    """No try of a call was answered well in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedCallers(Settings):
    """``system`` is the plain data of a file of kind ``cascade-system``. Its outage begins ``warm`` after the start."""

    system: dict[str, Any] = field(default_factory=dict)
    warm: Duration = 10 * SECOND

    async def play(self, stage: Stage) -> None:
        """Call until the end."""
        system = system_of(self.system)
        world = QueuedWorld(stage, system)
        await world.call_out([system.callers.to])
        callers = Caller(world, USERS, system.callers)
        begins = stage.origin + self.warm
        over = begins + system.outage.for_ns

        def arrive_later() -> None:
            times = system.outage.load_times if begins <= world.heap.now < over else 1.0
            stage.level(LOAD_LEVEL, times)
            gap = world.rng.expovariate(system.load_per_s * times)
            world.heap.at(world.heap.now + round(gap * SECOND), arrive)

        def arrive() -> None:
            arrive_later()
            number = stage.call_started("call")
            callers.call(
                lambda ok: stage.call_finished(number, None if ok else NotAnsweredError("no try was answered in time"))
            )

        await stage.until(stage.origin)
        world.heap.now = max(world.heap.now, stage.origin)
        arrive_later()
        await world.play()
