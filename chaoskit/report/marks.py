"""The calls of one client as marks on the timeline: pure geometry, no text but the tooltips.

A call that succeeded stands above the lane's middle line, one that did not hangs below it, so the two differ by place as well as by
colour. Calls that overlap in time are stacked in rows. Inside a mark each attempt is a solid piece and each back-off a thin line.
Marks too close to tell apart are merged, and the merged mark says how many calls it stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chaoskit.clock import Instant
from chaoskit.journal.calls import Attempt, Call, root_of
from chaoskit.journal.events import Result
from chaoskit.report.figures import ConnectionUse, carriage
from chaoskit.report.words import duration, plural
from chaoskit.units import SECOND, format_duration

ROWS_MOST = 14
"""Rows on one side of a lane; calls beyond it are drawn over the last row, and the lane says so."""

_MARK_LEAST = 3.2  # px: what can be seen
_NARROW = 9.0  # px: a mark narrower than this shows nothing inside it, so it may be merged
_APART = 0.6  # px between two marks
_LABEL_LEAST = 44.0  # px of a back-off that has room for its length in figures


@dataclass(frozen=True, slots=True)
class Scale:
    """Instants to horizontal places in px."""

    start: Instant
    end: Instant
    left: float
    right: float

    def x(self, at: Instant) -> float:
        """The place of ``at``, kept within the plot."""
        share = (at - self.start) / max(1, self.end - self.start)
        return round(self.left + min(1.0, max(0.0, share)) * (self.right - self.left), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a mark: an attempt or a back-off, from ``x`` for ``w`` px. ``label`` is set where there is room for it."""

    x: float
    w: float
    kind: Result | str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One call, or several merged (``count``), from ``x`` for ``w`` px in ``row`` of its side (0 is next to the middle line)."""

    x: float
    w: float
    row: int
    result: Result
    carriage: ConnectionUse
    count: int
    title: str
    pieces: tuple[Piece, ...] = ()

    @property
    def up(self) -> bool:
        """Whether it stands above the middle line."""
        return self.result == "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """All marks of one client. ``merged`` calls share a mark with another; ``crowded`` ones were drawn over the last row."""

    marks: tuple[Mark, ...]
    rows_up: int
    rows_down: int
    merged: int
    crowded: int


def marks_of(calls: Sequence[Call], scale: Scale, origin: Instant, until: Instant) -> Marks:
    """The marks of ``calls``; a call that never ended reaches to ``until``."""
    rows, crowded = _rows(calls, until)
    single = [(call, _mark(call, row, scale, origin, until)) for call, row in zip(calls, rows, strict=True)]
    lanes: dict[tuple[bool, int], list[tuple[Call, Mark]]] = {}
    for call, mark in single:
        lanes.setdefault((mark.up, mark.row), []).append((call, mark))
    marks = [mark for lane in lanes.values() for mark in _merge(lane, origin)]
    return Marks(
        marks=tuple(sorted(marks, key=lambda mark: mark.x)),
        rows_up=1 + max((mark.row for mark in marks if mark.up), default=0),
        rows_down=1 + max((mark.row for mark in marks if not mark.up), default=0),
        merged=sum(mark.count for mark in marks if mark.count > 1),
        crowded=crowded,
    )


def _rows(calls: Sequence[Call], until: Instant) -> tuple[list[int], int]:
    """The row of each call: the lowest that is free on its side when it starts."""
    free: dict[bool, list[Instant]] = {True: [], False: []}
    rows: list[int] = []
    crowded = 0
    for call in calls:
        ends = free[call.result == "ok"]
        finished = call.finished if call.finished is not None else until
        row = next((row for row, busy_until in enumerate(ends) if busy_until <= call.started), len(ends))
        if row >= ROWS_MOST:
            row, crowded = ROWS_MOST - 1, crowded + 1
        if row == len(ends):
            ends.append(finished)
        ends[row] = max(ends[row], finished)
        rows.append(row)
    return rows, crowded


def _mark(call: Call, row: int, scale: Scale, origin: Instant, until: Instant) -> Mark:
    left = scale.x(call.started)
    width = max(_MARK_LEAST, round(scale.x(call.finished if call.finished is not None else until) - left, 1))
    return Mark(
        x=left,
        w=width,
        row=row,
        result=call.result,
        carriage=carriage(call),
        count=1,
        title=_title(call, origin),
        pieces=_pieces(call, scale, until, left + width) if width >= _NARROW else (),
    )


def _pieces(call: Call, scale: Scale, until: Instant, edge: float) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for attempt in call.attempts:
        x = scale.x(attempt.started)
        if attempt.slept_ns is not None and attempt.slept_ns > 0:
            begun = scale.x(attempt.started - attempt.slept_ns)
            wide = x - begun >= _LABEL_LEAST
            label = format_duration(attempt.slept_ns) if wide else ""
            pieces.append(Piece(x=begun, w=round(x - begun, 1), kind="sleep", label=label))
        end = scale.x(attempt.finished if attempt.finished is not None else until)
        width = max(2.2, round(end - x, 1))
        pieces.append(Piece(x=min(x, round(edge - width, 1)), w=width, kind=attempt.result))
    return tuple(pieces)


def _merge(lane: list[tuple[Call, Mark]], origin: Instant) -> list[Mark]:
    """The marks of one row with those merged that would touch, as long as they mean the same."""
    merged: list[tuple[list[Call], Mark]] = []
    for call, mark in sorted(lane, key=lambda item: item[1].x):
        if merged:
            calls, last = merged[-1]
            alike = (last.result, last.carriage) == (mark.result, mark.carriage) and not (last.pieces or mark.pieces)
            if alike and mark.x < last.x + last.w + _APART:
                calls.append(call)
                right = max(last.x + last.w, mark.x + mark.w)
                merged[-1] = (calls, replace(last, w=round(right - last.x, 1), count=last.count + 1))
                continue
        merged.append(([call], mark))
    return [mark if mark.count == 1 else replace(mark, title=_merged_title(calls, origin)) for calls, mark in merged]


def _title(call: Call, origin: Instant) -> str:
    start = (call.started - origin) / SECOND
    took = f"in {duration(call.elapsed_ns)}" if call.finished is not None else "never seen to end"
    lines = [f"call {call.number} {call.operation} at {start:.2f} s: {call.result} {took}"]
    dialed = "opened a connection" if call.result == "ok" else "dialled anew"
    way = {"pooled": "over an open connection, no lookup", "dialed": dialed, "unseen": ""}[carriage(call)]
    lines.append(", ".join(filter(None, [plural(len(call.attempts), "attempt"), plural(call.lookups, "lookup"), way])))
    if sleeps := [_slept(attempt) for attempt in call.attempts if attempt.slept_ns]:
        lines.append(f"back-off: {', '.join(sleeps)}")
    if root := root_of(call.errors):
        lines.append(f"{call.errors[0].type}: {root.message}"[:160])
    return "\n".join(lines)


def _slept(attempt: Attempt) -> str:
    return format_duration(attempt.slept_ns or 0)


def _merged_title(calls: Sequence[Call], origin: Instant) -> str:
    first, last = (calls[0].started - origin) / SECOND, (calls[-1].started - origin) / SECOND
    way = {"pooled": ", over open connections", "dialed": ", new connections", "unseen": ""}[carriage(calls[0])]
    numbers = f"{plural(len(calls), 'call')} ({calls[0].number} to {calls[-1].number})"
    return f"{numbers} from {first:.2f} to {last:.2f} s: {calls[0].result}{way}"
