"""The line between outages that a system survives and those that tip it, by bisection; and how sharp it is, by noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.map.grid import Fate, Grid, fates, stuck
from chaoskit.cascade.system.model import System
from chaoskit.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDS = 3
SECTIONS = 8
BAND_LOADS, BAND_LENGTHS, BAND_SEEDS = 16, 16, 20


@dataclass(frozen=True, slots=True)
class Tip:
    """At ``load_per_s`` an outage of ``outage_s`` (known to ± ``within_s``) is the first that the system does not recover from."""

    load_per_s: float
    outage_s: float
    within_s: float


@dataclass(frozen=True, slots=True)
class Band:
    """With random arrivals and service at ``load_per_s``: from outages of these lengths (seconds) 5, 50 and 95 % of plays never recover.

    None: not reached on the map.
    """

    load_per_s: float
    low_s: float | None
    middle_s: float | None
    high_s: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """``tips``: a load each where there is one. ``steady``: once tipped by a longer outage, always tipped, at every load."""

    tips: tuple[Tip, ...]
    band: tuple[Band, ...]
    steady: bool


def find_line(grid: Grid, seed: int = 1) -> Line:
    """Bisect each load's column of ``grid``, several loads at once, and play noisy copies around it."""
    import numpy as np

    never = grid.fates == Fate.NEVER
    columns = np.flatnonzero(never.any(axis=0))
    first = never[:, columns].argmax(axis=0)
    steady = bool((never[:, columns].sum(axis=0) == len(grid.outages_s) - first).all())
    high = grid.outages_s[first]
    low = np.where(first > 0, grid.outages_s[np.maximum(first - 1, 0)], 0.0)
    loads = grid.loads_per_s[columns]
    for _ in range(ROUNDS if len(columns) else 0):
        places = low[:, None] + (high - low)[:, None] * (np.arange(1, SECTIONS) / SECTIONS)[None, :]
        cells = np.repeat(loads, SECTIONS - 1)
        tipped = (fates(grid.system, cells, places.ravel()) == Fate.NEVER).reshape(places.shape)
        edges = np.column_stack([low, places, high])
        index = np.where(tipped.any(axis=1), tipped.argmax(axis=1), SECTIONS - 1)
        rows = np.arange(len(loads))
        low, high = edges[rows, index], edges[rows, index + 1]
    tips = tuple(
        Tip(float(load), float((a + b) / 2), float((b - a) / 2)) for load, a, b in zip(loads, low, high, strict=True)
    )
    return Line(tips, _band(grid, seed) if tips else (), steady)


def _band(grid: Grid, seed: int) -> tuple[Band, ...]:
    import numpy as np

    well = np.flatnonzero((grid.fates != Fate.UNWELL).all(axis=0) & (grid.loads_per_s >= 0.2 * grid.loads_per_s[-1]))
    chosen = np.unique(well[np.linspace(0, len(well) - 1, min(BAND_LOADS, len(well))).round().astype(int)])
    loads = grid.loads_per_s[chosen]
    lengths = np.geomspace(grid.outages_s[0], grid.outages_s[-1], BAND_LENGTHS)
    cells = np.repeat(loads, BAND_LENGTHS * BAND_SEEDS)
    outages = np.tile(np.repeat(lengths, BAND_SEEDS), len(loads))
    never = stuck(grid.system, cells, outages, seed)
    shares = never.reshape(len(loads), BAND_LENGTHS, BAND_SEEDS).mean(axis=2)
    return tuple(
        Band(float(load), *(_crossing(lengths, row, level) for level in (0.05, 0.5, 0.95)))
        for load, row in zip(loads, shares, strict=True)
    )


def _crossing(lengths: NDArray[Any], shares: NDArray[Any], level: float) -> float | None:
    """Where the share, made to rise, first reaches ``level``; between two lengths by a straight line."""
    import numpy as np

    rising = np.maximum.accumulate(shares)
    above = np.flatnonzero(rising >= level)
    if not len(above):
        return None
    at = int(above[0])
    if at == 0:
        return float(lengths[0])
    step = rising[at] - rising[at - 1]
    return float(lengths[at - 1] + (lengths[at] - lengths[at - 1]) * (level - rising[at - 1]) / step)


def vulnerable_from(line: Line) -> float | None:
    """The least load at which some outage on the map tips the system."""
    return min((tip.load_per_s for tip in line.tips), default=None)


def own_tip(system: System, line: Line) -> Tip | None:
    """The tip at the load nearest to the system's own, if that load is vulnerable."""
    own = system.load_per_s
    nearest = min(line.tips, key=lambda tip: abs(tip.load_per_s - own), default=None)
    loads = sorted(tip.load_per_s for tip in line.tips)
    if nearest is None or not loads[0] * 0.98 <= own <= loads[-1] * 1.02:
        return None
    return nearest


def outage_s(system: System) -> float:
    """The system's own outage in seconds."""
    return system.outage.for_ns / SECOND
