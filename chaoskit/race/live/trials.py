"""How often a record became empty in so many runs, live and simulated, and what may be concluded from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaoskit.spread import wilson
from chaoskit.units import format_duration


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
class Replays:
    """The live runs played again in virtual time, each with the times that its own calls took: ``first`` and ``any`` as in ``Tally``, of
    as many. ``alike`` counts those in which the first endpoint's record became empty, or did not, as it had live."""

    first: int = 0
    any: int = 0
    alike: int = 0

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {"first": self.first, "any": self.any, "alike": self.alike}


NOT_REPLAYED = Replays()


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: the protections, the latency of the slow path, and what was seen. ``invalid`` live runs count for nothing.

    ``breaks_in`` is the number of steps in which the explorer breaks ``never_empty`` under these protections; None where it proves it.
    """

    protections: tuple[str, ...]
    latency_ns: int
    breaks_in: int | None
    live: Tally
    simulated: Tally
    invalid: int = 0
    replays: Replays = NOT_REPLAYED

    @property
    def refuted(self) -> bool:
        """Whether a record became empty, of whatever endpoint and in whichever driver, although the explorer proves that none can."""
        return self.breaks_in is None and self.live.any + self.replays.any + self.simulated.any > 0

    @property
    def name(self) -> str:
        """The protections, for people."""
        return ", ".join(self.protections) or "none"

    @property
    def latency(self) -> str:
        """The latency, for people."""
        return format_duration(self.latency_ns) if self.latency_ns else "0"

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "protections": list(self.protections),
            "latency_ns": self.latency_ns,
            "never_empty_breaks_in": self.breaks_in,
            "live": self.live.plain(),
            "replays": self.replays.plain(),
            "simulated": self.simulated.plain(),
            "invalid": self.invalid,
        }


HEADINGS = (
    "protections",
    "model",
    "latency",
    "live: emptied",
    "95 % interval",
    "any",
    "unrepaired",
    "replayed",
    "alike",
    "simulated",
    "any",
    "unrep.",
)
BAR = 20
"""Characters of a bar of 100 %."""


def table_lines(rows: Sequence[Row]) -> list[str]:
    """The table for a terminal."""
    return _columns([HEADINGS, *(_cells(row) for row in rows)])


def curve_lines(rows: Sequence[Row]) -> list[str]:
    """How often the first endpoint became empty over the latency, live, replayed and simulated, for each set of protections that
    was swept; nothing where none was."""
    swept: dict[str, list[Row]] = {}
    for row in rows:
        swept.setdefault(row.name, []).append(row)
    lines = []
    for name, of_one_set in swept.items():
        if len(of_one_set) > 1:
            cells = [
                (row.latency, *(_bar(*counts) for counts in _firsts(row)))
                for row in sorted(of_one_set, key=lambda row: row.latency_ns)
            ]
            lines += ["", f"protections: {name}", *_columns([("latency", "live", "replayed", "simulated"), *cells])]
    return lines[1:]


def refutations(rows: Sequence[Row]) -> list[str]:
    """Where a record became empty under protections for which the explorer proves that none can."""
    return [
        f"{row.name} at {row.latency}: the model proves never_empty, and a record became empty in {row.live.any} of {row.live.runs} "
        f"live, {row.replays.any} of {row.live.runs} replayed and {row.simulated.any} of {row.simulated.runs} simulated runs"
        for row in rows
        if row.refuted
    ]


def _firsts(row: Row) -> tuple[tuple[int, int], ...]:
    """In how many of how many runs the first endpoint became empty: live, replayed, simulated."""
    return (
        (row.live.first, row.live.runs),
        (row.replays.first, row.live.runs),
        (row.simulated.first, row.simulated.runs),
    )


def _bar(count: int, runs: int) -> str:
    if not runs:
        return "unknown"
    filled = round(BAR * count / runs)
    return f"{'█' * filled}{'·' * (BAR - filled)}  {count} of {runs}"


def _columns(table: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in table]


def _cells(row: Row) -> tuple[str, ...]:
    live, simulated = row.live, row.simulated
    low, high = wilson(live.first, live.runs)
    return (
        row.name,
        "holds" if row.breaks_in is None else f"breaks in {row.breaks_in}",
        row.latency,
        f"{live.first} of {live.runs}" + (f" ({row.invalid} invalid)" if row.invalid else ""),
        f"{low:.0%} to {high:.0%}" if live.runs else "unknown",
        f"{live.any} of {live.runs}",
        f"{live.unrepaired} of {live.first}",
        f"{row.replays.first} of {live.runs}",
        f"{row.replays.alike} of {live.runs}",
        f"{simulated.first} of {simulated.runs}",
        f"{simulated.any} of {simulated.runs}",
        f"{simulated.unrepaired} of {simulated.first}",
    )
