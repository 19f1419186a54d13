"""Durations: written by people as ``250ms`` or ``20s``, kept by the program as whole nanoseconds."""

from __future__ import annotations

import re
from typing import Annotated, Any

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE

_UNITS = {"ns": 1, "us": MICROSECOND, "ms": MILLISECOND, "s": SECOND, "m": MINUTE, "min": MINUTE, "h": HOUR}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|ms|s|min|m|h)")
PATTERN = r"^(\d+(\.\d+)?\s*(ns|us|ms|s|min|m|h)\s*)+$"


LONGEST = 240 * 3600 * 1_000_000_000
"""The longest duration that can be written: ten days stand for ever."""


def parse_duration(text: object) -> int:
    """Nanoseconds of a duration such as ``250ms``, ``20s``, ``1.5s``, ``2m30s`` or ``0``.

    A bare number other than 0 is refused, because nobody can tell whether it means seconds or milliseconds.

    Raises ``ValueError`` saying what would be right.
    """
    if text == 0 and not isinstance(text, bool):
        return 0
    if not isinstance(text, str):
        raise ValueError(f"a duration needs a unit, got {text!r}; write for example 250ms, 20s or 2m30s")
    stripped = text.strip()
    if stripped == "0":
        return 0
    if stripped.startswith("-") and re.match(PATTERN, stripped[1:]):
        raise ValueError(f"{text!r} is less than nothing; write for example 250ms, 20s or 2m30s")
    if not re.match(PATTERN, stripped):
        raise ValueError(f"{text!r} is not a duration; write for example 250ms, 20s or 2m30s")
    return sum(_part_ns(number, _UNITS[unit]) for number, unit in _PART.findall(stripped))


def field_duration(text: Any) -> int:
    """``parse_duration`` for a field of a file or an option: nothing there lasts longer than ``LONGEST``. Raises ``ValueError``."""
    duration = parse_duration(text)
    if duration > LONGEST:
        raise ValueError(f"{text!r} is longer than 240h, ten days, which is the longest there is")
    return duration


def _part_ns(number: str, unit: int) -> int:
    """Whole nanoseconds; the whole part in integers, because a float cannot hold a long time to the nanosecond."""
    whole, _, decimals = number.partition(".")
    return int(whole) * unit + round(float(f"0.{decimals or 0}") * unit)


def format_duration(ns: int) -> str:
    """A short human form: ``0.8 ms``, ``130 ms``, ``5.55 s``, ``2 min 30 s``."""
    if ns < 0:
        return "-" + format_duration(-ns)
    if ns < MICROSECOND:
        return f"{ns} ns" if ns else "0 s"
    if ns < MILLISECOND:
        return f"{ns / MILLISECOND:.2g} ms"
    if ns < SECOND:
        return f"{ns / MILLISECOND:.3g} ms" if ns < 999_500_000 else "1 s"
    if ns < 100 * SECOND:
        return f"{ns / SECOND:.2f}".rstrip("0").rstrip(".") + " s"
    minutes, rest = divmod(round(ns / SECOND), 60)
    return f"{minutes} min" + (f" {rest} s" if rest else "")


class DurationMarker:
    """Tells pydantic to read a field as a duration. pydantic is imported only when a schema is built."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(field_duration)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        written = {"type": "string", "pattern": PATTERN, "examples": ["250ms", "20s", "2m30s"]}
        return {"anyOf": [written, {"const": 0}]}


Duration = Annotated[int, DurationMarker()]
"""A length of time in nanoseconds; in YAML a string with a unit."""
