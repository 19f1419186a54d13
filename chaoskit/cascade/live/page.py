"""A real cascade as one self-contained HTML file: what users lost, and every level over the run's time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaoskit.cascade.live.account import Level, launches_of, levels_of, losses_of, per_second, sentence
from chaoskit.cascade.live.calibration import Comparison
from chaoskit.cascade.live.herd_course import real_course, simulated_course
from chaoskit.cascade.recovery.herd_clients import BIN_NS
from chaoskit.cascade.rendering import render
from chaoskit.journal.run import Run
from chaoskit.units import SECOND
from chaoskit.verdict import Outcome, Verdict

WIDTH, LEFT, TOP, LANE, GAP = 1180.0, 250.0, 24.0, 56.0, 12.0
RIGHT = WIDTH - 16
TICKS = 8


@dataclass(frozen=True, slots=True)
class Lane:
    """One level as a filled path, in px."""

    name: str
    client: str
    most: str
    y: float
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All lanes on one axis of seconds; ``shades`` are the faults' windows (x, width)."""

    lanes: tuple[Lane, ...]
    shades: tuple[tuple[float, float], ...]
    ticks: tuple[tuple[float, str], ...]
    height: float
    bottom: float
    width: float = WIDTH
    left: float = LEFT
    right: float = RIGHT
    top: float = TOP
    lane: float = LANE


def page_of(
    run: Run,
    verdicts: Sequence[Verdict],
    outcome: Outcome,
    comparisons: Sequence[Comparison] = (),
    notes: Sequence[str] = (),
) -> str:
    """The page's HTML; ``comparisons`` are drawn beside the real levels, and ``notes`` are what they say in words."""
    return render(
        "live.html.j2",
        title=run.header.title,
        question=run.header.experiment.get("question", ""),
        run=run.header,
        outcome=outcome.value,
        verdicts=verdicts,
        losses=[(loss, sentence(loss)) for loss in losses_of(run)],
        chart=chart_of(run, comparisons),
        notes=notes,
    )


def chart_of(run: Run, comparisons: Sequence[Comparison] = ()) -> Chart:
    """The levels, simulated ones behind those that they are compared with, and the launches in each second, over the run."""
    length = max(1.0, (run.last_instant - run.origin) / SECOND)

    def x(second: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * min(max(second, 0.0), length) / length, 1)

    levels = [*levels_of(run), *_herd_levels(run), *(comparison.simulated for comparison in comparisons)]
    launches = launches_of(run)
    for answer in dict.fromkeys(answer for _, answer in launches):
        counts = per_second(launches, answer, math.ceil(length) + 1)
        points = tuple((float(second), float(count)) for second, count in enumerate(counts))
        levels.append(Level(client="EC2", name=f"RunInstances a second: {answer}", points=points))
    lanes = []
    for number, level in enumerate(levels):
        y = TOP + number * (LANE + GAP)
        lanes.append(Lane(level.name, level.client, f"{level.most:g}", y, _steps(level, y, length, x)))
    bottom = TOP + len(levels) * (LANE + GAP)
    spans = [((start - run.origin) / SECOND, (end - run.origin) / SECOND) for start, end in run.fault_spans]
    step = max(1, round(length / TICKS))
    return Chart(
        lanes=tuple(lanes),
        shades=tuple((x(start), round(x(end) - x(start), 1)) for start, end in spans),
        ticks=tuple((x(second), f"{second} s") for second in range(0, int(length) + 1, step)),
        height=bottom + 24,
        bottom=bottom,
    )


def _herd_levels(run: Run) -> list[Level]:
    """Dials in each 100 ms after the record's return, real and simulated."""
    levels = []
    for name, course in (("real herd", real_course(run)), ("simulated herd", simulated_course(run))):
        if course is not None:
            back = (run.episodes[-1].end - run.origin) / SECOND
            points = tuple((back + place * BIN_NS / SECOND, float(count)) for place, count in enumerate(course.dials))
            levels.append(Level(client=name, name="dials in each 100 ms", points=points))
    return levels


def _steps(level: Level, y: float, length: float, x: Callable[[float], float]) -> str:
    """The level as steps from the lane's floor, closed."""
    most = level.most or 1.0

    def height(value: float) -> float:
        return round(y + LANE - LANE * max(0.0, value) / most, 1)

    path = [f"M{x(level.points[0][0])} {y + LANE}"]
    for second, value in level.points:
        path += [f"H{x(second)}", f"V{height(value)}"]
    return "".join([*path, f"H{x(length)}", f"V{y + LANE}", "Z"])
