"""The lab's page: one self-contained HTML file, with every measured sleep beside the vendor's documented bounds."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from pathlib import Path

from chaoskit.lab import words
from chaoskit.lab.compare import Documented
from chaoskit.lab.faults import BY_KEY
from chaoskit.lab.markdown import COLUMNS, LEGEND, cells
from chaoskit.lab.result import Result
from chaoskit.lab.rows import Row
from chaoskit.page_templates import page_environment
from chaoskit.units import MILLISECOND, SECOND, format_duration

SHORTEST_NS, LONGEST_NS = MILLISECOND, 30 * SECOND
LEFT, WIDTH, LANE = 70.0, 640.0, 22.0
TICKS_NS = tuple(round(10**power) * MILLISECOND for power in range(5))
MOST_DOTS = 120
"""Dots of one lane: of more, an even choice is drawn."""


@dataclass(frozen=True, slots=True)
class Lane:
    """The sleeps before one retry. Places in pixels; ``low`` None where nothing is documented."""

    name: str
    y: float
    dots: tuple[tuple[float, str], ...]
    low: float | None
    high: float
    middle: float
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One row's sleeps."""

    title: str
    policy: str
    lanes: tuple[Lane, ...]
    height: float


def page(result: Result, title: str) -> str:
    """The page's HTML."""
    environment = page_environment(Path(__file__).parent / "templates")
    charts = [chart for row, documented in result.told if (chart := _chart(row, documented))]
    groups: dict[str, list[tuple[str, ...]]] = {}
    for row, documented in result.told:
        groups.setdefault(_group(row), []).append(cells(row, documented))
    return environment.get_template("lab.html.j2").render(
        title=title,
        result=result,
        columns=COLUMNS,
        groups=groups,
        legend=LEGEND.replace("*", ""),
        charts=charts,
        ticks=[(_place(tick), format_duration(tick)) for tick in TICKS_NS],
        left=LEFT,
        right=LEFT + WIDTH,
    )


def _group(row: Row) -> str:
    subject = row.subject
    return f"{words.who(subject)}, retry mode {words.mode(subject)}, {subject.service}, {subject.connection}"


def _chart(row: Row, documented: Documented | None) -> Chart | None:
    slept = row.sleeps_ns()
    if not slept or row.subject.connection != "cold":
        return None
    lanes = tuple(_lane(retry, values, documented, place) for place, (retry, values) in enumerate(slept.items()))
    policy = (
        f"documented: {documented.policy.name} ({documented.policy.source})"
        if documented
        else "no documented policy known here"
    )
    return Chart(f"{_group(row)}: {BY_KEY[row.subject.fault].title}", policy, lanes, LANE * len(lanes) + 24)


def _lane(retry: int, values: list[int], documented: Documented | None, place: int) -> Lane:
    ordered = sorted(values)
    step = max(1, math.ceil(len(ordered) / MOST_DOTS))
    title = f"retry {retry}: n = {len(ordered)}, {format_duration(ordered[0])} to {format_duration(ordered[-1])}"
    low: float | None = None
    high = 0.0
    if documented and retry < documented.policy.attempts:
        shortest, longest = documented.policy.bounds(retry)
        low, high = _place(shortest), _place(longest)
        among = format_duration(longest) if shortest == longest else f"0 to {format_duration(longest)}"
        title += f"; documented {among}"
    dots = tuple((_place(value), format_duration(value)) for value in ordered[::step])
    return Lane(f"retry {retry}", LANE * place + 4, dots, low, high, _place(round(statistics.median(ordered))), title)


def _place(ns: int) -> float:
    """Where a length lies on the logarithmic scale from ``SHORTEST_NS`` to ``LONGEST_NS``; what is shorter lies at its start."""
    share = math.log(max(ns, SHORTEST_NS) / SHORTEST_NS) / math.log(LONGEST_NS / SHORTEST_NS)
    return round(LEFT + WIDTH * min(share, 1.0), 1)
