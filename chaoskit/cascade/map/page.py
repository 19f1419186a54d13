"""A map as one self-contained HTML file: the cells, the tipping line with its band, the vector field, the loop and the witnesses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.map.atlas import Atlas, dispute_words, line_words, loop_words
from chaoskit.cascade.map.changes import COST_WORDS
from chaoskit.cascade.map.grid import FATE_WORDS, Fate, Grid
from chaoskit.cascade.rendering import render
from chaoskit.cascade.system.chain import Chain, unfit

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760.0, 500.0, 56.0, 12.0, 452.0
RIGHT = WIDTH - 12
TICKS = 5


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of cells of one fate in one row."""

    fate: int
    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The map, in px."""

    cells: tuple[Cell, ...]
    tip: str
    bands: tuple[str, ...]
    own: tuple[float, float]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = RIGHT
    bottom: float = BOTTOM


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChart:
    """The vector field, in px; ``half``: where the Markov chain's chance to escape is one half."""

    arrows: tuple[tuple[float, float, float, float], ...]
    edge: str
    half: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    note: str
    width: float = WIDTH
    height: float = HEIGHT


def page_of(atlas: Atlas) -> str:
    """The page's HTML."""
    grid = atlas.grid
    return render(
        "map.html.j2",
        atlas=atlas,
        chart=_chart(atlas),
        field=_field(atlas),
        line_words=list(line_words(atlas)),
        loop_words=[line for line in loop_words(atlas) if not line.startswith((" ", "Every"))],
        disputes=dispute_words(atlas),
        fates=[{"number": int(f), "name": FATE_WORDS[f], "share": f"{grid.share(f):.0%}"} for f in Fate],
        fate_words=FATE_WORDS,
        costs=COST_WORDS,
    )


def _chart(atlas: Atlas) -> Chart:
    grid = atlas.grid
    size = len(grid.loads_per_s)
    most_load = float(grid.loads_per_s[-1] + grid.loads_per_s[0])
    most_outage = float(grid.outages_s[-1])

    def x(load: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * min(load, most_load) / most_load, 1)

    def y(outage: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * min(outage, most_outage) / most_outage, 1)

    tips = [(x(tip.load_per_s), y(tip.outage_s)) for tip in atlas.line.tips]
    bands = []
    for name in ("low_s", "middle_s", "high_s"):
        ends = [(band.load_per_s, getattr(band, name)) for band in atlas.line.band]
        bands.append(line_path([(x(load), y(end)) for load, end in ends if end is not None]))
    load, outage = atlas.asked
    return Chart(
        cells=_runs(grid, size),
        tip=line_path(tips),
        bands=tuple(path for path in bands if path),
        own=(x(load), y(outage)),
        x_ticks=tuple(Tick(x(v), f"{v:.3g}") for v in _even(most_load)),
        y_ticks=tuple(Tick(y(v), f"{v:.3g} s") for v in _even(most_outage)),
    )


def _runs(grid: Grid, size: int) -> tuple[Cell, ...]:
    """Neighbours of one fate in a row as one rectangle."""
    width, height = (RIGHT - LEFT) / size, (BOTTOM - TOP) / size
    cells = []
    for row in range(size):
        start = 0
        for column in range(1, size + 1):
            if column == size or grid.fates[row, column] != grid.fates[row, start]:
                y = BOTTOM - (row + 1) * height
                fate = int(grid.fates[row, start])
                cells.append(
                    Cell(
                        fate,
                        round(LEFT + start * width, 2),
                        round(y, 2),
                        round((column - start) * width + 0.3, 2),
                        round(height + 0.3, 2),
                    )
                )
                start = column
    return tuple(cells)


def _field(atlas: Atlas) -> FieldChart:
    field = atlas.field
    if not len(field.waiting):
        return FieldChart(arrows=(), edge="", half="", x_ticks=(), y_ticks=(), note=field.note)
    most_q, most_r = float(field.waiting[-1]), float(field.retrying[-1])

    def x(q: float) -> float:
        return round(LEFT + (RIGHT - LEFT - 20) * min(q, most_q) / most_q, 1)

    def y(r: float) -> float:
        return round(BOTTOM - 10 - (BOTTOM - TOP - 30) * min(r, most_r) / most_r, 1)

    arrows = []
    cell = (RIGHT - LEFT) / len(field.waiting)
    for row, r in enumerate(field.retrying):
        for column, q in enumerate(field.waiting):
            dx = float(field.waiting_drift[row, column]) / most_q * (RIGHT - LEFT)
            dy = -float(field.retrying_drift[row, column]) / most_r * (BOTTOM - TOP)
            length = math.hypot(dx, dy)
            if length < 1e-9:
                continue
            scale = cell * 0.7 * min(1.0, 0.35 + length / 200) / length
            x1, y1 = x(float(q)), y(float(r))
            arrows.append((x1, y1, round(x1 + dx * scale, 1), round(y1 + dy * scale, 1)))
    return FieldChart(
        arrows=tuple(arrows),
        edge=line_path([(x(q), y(r)) for q, r in field.edge]),
        half=line_path([(x(q), y(r)) for q, r in _half_escape(atlas) if r <= most_r]),
        x_ticks=tuple(Tick(x(v), f"{v:.3g}") for v in _even(most_q)),
        y_ticks=tuple(Tick(y(v), f"{v:.3g}") for v in _even(most_r)),
        note=field.note,
    )


def _half_escape(atlas: Atlas) -> list[tuple[float, float]]:
    """(waiting, retries) from where the chain is healthy before it collapses with chance one half; empty where it cannot be asked."""
    if unfit(atlas.system):
        return []
    escape, _ = Chain(atlas.system, atlas.asked[0]).hitting()
    columns: NDArray[Any] = escape < 0.5
    return [(float(columns[:, r].argmax()), float(r)) for r in range(escape.shape[1]) if columns[:, r].any()]


def line_path(points: Sequence[tuple[float, float]]) -> str:
    """An SVG path through ``points``; empty for fewer than two."""
    return "M" + " L".join(f"{x},{y}" for x, y in points) if len(points) > 1 else ""


def _even(most: float) -> list[float]:
    return [most * tick / TICKS for tick in range(TICKS + 1)]
