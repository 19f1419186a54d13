"""Which points a sweep visits: every combination of the values, or a sample spread evenly over them.

The sample is a Latin hypercube (McKay, Beckman and Conover, "A comparison of three methods for selecting values of input variables",
Technometrics 21(2), 1979): each field's range is cut into as many strata as there are points, and each stratum is visited once. It
derives from the seed alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.errors import ExperimentError, InputError
from chaoskit.experiment.document import read_document
from chaoskit.search.quantity import Kind, Quantity, of_one_kind, quantity
from chaoskit.seeds import generator
from chaoskit.units import MILLISECOND, SECOND

POINTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one field, as they are put into the experiment."""

    field: str
    values: tuple[Any, ...]

    def in_stratum(self, stratum: int, size: int, draw: float) -> Any:
        """The value in the middle of ``stratum`` of ``size``, whatever the draw: so none is visited oftener than another but by one."""
        return self.values[(2 * stratum + 1) * len(self.values) // (2 * size)]


@dataclass(frozen=True, slots=True)
class Range:
    """A field's values anywhere from ``low`` to ``high``."""

    field: str
    low: Quantity
    high: Quantity

    def in_stratum(self, stratum: int, size: int, draw: float) -> Any:
        """The value at the share ``draw`` (0 to 1, excluded) of ``stratum`` of ``size``; of a long duration to the millisecond."""
        share = (stratum + draw) / size
        if self.low.kind is Kind.WHOLE:  # rounding would give the two ends half a share each
            return self.low.at(self.low.value + int(share * (self.high.value - self.low.value + 1))).written
        value = self.low.value + share * (self.high.value - self.low.value)
        if self.low.kind is Kind.DURATION and self.high.value >= SECOND:
            value = round(value / MILLISECOND) * MILLISECOND
        return self.low.at(value).written


Setting = Values | Range


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a sweep, counted from 1: each field with its value, in the order of the settings."""

    number: int
    values: tuple[tuple[str, Any], ...]


def read_setting(text: str) -> Setting:
    """``FIELD=V1,V2,…`` or ``FIELD=LOW..HIGH``; values as YAML has them, also ``[a, b]`` and ``{kind: {…}}``.

    Raises ``InputError`` saying what would be right.
    """
    field, equals, written = text.partition("=")
    if not equals or not field.strip() or not written.strip():
        raise InputError(f"--set {text}: write FIELD=V1,V2,… like timeline.0.when.for=1s,5s,20s")
    low, dots, high = written.partition("..")
    if dots and not any(sign in written for sign in ",[{\"'"):
        ends = quantity(low, f"--set {field}"), quantity(high, f"--set {field}")
        return _range(text, field.strip(), *ends)
    try:
        values = read_document(f"--set {text}", f"values: [{written}]").data["values"]
    except ExperimentError as error:
        raise InputError(
            f"--set {text}: the values are no YAML; write them with commas between, like 1s,5s,20s"
        ) from error
    if not values:
        raise InputError(f"--set {text}: there are no values")
    return Values(field.strip(), tuple(values))


def _range(text: str, field: str, low: Quantity, high: Quantity) -> Range:
    ends = of_one_kind(low, high)
    if ends is None:
        raise InputError(f"--set {text}: both ends must be of one kind, like 1s..60s or 1..10")
    if not low.value < high.value:
        raise InputError(f"--set {text}: the first end must be less than the second")
    return Range(field, *ends)


def points(settings: Sequence[Setting], sample: int | None, seed: int) -> tuple[Point, ...]:
    """All points of the grid, or ``sample`` of them by Latin hypercube. Raises ``InputError``."""
    if not settings:
        raise InputError("say what to vary with --set FIELD=V1,V2,…")
    fields = [setting.field for setting in settings]
    combinations = _grid(settings) if sample is None else _sample(settings, sample, seed)
    return tuple(
        Point(number, tuple(zip(fields, values, strict=True))) for number, values in enumerate(combinations, 1)
    )


def _grid(settings: Sequence[Setting]) -> list[tuple[Any, ...]]:
    lists = []
    size = 1
    for setting in settings:
        if isinstance(setting, Range):
            raise InputError(f"--set {setting.field}: a range has no end of values; write some, or add --sample N")
        lists.append(setting.values)
        size *= len(setting.values)
    if size > POINTS_MAX:
        raise InputError(f"this grid has {size:,} points, more than {POINTS_MAX:,}; take fewer values, or a --sample")
    return list(itertools.product(*lists))


def _sample(settings: Sequence[Setting], size: int, seed: int) -> list[tuple[Any, ...]]:
    if not 1 <= size <= POINTS_MAX:
        raise InputError(f"--sample must be from 1 to {POINTS_MAX:,}")
    columns = []
    for setting in settings:
        rng = generator(seed, "sweep", setting.field, size)
        strata = list(range(size))
        rng.shuffle(strata)
        columns.append([setting.in_stratum(stratum, size, rng.random()) for stratum in strata])
    return list(zip(*columns, strict=True))
