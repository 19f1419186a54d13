"""What becomes of a system after outages of many lengths at many loads, all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from chaoskit.cascade.system.fluid import Fluid
from chaoskit.cascade.system.model import System
from chaoskit.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOON_TIMEOUTS = 10.0
"""A recovery within so many of the longest time-out after the outage's end is in time; a later one is late."""

WATCHED_TIMEOUTS = 30.0
"""How long the longest outage is watched after its end, in the longest time-out."""

DRAINING = -0.005
"""Work under way that shrinks by more than this share in the last fifth of the time is on its way to a recovery."""


class Fate(IntEnum):
    """What becomes of one cell."""

    RECOVERS = 0
    LATE = 1
    NEVER = 2
    UNWELL = 3
    """Not well even without an outage."""


FATE_WORDS = {
    Fate.RECOVERS: "recovers",
    Fate.LATE: "recovers late",
    Fate.NEVER: "never recovers",
    Fate.UNWELL: "not well even without an outage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """``fates`` and ``lags_s`` are indexed [outage, load]; both axes ascend."""

    system: System
    loads_per_s: NDArray[Any]
    outages_s: NDArray[Any]
    fates: NDArray[Any]
    lags_s: NDArray[Any]
    watched_s: float

    def share(self, fate: Fate) -> float:
        """How much of the map has this fate."""
        return float((self.fates == fate).mean())


CellsOf: TypeAlias = "Callable[[System, NDArray[Any], NDArray[Any], float], tuple[NDArray[Any], NDArray[Any]]]"
"""What computes cells: see ``cells_here``."""


def watch_s(system: System, longest_outage_s: float) -> float:
    """Until when cells are watched, from the outage's beginning."""
    return longest_outage_s + WATCHED_TIMEOUTS * system.longest_timeout_ns() / SECOND


def fates(system: System, loads: NDArray[Any], outages_s: NDArray[Any]) -> NDArray[Any]:
    """The fate of each pair of ``loads`` and ``outages_s`` (arrays of equal length), and nothing of ``Fate.UNWELL``."""
    return cells_here(system, loads, outages_s, watch_s(system, float(outages_s.max())))[0]


def stuck(system: System, loads: NDArray[Any], outages_s: NDArray[Any], noise: int) -> NDArray[Any]:
    """Which of the pairs answer fewer than half of their calls well at the end of the watch, with random arrivals and service."""
    outcome, _ = Fluid(system, loads, outages_s, noise=noise).run(watch_s(system, float(outages_s.max())))
    fails: NDArray[Any] = outcome.good_share < 0.5
    return fails


def cells_here(
    system: System, loads: NDArray[Any], outages_s: NDArray[Any], until_s: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The fate of each pair of ``loads`` and ``outages_s``, watched ``until_s``, and the lag of its recovery in seconds."""
    import numpy as np

    outcome, _ = Fluid(system, loads, outages_s).run(until_s)
    soon = SOON_TIMEOUTS * system.longest_timeout_ns() / SECOND
    fate = np.where(outcome.lag_s <= soon, Fate.RECOVERS, Fate.LATE)
    hopeless = ~outcome.well & (outcome.drift > DRAINING)
    return np.where(hopeless, Fate.NEVER, fate), outcome.lag_s


def draw_grid(
    system: System,
    *,
    size: int = 100,
    longest_outage_s: float | None = None,
    most_load_per_s: float | None = None,
    cells_of: CellsOf = cells_here,
) -> Grid:
    """A map of ``size`` × ``size`` cells: outages up to six times the system's own, loads up to what fills its bottleneck.

    ``cells_of`` computes them, here by default.
    """
    import numpy as np

    own_s = system.outage.for_ns / SECOND
    longest = longest_outage_s or max(6 * own_s, SOON_TIMEOUTS * system.longest_timeout_ns() / SECOND / 2)
    most = most_load_per_s or system.most_load_per_s()
    loads = most * (np.arange(size) + 0.5) / size
    outages = longest * (np.arange(size) + 1) / size
    load_cells, outage_cells = np.meshgrid(loads, outages)
    until = watch_s(system, longest)
    fate, lag = cells_of(system, load_cells.ravel(), outage_cells.ravel(), until)
    without, _ = Fluid(system, loads, np.zeros(size)).run(until)
    fate = fate.reshape(size, size)
    fate[:, ~without.well] = Fate.UNWELL
    return Grid(
        system=system,
        loads_per_s=loads,
        outages_s=outages,
        fates=fate,
        lags_s=lag.reshape(size, size),
        watched_s=until,
    )
