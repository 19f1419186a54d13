"""``$GENERATE`` of a master file: many records of one line (BIND 9 Administrator Reference Manual, "The $GENERATE Directive"). Pure.

``$GENERATE 1-3 host$ A 192.0.2.$`` stands for host1, host2 and host3. ``${OFFSET,WIDTH,BASE}`` adds an offset, pads with zeros, and writes
in base d, o, x or X, or as nibbles (n, N) for reverse zones. ``\\$`` and ``$$`` are a dollar sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_RECORDS = 65_536
"""Of one line: a /16 in a reverse zone."""

_RANGE = re.compile(r"(\d{1,10})-(\d{1,10})(?:/(\d{1,10}))?")
_PLACE = re.compile(r"\\\$|\$\$|\$(?:\{(-?\d{1,10})(?:,(\d{1,3})(?:,([doxXnN]))?)?\})?")


def generated(fields: list[str]) -> Iterator[list[str]]:
    """The fields of each record of ``$GENERATE RANGE OWNER [TTL] [CLASS] TYPE DATA``, without the control's own word.

    Raises ``ValueError`` saying what is wrong.
    """
    if len(fields) < 4:
        raise ValueError("$GENERATE takes a range, an owner, a type and data, for example: 1-9 host$ A 192.0.2.$")
    written, *template = fields
    match = _RANGE.fullmatch(written)
    if match is None:
        raise ValueError(f"{written!r} is no range; write for example 1-9, or 0-100/10 for steps of 10")
    start, stop, step = int(match[1]), int(match[2]), int(match[3] or 1)
    if start > stop or step < 1:
        raise ValueError(f"the range {written} goes nowhere; its end must not come before its start, nor its step be 0")
    if (stop - start) // step >= MAX_RECORDS:
        raise ValueError(f"the range {written} makes more than {MAX_RECORDS:,} records")
    return ([_filled(field, number) for field in template] for number in range(start, stop + 1, step))


def _filled(field: str, number: int) -> str:
    return _PLACE.sub(lambda place: _shown(place, number), field)


def _shown(place: re.Match[str], number: int) -> str:
    if place.group() in ("\\$", "$$"):
        return "$"
    offset, width, base = int(place[1] or 0), int(place[2] or 0), place[3] or "d"
    shifted = number + offset
    if shifted < 0:
        raise ValueError(f"{place.group()} is below 0 for {number}")
    if base not in "nN":
        return f"{shifted:0{width}{base}}"
    # The width counts dots, too: one before each nibble but the first (BIND 9 ARM).
    nibbles = f"{shifted:{'x' if base == 'n' else 'X'}}"[::-1]
    return ".".join(nibbles.ljust((width + 1) // 2, "0"))
