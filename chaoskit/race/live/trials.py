"""How often a record became empty in so many runs, live and simulated, and what may be concluded from that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chaoskit.units import format_duration

Z_95 = 1.959964
"""The normal quantile of a two-sided interval of 95 %."""


def wilson(times: int, runs: int) -> tuple[float, float]:
    """The 95 % interval of a probability of which ``times`` in ``runs`` were seen (E. B. Wilson, JASA 22, 1927). Without runs: 0 to 1."""
    if not runs:
        return 0.0, 1.0
    share, squared = times / runs, Z_95 * Z_95
    middle = (share + squared / (2 * runs)) / (1 + squared / runs)
    half = Z_95 / (1 + squared / runs) * math.sqrt(share * (1 - share) / runs + squared / (4 * runs * runs))
    return (0.0 if times == 0 else middle - half), (1.0 if times == runs else middle + half)


@dataclass(frozen=True, slots=True)
class Tally:
    """Of ``runs``: in how many the first endpoint's record became empty, any endpoint's did, and the first was not repaired by an
    enactor."""

    runs: int
    first: int
    any: int
    unrepaired: int

    def plain(self) -> dict[str, object]:
        """For JSON, with the interval of ``first``."""
        low, high = wilson(self.first, self.runs)
        counts = {"runs": self.runs, "first": self.first, "any": self.any, "unrepaired": self.unrepaired}
        return counts | {"first_interval": [round(low, 4), round(high, 4)]}


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: the protections, the latency of the slow path, and what was seen. ``invalid`` live runs count for nothing."""

    protections: tuple[str, ...]
    latency_ns: int
    live: Tally
    simulated: Tally
    invalid: int = 0

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "protections": list(self.protections),
            "latency_ns": self.latency_ns,
            "live": self.live.plain(),
            "simulated": self.simulated.plain(),
            "invalid": self.invalid,
        }


HEADINGS = (
    "protections",
    "latency",
    "live: emptied",
    "95 % interval",
    "any",
    "unrepaired",
    "simulated",
    "any",
    "unrep.",
)


def table_lines(rows: Sequence[Row]) -> list[str]:
    """The table for a terminal."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _cells(row: Row) -> tuple[str, ...]:
    live, simulated = row.live, row.simulated
    low, high = wilson(live.first, live.runs)
    return (
        ", ".join(row.protections) or "none",
        format_duration(row.latency_ns) if row.latency_ns else "0",
        f"{live.first} of {live.runs}" + (f" ({row.invalid} invalid)" if row.invalid else ""),
        f"{low:.0%} to {high:.0%}" if live.runs else "unknown",
        f"{live.any} of {live.runs}",
        f"{live.unrepaired} of {live.first}",
        f"{simulated.first} of {simulated.runs}",
        f"{simulated.any} of {simulated.runs}",
        f"{simulated.unrepaired} of {simulated.first}",
    )
