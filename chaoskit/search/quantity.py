"""What can be searched or sampled along a line: durations, whole numbers and decimal ones, as users write them."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any

from chaoskit.errors import InputError
from chaoskit.units import MICROSECOND, MILLISECOND, SECOND, format_duration, parse_duration

_INTEGER = re.compile(r"[-+]?\d+")


class Kind(enum.Enum):
    """How a number is written in an experiment."""

    DURATION = "duration"
    WHOLE = "whole number"
    DECIMAL = "number"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a kind. ``value`` is in nanoseconds for a duration, else the number itself."""

    kind: Kind
    value: float

    @property
    def written(self) -> Any:
        """As it is put into an experiment: ``"12.4s"``, ``7`` or ``0.25``."""
        if self.kind is Kind.DURATION:
            return write_duration(round(self.value))
        return round(self.value) if self.kind is Kind.WHOLE else float(f"{self.value:.9g}")

    @property
    def shown(self) -> str:
        """For people: ``12.4 s``."""
        return format_duration(round(self.value)) if self.kind is Kind.DURATION else f"{self.value:g}"

    def at(self, value: float) -> Quantity:
        """Another number of this kind."""
        return Quantity(self.kind, value)


def of_one_kind(*quantities: Quantity) -> tuple[Quantity, ...] | None:
    """The same, whole numbers as decimal ones where both kinds occur; None when they cannot be compared."""
    kinds = {value.kind for value in quantities}
    if kinds == {Kind.WHOLE, Kind.DECIMAL}:
        return tuple(Quantity(Kind.DECIMAL, value.value) for value in quantities)
    return quantities if len(kinds) == 1 else None


def quantity(text: str, what: str = "") -> Quantity:
    """The number that ``text`` means. Raises ``InputError`` naming the option ``what``."""
    stripped = text.strip()
    if _INTEGER.fullmatch(stripped):
        return Quantity(Kind.WHOLE, int(stripped))
    try:
        return Quantity(Kind.DECIMAL, _finite(stripped))
    except ValueError:
        pass
    try:
        return Quantity(Kind.DURATION, parse_duration(stripped))
    except ValueError:
        prefix = f"{what}: " if what else ""
        raise InputError(f"{prefix}{text!r} is no number and no duration; write for example 12, 0.5 or 250ms") from None


def _finite(text: str) -> float:
    value = float(text)
    if value - value != 0:  # neither infinity nor NaN
        raise ValueError(text)
    return value


def write_duration(ns: int) -> str:
    """A duration as YAML has it, exact to the nanosecond: ``250ms``, ``12.4s``, ``1.5us``."""
    for size, unit in ((SECOND, "s"), (MILLISECOND, "ms"), (MICROSECOND, "us")):
        if ns >= size or (unit == "s" and ns == 0):
            whole, rest = divmod(ns, size)
            decimals = f".{rest:0{len(str(size)) - 1}}".rstrip("0") if rest else ""
            return f"{whole}{decimals}{unit}"
    return f"{ns}ns"
