"""``cron`` windows: on at the minutes that a crontab line names (crontab(5): five fields, UTC)."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from chaoskit.timeline.window import Span, Window
from chaoskit.units import MINUTE, SECOND

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_PART = re.compile(r"(\*|(\d+)(?:-(\d+))?)(?:/(\d+))?")

DAY_MINUTES = 24 * 60
_HORIZON_DAYS = 8 * 366 + 1  # the longest wait for a date that there is: 29 February, across a century without one
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cron(Window):
    """On for ``length`` from each minute that ``expression`` names.

    ``anchor_ns`` is the wall-clock time at offset 0, in nanoseconds since 1970 (UTC): given, not read, so that a replay falls alike.
    Nothing is on before offset 0. As in crontab(5), a line that restricts both days means either of them. Raises ``ValueError``
    saying what is wrong.
    """

    expression: str
    length: int
    anchor_ns: int

    def __post_init__(self) -> None:
        line = _read(self.expression)
        if not _FIRST.timestamp() * SECOND <= self.anchor_ns <= _LAST.timestamp() * SECOND:
            raise ValueError("the anchor must lie between the years 1970 and 9000")
        if _fire_after(self.expression, self.anchor_ns // MINUTE) is None:
            raise ValueError(f"{self.expression!r} names a date that there never is")
        if not 0 < self.length < line.shortest_gap() * MINUTE:
            raise ValueError(f"{self.expression!r} would be on again before it was off, or never; shorten the time on")

    def active(self, offset: int) -> bool:
        fire = self._fire(offset - self.length)
        return fire is not None and fire <= offset

    def next_change(self, after: int) -> int | None:
        fire = self._fire(after - self.length)
        if fire is None or fire > after:
            return fire
        return fire + self.length

    def spans(self, until: int) -> tuple[Span, ...]:
        spans: list[Span] = []
        fire = self._fire(-1)
        while fire is not None and fire < until:
            spans.append((fire, min(fire + self.length, until)))
            fire = self._fire(fire)
        return tuple(spans)

    def shifted(self, by: int) -> Cron:
        raise ValueError("a cron window follows the wall clock, so it cannot be shifted")

    def _fire(self, after: int) -> int | None:
        """The first offset later than ``after``, and not below 0, at which it goes on."""
        wall = max(after, -1) + self.anchor_ns
        minute = _fire_after(self.expression, wall // MINUTE)
        return None if minute is None else minute * MINUTE - self.anchor_ns


@dataclass(frozen=True, slots=True)
class _Line:
    """A crontab line as sets. ``times`` are minutes of the day in order; ``either`` of the two days will do."""

    times: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool

    def on_day(self, day: datetime) -> bool:
        """Whether it fires at all on ``day``."""
        if day.month not in self.months:
            return False
        dom, dow = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return dom or dow if self.either else dom and dow

    def shortest_gap(self) -> int:
        """Minutes between two fires that could follow each other, a day's last and the next day's first included."""
        following = (*self.times[1:], self.times[0] + DAY_MINUTES)
        return min(later - earlier for earlier, later in zip(self.times, following, strict=True))


@lru_cache(maxsize=256)
def _read(expression: str) -> _Line:
    written = expression.split()
    if len(written) != len(_FIELDS):
        raise ValueError(f"{expression!r} has {len(written)} fields; write minute, hour, day, month and day of week")
    minutes, hours, days, months, weekdays = (
        _values(text, *field) for text, field in zip(written, _FIELDS, strict=True)
    )
    return _Line(
        times=tuple(sorted(hour * 60 + minute for hour in hours for minute in minutes)),
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        either=not written[2].startswith("*") and not written[4].startswith("*"),
    )


def _values(text: str, field: str, low: int, high: int) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no {field}; write *, a number, a range like 1-5, or a step like */10")
        first = low if match[2] is None else int(match[2])
        last = int(match[3]) if match[3] else high if match[2] is None or match[4] else first
        step = int(match[4] or 1)
        if not (low <= first <= last <= high) or step < 1:
            raise ValueError(f"{part!r} is no {field}: it goes from {low} to {high}")
        values.update(range(first, last + 1, step))
    return frozenset(values)


@lru_cache(maxsize=4096)
def _fire_after(expression: str, minute: int) -> int | None:
    """The first minute since 1970 later than ``minute`` that ``expression`` names; None if there is none for years."""
    line = _read(expression)
    moment = datetime.fromtimestamp(minute * 60, UTC)
    day = moment.replace(hour=0, minute=0, second=0)
    later = bisect_right(line.times, moment.hour * 60 + moment.minute)
    for _ in range(_HORIZON_DAYS):
        if later < len(line.times) and line.on_day(day):
            return int(day.timestamp()) // 60 + line.times[later]
        day, later = day + timedelta(days=1), 0
    return None
