"""The account of a day as one self-contained HTML file, drawn on the day's own clock."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.cascade.day.account import Account, jitter_words
from chaoskit.cascade.day.counterfactuals import WINDOWS
from chaoskit.cascade.day.words import (
    ROLE_WORDS,
    lane_scales,
    lane_values,
    left_words,
    score_words,
    three_words,
    threshold_words,
    worth_words,
)
from chaoskit.cascade.rendering import render

WIDTH, LEFT, RIGHT, TOP = 1180.0, 170.0, 1160.0, 46.0
LANE, GAP = 84.0, 14.0
POINTS = 450
"""A lane is drawn with so many points: of more minutes, every so manyth."""

NEAR = 16.0
"""Letters nearer than this are put one above the other."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A time on the axis."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An event of the published day."""

    x: float
    letter: str
    title: str
    row: int


@dataclass(frozen=True, slots=True)
class Lane:
    """One figure over the day."""

    name: str
    full: str
    y: float
    height: float
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The whole drawing, in px."""

    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    lanes: tuple[Lane, ...]
    bottom: float
    width: float = WIDTH
    left: float = LEFT
    right: float = RIGHT
    top: float = TOP

    @property
    def height(self) -> float:
        """With the labels below."""
        return self.bottom + 26


def page_of(account: Account) -> str:
    """The page's HTML."""
    return render(
        "day.html.j2",
        account=account,
        chart=chart_of(account),
        roles=ROLE_WORDS,
        windows=WINDOWS,
        score=score_words(account),
        worth=worth_words(account),
        thresholds=list(threshold_words(account)),
        jitter=jitter_words(account),
        left=left_words,
        three=three_words,
    )


def chart_of(account: Account) -> Chart:
    """Lanes of the first play, and the published events."""
    fleet, day = account.plays[0], account.day
    minutes = len(fleet.minutes)

    def x(minute: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * min(minute, minutes) / minutes, 1)

    scales = lane_scales(fleet)
    lanes = []
    for number, (name, values) in enumerate(lane_values(fleet).items()):
        y = TOP + number * (LANE + GAP)
        lanes.append(Lane(name, scales[name], y, LANE, _path([x(at) for at in range(minutes)], values, y)))
    bottom = TOP + len(lanes) * (LANE + GAP) - GAP + 6
    hours = range(0, minutes // 60 + 1, 2)
    marks: list[Mark] = []
    named = [row for row in day.rows if row.event or row.phase]
    for number, row in enumerate(named):
        place = x(row.at_min)
        crowded = bool(marks) and place - marks[-1].x < NEAR and marks[-1].row == 0
        marks.append(Mark(place, chr(ord("a") + number), f"{row.clock} {row.what}", int(crowded)))
    return Chart(
        ticks=tuple(Tick(x(hour * 60), day.clock(hour * 60)) for hour in hours),
        marks=tuple(marks),
        lanes=tuple(lanes),
        bottom=bottom,
    )


def _path(places: list[float], values: list[float], y: float) -> str:
    """An area from the lane's foot."""
    every = max(1, len(values) // POINTS)
    points = [
        f"{place},{round(y + LANE * (1 - value), 1)}"
        for place, value in zip(places[::every], values[::every], strict=True)
    ]
    return f"M{places[0]},{y + LANE} L" + " L".join(points) + f" L{places[::every][-1]},{y + LANE} Z"
