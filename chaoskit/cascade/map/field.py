"""The vector field of a bottleneck: where (waiting, outstanding retries) drifts to once the outage is over, and the line in between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.system.chain import mean_sleep_s
from chaoskit.cascade.system.model import Call, Service, System
from chaoskit.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

ARROWS = 16
ROWS = 24


@dataclass(frozen=True, slots=True)
class Field:
    """Drift a second at a grid of ``waiting`` × ``retrying``; ``edge``: for some numbers of retries, the least queue that does not drain.

    ``note`` says why there is no field, or what it leaves out.
    """

    waiting: NDArray[Any]
    retrying: NDArray[Any]
    waiting_drift: NDArray[Any]
    retrying_drift: NDArray[Any]
    edge: tuple[tuple[float, float], ...]
    service: str
    note: str


def draw_field(system: System, load_per_s: float) -> Field:
    """The field at the bottleneck; empty, with a ``note``, where two numbers do not describe it."""
    import numpy as np

    name = system.bottleneck()
    service = system.services[name]
    calls = [call for _, call in system.edges() if call.to == name]
    call = max(calls, key=lambda call: call.tries)
    nothing = np.zeros(0)
    empty = (nothing, nothing, nothing.reshape(0, 0), nothing.reshape(0, 0), ())
    reasons = {
        "nobody retries": call.tries == 1,
        f"{name} serves the newest first": service.order == "lifo",
        f"{name} drops abandoned work": service.drops_abandoned,
    }
    for reason, holds in reasons.items():
        if holds:
            return Field(*empty, name, f"not drawn: {reason}")
    flow = _Flow(service, call, load_per_s * system.visits()[name])
    most_waiting = float(service.queue or 2 * flow.tip_waiting())
    most_retrying = max(4.0, 1.5 * flow.fresh * flow.back_s * (call.tries - 1))
    waiting = np.linspace(0, most_waiting, ARROWS)
    retrying = np.linspace(0, most_retrying, ARROWS)
    q, r = np.meshgrid(waiting, retrying)
    drifts = flow.drift(q, r)
    rows = np.linspace(0, most_retrying, ROWS)
    least = flow.least_waiting_that_stays(rows, most_waiting)
    edge = tuple((float(a), float(b)) for a, b in zip(least, rows, strict=True) if not math.isnan(a))
    note = "" if len(system.services) == 1 else f"of {name} alone: the other services are taken as well"
    return Field(waiting, retrying, *drifts, edge, name, note)


class _Flow:
    """Two rates of change: of what waits and of the retries under way."""

    def __init__(self, service: Service, call: Call, fresh_per_s: float) -> None:
        self.service, self.call, self.fresh = service, call, fresh_per_s
        self.timeout_s = call.timeout_ns / SECOND
        self.back_s = self.timeout_s + mean_sleep_s(call.back_off, 1)
        self.again = (call.tries - 2) / (call.tries - 1)

    def tip_waiting(self) -> float:
        """The queue whose wait is the time-out."""
        return max(4.0, self.service.capacity_per_s * self.timeout_s)

    def drift(self, q: NDArray[Any], r: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """By the fluid's law for the share that is in time."""
        import numpy as np

        rate = self.service.capacity_per_s
        pieces = q + 1 if self.service.law == "exponential" else np.full_like(q, 0.25)
        with np.errstate(over="ignore"):
            in_time = 1 / (1 + np.exp(-1.702 * (self.timeout_s * rate - q - 1) / np.sqrt(pieces)))
        arriving = self.fresh + r / self.back_s
        refused = np.zeros_like(q)
        if self.service.shedding:
            marks = self.service.shedding
            refused = np.clip((q - marks.low) / (marks.high - marks.low), 0, 1)
        if self.service.queue is not None:
            over = np.maximum(0.0, arriving * (1 - refused) - rate) / arriving
            refused = np.where(q >= self.service.queue - 0.5, refused + over, refused)
        fails = 1 - (1 - refused) * in_time
        served = np.where(q > 0, rate, np.minimum(rate, arriving))
        change = arriving * (1 - refused) - served
        retries = self.fresh * fails - r / self.back_s * (1 - self.again * fails)
        return change, retries

    def least_waiting_that_stays(self, r: NDArray[Any], most: float) -> NDArray[Any]:
        """For each number of retries the least queue, up to ``most``, that does not drain; NaN where every one drains."""
        import numpy as np

        low, high = np.zeros_like(r), np.full_like(r, most)
        stays = ~self._drains(high, r)
        for _ in range(14):
            middle = (low + high) / 2
            drains = self._drains(middle, r)
            low, high = np.where(drains, middle, low), np.where(drains, high, middle)
        return np.where(stays, high, np.nan)

    def _drains(self, q: NDArray[Any], r: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        dt = self.back_s / 25
        bound = math.inf if self.service.queue is None else self.service.queue
        for _ in range(25 * 40):
            dq, dr = self.drift(q, r)
            q, r = np.clip(q + dt * dq, 0, bound), np.maximum(0, r + dt * dr)
        drained: NDArray[Any] = q < self.tip_waiting() / 2
        return drained
