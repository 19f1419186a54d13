"""The timeline as a drawing: every lane laid out on one axis in seconds of the experiment. The template only prints it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.journal.command import requests_as_calls
from chaoskit.journal.run import Run
from chaoskit.report.event_lane import ROW, EventRow, event_rows
from chaoskit.report.figures import ClientFigures, last_instant
from chaoskit.report.health import InjectionFigures
from chaoskit.report.lookups import DnsLane, dns_lane
from chaoskit.report.marks import Mark, Marks, Scale, marks_of
from chaoskit.report.words import FATE_WORDS, duration, plural
from chaoskit.units import SECOND

WIDTH = 1180
LEFT = 168
RIGHT = WIDTH - 18
FAULT_ROWS_MOST = 6
"""Injections whose names stand over the plot; the page lists all of them below."""

_FAULT_ROW = 19
_STRIP = 18
_LOOKUP_ROW = 13
_LANE_PAD = 15  # room for the labels of back-offs
_BRACKET = 10  # room for the bracket of recovery above them
_LANE_LEAST = 66
_BASE = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisTick:
    """A place on the axis with its label."""

    x: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """One time in which a fault was planned to be on, through all lanes."""

    x: float
    w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLabel:
    """One planned window of one injection, over the plot."""

    x: float
    w: float
    y: float
    text: str
    title: str
    text_x: float
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """From the end of the last fault to a client's recovery, or to the end of the run when it had none."""

    x: float
    w: float
    y: float
    label: str
    recovered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLane:
    """One client's lane: ``y`` its top, ``middle`` its middle line.

    The first row of marks on each side is ``base`` px high, those of calls made at the same time are ``row`` px high.
    """

    name: str
    short: str
    notes: tuple[str, ...]
    fate: str
    description: str
    y: float
    height: float
    middle: float
    base: float
    row: float
    marks: Marks
    bracket: Bracket | None

    def top_of(self, mark: Mark) -> float:
        """The upper edge of a mark."""
        beyond = self.base * (mark.row > 0) + self.row * max(0, mark.row - 1)
        if mark.up:
            return round(self.middle - 0.5 - beyond - self.height_of(mark), 1)
        return round(self.middle + 0.5 + beyond, 1)

    def height_of(self, mark: Mark) -> float:
        """The height of a mark."""
        return (self.row if mark.row else self.base) - 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The whole timeline, in px. ``end`` is the instant at its right edge."""

    end: Instant
    width: int
    height: float
    left: float
    right: float
    plot_top: float
    plot_bottom: float
    axis: tuple[AxisTick, ...]
    shades: tuple[Shade, ...]
    faults: tuple[FaultLabel, ...]
    faults_hidden: int
    dns: DnsLane
    dns_top: float
    dns_height: float
    lanes: tuple[ClientLane, ...]
    events: tuple[EventRow, ...]
    events_top: float
    merged: int
    crowded: int

    def event_y(self, index: int) -> float:
        """The middle of a row of events."""
        return self.events_top + 10 + index * ROW

    def strip_y(self, index: int) -> float:
        """The top of a name's strip."""
        return self.dns_top + 6 + index * _STRIP

    def lookup_y(self, index: int) -> float:
        """The middle of a client's row of lookups."""
        return self.strip_y(len(self.dns.strips)) + 12 + index * _LOOKUP_ROW


