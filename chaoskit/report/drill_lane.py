"""A drill on the page: its moments on one axis, a lane for each kind, and the status page as customers read it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from chaoskit.charts.axis import Axis
from chaoskit.clock import Instant
from chaoskit.journal.events import DrillBegan, StatusPosted
from chaoskit.journal.run import Run
from chaoskit.printable import printable
from chaoskit.report.drill_moments import LANES, Moment, moments_of, promise_of
from chaoskit.units import SECOND

WIDTH, LEFT, RIGHT = 1180, 96, 18
TOP, BOTTOM, ROW = 8, 24, 30
STYLES = {
    "fault": "s4",
    "signal": "failed",
    "diagnosis": "s3",
    "action": "ok",
    "update": "wait",
    "note": "s3",
    "drill": "s7",
}
RADIUS, GAP = 8, 2


@dataclass(frozen=True, slots=True)
class NumberedMoment:
    """A moment with its number in the drawing, and its time as seconds of the experiment."""

    number: int
    time: str
    lane: str
    words: str


@dataclass(frozen=True, slots=True)
class CustomersUpdate:
    """An update of the status page: when it came, what it said and promised."""

    time: str
    state: str
    text: str
    promise: str


@dataclass(frozen=True, slots=True)
class DrillPart:
    """What the page shows of a drill."""

    scenario: str
    svg: str
    moments: tuple[NumberedMoment, ...]
    updates: tuple[CustomersUpdate, ...]


def drill_part(run: Run, end: Instant) -> DrillPart | None:
    """The drill's part of a page whose axis ends at ``end``; None where the run is no drill."""
    began = run.of(DrillBegan)
    if not began:
        return None
    moments = moments_of(run)
    numbered = tuple(
        NumberedMoment(number, _time(run, moment.at), moment.lane, moment.words)
        for number, moment in enumerate(moments, 1)
    )
    updates = tuple(_update(run, post) for _, post in reversed(run.of(StatusPosted)))
    return DrillPart(began[0][1].scenario, _svg(run, moments, end), numbered, updates)


def _time(run: Run, at: Instant) -> str:
    return f"{(at - run.origin) / SECOND:.1f} s"


def _update(run: Run, post: StatusPosted) -> CustomersUpdate:
    state = "Resolved" if post.resolved else "Update"
    return CustomersUpdate(_time(run, post.at), state, printable(post.text), promise_of(post))


def _svg(run: Run, moments: list[Moment], end: Instant) -> str:
    lanes = [lane for lane in LANES if any(moment.lane == lane for moment in moments)]
    height = TOP + ROW * len(lanes) + BOTTOM
    across = Axis(0.0, max((end - run.origin) / SECOND, 0.001), LEFT, WIDTH - RIGHT)
    foot = TOP + ROW * len(lanes)
    title = f"The drill from 0 to {across.high:g} s: {len(moments)} moments in {len(lanes)} lanes, listed below."
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img"><title>{escape(title)}</title>']
    for start, until in run.fault_spans:
        x, right = across.place((start - run.origin) / SECOND), across.place((until - run.origin) / SECOND)
        parts.append(
            f'<rect class="fault-time" x="{x}" y="{TOP}" width="{max(1.0, round(right - x, 1))}" height="{foot - TOP}"/>'
        )
    for at in across.ticks(12):
        x = across.place(at)
        parts.append(f'<path class="grid" d="M{x} {TOP}V{foot}"/>')
        parts.append(f'<text class="small" x="{x}" y="{height - 7}" text-anchor="middle">{at:g} s</text>')
    for row, lane in enumerate(lanes):
        y = TOP + ROW * row + ROW // 2
        parts.append(f'<text class="small" x="{LEFT - 14}" y="{y + 4}" text-anchor="end">{escape(lane)}</text>')
        parts.append(f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
        parts += _marks(run, moments, lane, across, y)
    return "".join([*parts, f'<path class="edge" d="M{LEFT} {foot}H{WIDTH - RIGHT}"/></svg>'])


def _marks(run: Run, moments: list[Moment], lane: str, across: Axis, y: float) -> list[str]:
    """The numbered marks of one lane. A mark that would hide the one before it has no number of its own in the drawing."""
    parts, free_from = [], 0.0
    for number, moment in enumerate(moments, 1):
        if moment.lane != lane:
            continue
        x = across.place((moment.at - run.origin) / SECOND)
        hover = f"{number}. {_time(run, moment.at)}: {moment.words}"
        room = x - RADIUS >= free_from
        radius = RADIUS if room else 4
        label = f'<text class="drill-number" x="{x}" y="{y + 3.5}" text-anchor="middle">{number}</text>' if room else ""
        parts.append(
            f'<g class="drill-mark {STYLES[lane]}"><title>{escape(hover)}</title><circle cx="{x}" cy="{y}" r="{radius}"/>{label}</g>'
        )
        free_from = max(free_from, x + radius + GAP)
    return parts
