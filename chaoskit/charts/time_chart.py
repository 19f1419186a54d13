"""A chart over time: lines, or stacked bars, with the times of faults shaded. The console draws it each second, the report once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from chaoskit.charts.axis import Axis, Kind, log_axis, round_step

LEFT = 58
TOP = 8
BOTTOM = 22
RIGHT = 8
SERIES_MOST = 8
"""Styles there are: each has a colour, and a dash or a pattern of its own, so that no eye needs the colour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values over time. ``points`` are (seconds, value), in order; a value of None is a gap: nothing is known there.

    ``style`` is a word of the style sheet: s0 to s7, or a meaning: ok, failed, wait, unknown.
    """

    name: str
    style: str
    points: Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeChart:
    """``series`` from ``start`` to ``end`` in seconds, labelled by ``label``, which writes a value with its unit.

    ``bar_s`` makes stacked bars, each so many seconds wide and beginning at its point; None draws lines. ``shades`` are times of faults.
    ``least`` is the lowest value that a logarithmic scale shows. ``empty`` stands there when there is no value at all.
    """

    title: str
    start: float
    end: float
    series: Sequence[Series]
    label: Callable[[float], str]
    empty: str
    shades: Sequence[tuple[float, float]] = ()
    bar_s: float | None = None
    scale: Kind = "linear"
    least: float = 0.001
    width: int = 900
    height: int = 190


def figure(chart: TimeChart, note: str = "") -> str:
    """The chart as an HTML ``figure``: title, legend, drawing, and ``note`` beneath, all of it escaped."""
    filled = [series for series in chart.series if any(value is not None for _, value in series.points)]
    caption = f"<figcaption>{escape(chart.title)}</figcaption>"
    if not filled:
        return f'<figure class="chart">{caption}<p class="empty-state">{escape(chart.empty)}</p></figure>'
    keys = "".join(f'<li><span class="key {series.style}"></span>{escape(series.name)}</li>' for series in filled)
    beneath = f'<p class="note">{escape(note)}</p>' if note else ""
    return f'<figure class="chart">{caption}<ul class="keys">{keys}</ul>{_svg(chart, filled)}{beneath}</figure>'


def _svg(chart: TimeChart, series: Sequence[Series]) -> str:
    across = Axis(chart.start, max(chart.end, chart.start + 0.001), LEFT, chart.width - RIGHT)
    up = _vertical(chart, series)
    parts = [
        f'<svg viewBox="0 0 {chart.width} {chart.height}" role="img"><title>{escape(_description(chart, series))}</title>'
    ]
    for begin, end in chart.shades:
        if end > chart.start and begin < chart.end:
            x = across.place(begin)
            width = max(1.0, round(across.place(end) - x, 1))
            parts.append(f'<rect class="fault-time" x="{x}" y="{TOP}" width="{width}" height="{up.begin - TOP}"/>')
    parts += _grid(chart, across, up)
    if chart.bar_s is None:
        parts += [_line(each, across, up) for each in series]
    else:
        parts += _bars(chart, chart.bar_s, series, across, up)
    return "".join([*parts, "</svg>"])


def _vertical(chart: TimeChart, series: Sequence[Series]) -> Axis:
    bottom = chart.height - BOTTOM
    if chart.bar_s is None:
        values = [value for each in series for _, value in each.points if value is not None]
    else:
        sums: dict[float, float] = {}
        for each in series:
            for at, value in each.points:
                sums[at] = sums.get(at, 0.0) + (value or 0.0)
        values = list(sums.values())
    if chart.scale == "log":
        return log_axis(values, chart.least, bottom, TOP)
    step = round_step(max(values) / 4)
    return Axis(0.0, step * max(1, -int(-max(values) // step)), bottom, TOP)


def _grid(chart: TimeChart, across: Axis, up: Axis) -> list[str]:
    right = chart.width - RIGHT
    parts = []
    for value in up.ticks(5):
        y = up.place(value)
        parts.append(f'<path class="grid" d="M{LEFT} {y}H{right}"/>')
        parts.append(
            f'<text class="small" x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{escape(chart.label(value))}</text>'
        )
    for at in across.ticks(chart.width // 90):
        x = across.place(at)
        anchor = "end" if x > right - 14 else "middle"
        parts.append(f'<path class="grid" d="M{x} {TOP}V{up.begin}"/>')
        parts.append(f'<text class="small" x="{x}" y="{chart.height - 6}" text-anchor="{anchor}">{at:g} s</text>')
    parts.append(f'<path class="edge" d="M{LEFT} {up.begin}H{right}"/>')
    return parts


def _line(series: Series, across: Axis, up: Axis) -> str:
    path, pen_down, alone = "", False, ""
    points = list(series.points)
    for place, (at, value) in enumerate(points):
        if value is None:
            pen_down = False
            continue
        x, y = across.place(at), up.place(value)
        path += f"{'L' if pen_down else 'M'}{x} {y}"
        after = points[place + 1][1] if place + 1 < len(points) else None
        if not pen_down and after is None:  # a value between two gaps would have no length
            alone += f'<circle class="line-dot {series.style}" cx="{x}" cy="{y}" r="2.4"/>'
        pen_down = True
    return f'<path class="line {series.style}" d="{path}"/>{alone}'


def _bars(chart: TimeChart, bar_s: float, series: Sequence[Series], across: Axis, up: Axis) -> list[str]:
    heights: dict[float, float] = {}
    parts = []
    for each in series:
        for at, value in each.points:
            if not value:
                continue
            base = heights.get(at, 0.0)
            heights[at] = base + value
            x, top = across.place(at), up.place(heights[at])
            width = max(1.0, round(across.place(at + bar_s) - x - 0.6, 1))
            height = max(0.8, round(up.place(base) - top, 1))
            tooltip = f"{each.name} at {at:g} s: {chart.label(value)}"
            parts.append(
                f'<rect class="bar {each.style}" x="{x}" y="{top}" width="{width}" height="{height}">'
                f"<title>{escape(tooltip)}</title></rect>"
            )
    return parts


def _description(chart: TimeChart, series: Sequence[Series]) -> str:
    """What the drawing shows in words: the most that each series reached."""
    tops = [
        f"{each.name} at most {chart.label(max(value for _, value in each.points if value is not None))}"
        for each in series
    ]
    return f"{chart.title}. From {chart.start:g} to {chart.end:g} s: {'; '.join(tops)}."