def draw(run: Run, figures: Sequence[ClientFigures], injections: Sequence[InjectionFigures]) -> Drawing:
    """Lay out the timeline of ``run``."""
    until = last_instant(run)
    ended = [call.finished or until for calls in run.calls.values() for call in calls]
    span_ends = [end for _, end in run.fault_spans]
    end = max(
        [
            run.origin + SECOND // 10,
            min(run.ends, max(until, run.origin)),
            *ended,
            *(min(e, run.ends) for e in span_ends),
        ]
    )
    scale = Scale(run.origin, end, LEFT, RIGHT)
    faults, hidden = _fault_labels(injections, scale, run.origin, run.ends)
    plot_top = 28 + _FAULT_ROW * (max((int(label.y // _FAULT_ROW) for label in faults), default=-1) + 1)
    dns = dns_lane(run, scale)
    dns_top = plot_top + 4
    dns_height = 18 + _STRIP * len(dns.strips) + _LOOKUP_ROW * len(dns.rows)
    lanes: list[ClientLane] = []
    y = float(dns_top + dns_height + 8)
    for client in figures:
        lane = _lane(run, client, scale, y, until)
        lanes.append(lane)
        y += lane.height + 8
    events, events_top = event_rows(run, scale), y
    y += ROW * len(events) + (8 if events else 0)
    marks = [lane.marks for lane in lanes]
    return Drawing(
        end=end,
        width=WIDTH,
        height=y + 24,
        left=LEFT,
        right=RIGHT,
        plot_top=plot_top,
        plot_bottom=y,
        axis=_axis(run.origin, end, scale),
        shades=tuple(
            Shade(x=scale.x(a), w=max(0.0, round(scale.x(b) - scale.x(a), 1))) for a, b in run.fault_spans if a < end
        ),
        faults=faults,
        faults_hidden=hidden,
        dns=dns,
        dns_top=dns_top,
        dns_height=dns_height,
        lanes=tuple(lanes),
        events=events,
        events_top=events_top,
        merged=sum(group.merged for group in marks),
        crowded=sum(group.crowded for group in marks),
    )


def _fault_labels(
    injections: Sequence[InjectionFigures], scale: Scale, origin: Instant, ends: Instant
) -> tuple[tuple[FaultLabel, ...], int]:
    labels = []
    for row, injection in enumerate(injections[:FAULT_ROWS_MOST]):
        for number, span in enumerate(injection.spans):
            x, right = scale.x(span.start), scale.x(span.end)
            start, end = (span.start - origin) / SECOND, (span.end - origin) / SECOND
            until = f"{start:g} to {end:g} s" if span.end <= ends else f"from {start:g} s on"
            text = f"{injection.fault} on {injection.where}, {until}"
            late = x > (LEFT + RIGHT) / 2
            room = int((right - LEFT if late else RIGHT - x) / 7)
            labels.append(
                FaultLabel(
                    x=x,
                    w=max(2.0, round(right - x, 1)),
                    y=4 + row * _FAULT_ROW,
                    text=shorten(text, room) if number == 0 else "",
                    title=f"injection {injection.id}: {text}",
                    text_x=right - 4 if late else x + 6,
                    anchor="end" if late else "start",
                )
            )
    return tuple(labels), max(0, len(injections) - FAULT_ROWS_MOST)


def _lane(run: Run, client: ClientFigures, scale: Scale, y: float, until: Instant) -> ClientLane:
    calls = requests_as_calls(run, client.name) if client.fate == "unreported" else run.calls[client.name]
    marks = marks_of(calls, scale, run.origin, until)
    beyond = marks.rows_up + marks.rows_down - 2
    row = max(4.4, min(11.0, 96 / beyond)) if beyond else _BASE
    rows = 2 * _BASE + row * beyond
    bracket = _bracket(run, client, scale, y)
    room = max(_LANE_LEAST, 2 * _LANE_PAD + rows)
    height = room + (_BRACKET if bracket else 0)
    middle = y + height - room + _LANE_PAD + _BASE + row * (marks.rows_up - 1) + (room - 2 * _LANE_PAD - rows) / 2
    fault = client.phase("fault")
    notes = [note for note in (client.settings.get("connection"), client.settings.get("retry_mode")) if note]
    result = f"{fault.ok} of {fault.calls} ok in the fault" if fault.calls else f"{client.ok} of {client.calls} ok"
    if client.fate == "unreported":
        result = f"{plural(len(calls), 'request')} at the services"
    return ClientLane(
        name=client.name,
        short=shorten(client.name, 18),
        notes=(shorten(", ".join(notes), 26), result),
        fate=client.fate,
        description=f"{client.name}: {FATE_WORDS[client.fate]}; {result}",
        y=y,
        height=height,
        middle=round(middle, 1),
        base=_BASE,
        row=round(row, 2),
        marks=marks,
        bracket=bracket,
    )


def _bracket(run: Run, client: ClientFigures, scale: Scale, y: float) -> Bracket | None:
    recovery = client.recovery
    episode, lag = recovery.episode, recovery.lag_ns
    if episode is None or recovery.status not in ("recovered", "not back") or (lag is not None and lag <= 0):
        return None
    x = scale.x(episode.end)
    right = scale.x(episode.end + lag) if lag is not None else scale.x(episode.until)
    return Bracket(
        x=x,
        w=max(0.0, round(right - x, 1)),
        y=y + 8,
        label=f"back after {duration(lag)}" if lag is not None else "did not recover in this run",
        recovered=lag is not None,
    )


def _axis(origin: Instant, end: Instant, scale: Scale) -> tuple[AxisTick, ...]:
    length = (end - origin) / SECOND
    raw = length / 10
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    ticks = [number * step for number in range(int(length / step) + 1)]
    return tuple(AxisTick(x=scale.x(origin + round(t * SECOND)), label=f"{round(t, 6):g} s") for t in ticks)


def shorten(text: str, room: int) -> str:
    """``text`` cut to ``room`` characters, with an ellipsis where something was cut."""
    return text if len(text) <= room else text[: max(0, room - 1)].rstrip() + "…"
