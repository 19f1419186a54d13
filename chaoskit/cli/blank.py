"""The option ``--blank NAME@FROM+FOR``: a record without data for a time, as an entry of an experiment's timeline."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any

from chaoskit.errors import InputError
from chaoskit.units import field_duration

WHOLE_TIME = "240h"
"""Length of a run that ends with its command, and of a blank without FOR: ten days stand for ever."""

_BLANK = re.compile(r"(?P<name>[^@\s]+)(?:@(?P<start>[^+]*)(?:\+(?P<length>.+))?)?")


def injections_of(blanks: Sequence[str], timeline: Iterable[Any]) -> list[dict[str, Any]]:
    """The timeline entry for each ``--blank``, with an id that no entry of ``timeline`` has. Raises ``InputError``."""
    taken = {entry.get("id") for entry in timeline if isinstance(entry, dict)}
    free = (number for number in itertools.count(1) if f"blank-{number}" not in taken)
    return [read_blank(written, number) for written, number in zip(blanks, free, strict=False)]


def read_blank(written: str, number: int) -> dict[str, Any]:
    """The timeline entry for ``NAME``, ``NAME@FROM`` or ``NAME@FROM+FOR``. Raises ``InputError``."""
    match = _BLANK.fullmatch(written)
    if match is None:
        raise InputError(f"--blank {written}: write NAME, NAME@FROM or NAME@FROM+FOR, like example.com@5s+30s")
    start, length = match["start"] or "0", match["length"] or WHOLE_TIME
    for part in (start, length):
        try:
            field_duration(part)
        except ValueError as error:
            raise InputError(f"--blank {written}: {error}") from error
    return {"id": f"blank-{number}", "dns": "empty", "where": match["name"], "when": {"from": start, "for": length}}
