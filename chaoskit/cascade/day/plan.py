"""The file of a day: its published rows, the ranges of what was not published, and the load curve. Read, and checked with lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import Field, ValidationError

from chaoskit.cascade.system.spec import ParsedFile, problems_of
from chaoskit.errors import ExperimentError, FieldPath, Problem, dotted
from chaoskit.strict import FROM_A_FILE, Strict

Role: TypeAlias = Literal["input", "fitted", "sign", "predicted"]

PHASES = ("negative_tail", "drain", "latency_rise", "network", "launches")
EVENTS = ("record_emptied", "record_back", "throttled", "failover_off", "relaxed")
PARAMETERS = (
    "negative_ttl",
    "lease",
    "full_release",
    "time_out",
    "retry",
    "throttle",
    "network_load",
    "rise",
    "launch_load",
    "repair",
    "utilisation",
)
DAY_MIN = 24 * 60


class RowSpec(Strict):
    """One row of the published timeline."""

    at: str
    what: str
    role: Role
    source: str
    event: str | None = None
    phase: str | None = None


class RangeSpec(Strict):
    """A prior: even in the logarithm from ``from`` to ``to``."""

    from_: float = Field(alias="from", gt=0)
    to: float = Field(gt=0)
    because: str


class DaySpec(Strict):
    """The whole file."""

    kind: Literal["cascade-day"]
    title: str
    starts: str
    rows: list[RowSpec]
    tolerance: float = Field(gt=0, lt=1)
    parameters: dict[str, RangeSpec]
    load_curve: list[float] = Field(min_length=24, max_length=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``at_min``: minutes after the day's start; ``clock`` as it was published."""

    at_min: float
    clock: str
    what: str
    role: Role
    source: str
    event: str | None
    phase: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A parameter's prior, and why."""

    name: str
    low: float
    high: float
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day to replay. ``events`` are the inputs that the mechanism knows, in minutes after the start."""

    title: str
    start_min: int
    rows: tuple[Row, ...]
    tolerance: float
    ranges: tuple[Range, ...]
    load_curve: tuple[float, ...]
    events: dict[str, float]

    def phase_end(self, phase: str) -> float:
        """When the published phase ends, in minutes after the start."""
        return next(row.at_min for row in self.rows if row.phase == phase)

    def clock(self, minutes: float) -> str:
        """The time of day so many minutes after the start, ``05:28``; a day later with its number of days."""
        total = round(self.start_min + minutes)
        days, rest = divmod(total, DAY_MIN)
        suffix = f" +{days - 1} d" if days > 1 else ""
        return f"{rest // 60:02}:{rest % 60:02}{suffix}"

    def load(self, minutes: float) -> float:
        """The load curve so many minutes after the start, as a share of its peak."""
        return self.load_curve[int((self.start_min + minutes) // 60) % 24]

    @property
    def predicted(self) -> tuple[Row, ...]:
        """The rows that are held out."""
        return tuple(row for row in self.rows if row.role == "predicted")


def read_day(written: ParsedFile) -> Day:
    """The day that a file describes. Raises ``ExperimentError`` with every problem found."""
    try:
        spec = DaySpec.model_validate(written.data, context=FROM_A_FILE)
    except ValidationError as error:
        raise ExperimentError(written.path, problems_of(error, written, DaySpec)) from error
    problems = [*_clocks(spec, written), *_names(spec, written)]
    if problems:
        raise ExperimentError(written.path, problems)
    start = _minutes(spec.starts)
    rows = tuple(
        Row(
            at_min=(_minutes(row.at) - start) % DAY_MIN,
            clock=row.at,
            what=row.what,
            role=row.role,
            source=row.source,
            event=row.event,
            phase=row.phase,
        )
        for row in spec.rows
    )
    return Day(
        title=spec.title,
        start_min=start,
        rows=rows,
        tolerance=spec.tolerance,
        ranges=tuple(
            Range(
                name=name,
                low=spec.parameters[name].from_,
                high=spec.parameters[name].to,
                because=spec.parameters[name].because,
            )
            for name in PARAMETERS
        ),
        load_curve=tuple(spec.load_curve),
        events={row.event: row.at_min for row in rows if row.event},
    )


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clocks(spec: DaySpec, written: ParsedFile) -> list[Problem]:
    fields: list[tuple[FieldPath, str]] = [(("starts",), spec.starts)]
    fields += [(("rows", number, "at"), row.at) for number, row in enumerate(spec.rows)]
    return [
        Problem(written.line(field), dotted(field), f"{clock!r} is no time of day.", "Write one like 05:28.")
        for field, clock in fields
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", clock)
    ]


def _names(spec: DaySpec, written: ParsedFile) -> list[Problem]:
    problems = []
    named = {"phase": (PHASES, [row.phase for row in spec.rows]), "event": (EVENTS, [row.event for row in spec.rows])}
    for key, (known, values) in named.items():
        for number, value in enumerate(values):
            if value is not None and value not in known:
                field: FieldPath = ("rows", number, key)
                fix = f"Known: {', '.join(known)}."
                problems.append(Problem(written.line(field), dotted(field), f"there is no {key} {value!r}.", fix))
        for missing in [value for value in known if values.count(value) != 1]:
            problems.append(Problem(written.line(("rows",)), "rows", f"{key} {missing!r} must stand in one row."))
    for missing in [name for name in PARAMETERS if name not in spec.parameters]:
        problems.append(Problem(written.line(("parameters",)), "parameters", f"{missing!r} is missing."))
    for name, prior in spec.parameters.items():
        field = ("parameters", name)
        if name not in PARAMETERS:
            fix = f"Known: {', '.join(PARAMETERS)}."
            problems.append(Problem(written.line(field), dotted(field), "there is no such parameter.", fix))
        elif prior.to <= prior.from_:
            problems.append(Problem(written.line(field), dotted(field), "'to' must be above 'from'."))
    return problems
