"""A map as one self-contained HTML file: the cells, the tipping line with its band, the vector field, the loop and the witnesses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chaoskit.cascade.map.atlas import Atlas, dispute_words, line_words, loop_words
from chaoskit.cascade.map.changes import COST_WORDS
from chaoskit.cascade.map.grid import FATE_WORDS, Fate, Grid
from chaoskit.cascade.rendering import render

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760.0, 500.0, 56.0, 12.0, 452.0
RIGHT = WIDTH - 12
TICKS = 5
LABEL_WIDTH, LABEL_HEIGHT = 60.0, 14.0


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


@dataclass(frozen=True, slots=True)
class Shade:
    """A rectangle of the field, the more opaque the less likely an escape is."""

    x: float
    y: float
    w: float
    h: float
    opacity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The map, in px; ``band_ends``: where each band begins, its share of plays, and the label's anchor."""

    cells: tuple[Cell, ...]
    tip: str
    bands: tuple[str, ...]
    own: tuple[float, float]
    band_ends: tuple[tuple[float, float, str, str], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = RIGHT
    bottom: float = BOTTOM


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChart:
    """The vector field, in px; ``half``: where the Markov chain's chance to escape is one half; ``shades``: that chance."""

    arrows: tuple[tuple[float, float, float, float], ...]
    edge: str
    half: str
    shades: tuple[Shade, ...]
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
        prospects=atlas.prospects.rows(),
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
    bands, band_ends = [], []
    for name, share, anchor in (("low_s", "5 %", "end"), ("middle_s", "50 %", "middle"), ("high_s", "95 %", "start")):
        ends = [(band.load_per_s, getattr(band, name)) for band in atlas.line.band]
        places = [(x(load), y(end)) for load, end in ends if end is not None]
        if len(places) > 1:
            bands.append(line_path(places))
            band_ends.append((places[0][0], max(TOP + 12, places[0][1] - 5), share, anchor))
    band_ends = apart(band_ends)
    load, outage = atlas.asked
    return Chart(
        cells=_runs(grid, size),
        tip=line_path(tips),
        bands=tuple(bands),
        band_ends=tuple(band_ends),
        own=(x(load), y(outage)),
        x_ticks=tuple(Tick(x(v), f"{v:.3g}") for v in _even(most_load)),
        y_ticks=tuple(Tick(y(v), f"{v:.3g} s") for v in _even(most_outage)),
    )


def apart(ends: Sequence[tuple[float, float, str, str]]) -> list[tuple[float, float, str, str]]:
    """The labels at the ends of bands, in their order, each moved up until it is clear of those before it."""
    placed: list[tuple[float, float, str, str]] = []
    for x, y, share, anchor in ends:
        clear = y
        while any(abs(x - other[0]) < LABEL_WIDTH and abs(clear - other[1]) < LABEL_HEIGHT for other in placed):
            clear -= LABEL_HEIGHT
        placed.append((x, clear, share, anchor))
    return placed


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
        return FieldChart(arrows=(), edge="", half="", shades=(), x_ticks=(), y_ticks=(), note=field.note)
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
        half=line_path([(x(q), y(r)) for q, r in atlas.prospects.half() if r <= most_r]),
        shades=_shades(atlas, x, y),
        x_ticks=tuple(Tick(x(v), f"{v:.3g}") for v in _even(most_q)),
        y_ticks=tuple(Tick(y(v), f"{v:.3g}") for v in _even(most_r)),
        note=field.note,
    )


def _shades(atlas: Atlas, x: Callable[[float], float], y: Callable[[float], float]) -> tuple[Shade, ...]:
    """The chance not to escape, as rectangles from one arrow's place to the next."""
    escape, field = atlas.prospects.escape, atlas.field
    if not len(escape):
        return ()
    shades = []
    for left, right in pairwise(field.waiting):
        for low, high in pairwise(field.retrying):
            q, r = round(float(left + right) / 2), min(round(float(low + high) / 2), escape.shape[1] - 1)
            if (lost := 1 - float(escape[q, r])) > 0.02:
                top, bottom = y(float(high)), y(float(low))
                shades.append(
                    Shade(x(float(left)), top, x(float(right)) - x(float(left)), bottom - top, round(0.4 * lost, 3))
                )
    return tuple(shades)


def line_path(points: Sequence[tuple[float, float]]) -> str:
    """An SVG path through ``points``; empty for fewer than two."""
    return "M" + " L".join(f"{x},{y}" for x, y in points) if len(points) > 1 else ""


def _even(most: float) -> list[float]:
    return [most * tick / TICKS for tick in range(TICKS + 1)]
