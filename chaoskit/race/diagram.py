"""A trace as a sequence diagram in plain text: a lane per process, time downwards, and the record's value after each step."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from chaoskit.race.findings import Finding
from chaoskit.race.model import Race
from chaoskit.race.words import Engineering, Vocabulary
from chaoskit.sim.system import Move

LEAST_LANE = 20
"""Narrower than this, a lane breaks its words too often: then each step is a line of its own."""


def moves_of(race: Race, finding: Finding) -> tuple[Move, ...]:
    """The steps of the finding's trace, played again by the policies themselves."""
    return race.system(()).replay(finding.trace or ())


def diagram(race: Race, finding: Finding, *, width: int = 100, words: Vocabulary | None = None) -> str:
    """The diagram, ``width`` columns wide at most."""
    words = words or Engineering()
    moves = moves_of(race, finding)
    processes = sorted({0, *(move.process for move in moves)})
    records = [words.record(move.after.shared) for move in moves]
    record_width = max([len("record"), *(len(record) for record in records)])
    lane = (width - 5 - record_width - 2 * len(processes)) // len(processes)
    rows = _lanes(moves, processes, records, words, lane) if lane >= LEAST_LANE else _list(moves, records, words)
    if finding.cycle:
        rows.insert(
            len(rows) - _rows_of_cycle(rows, finding.cycle), "     ... and from here the steps below, over and over:"
        )
    return "\n".join(row.rstrip() for row in rows)


def _rows_of_cycle(rows: Sequence[str], cycle: int) -> int:
    """How many rows the last ``cycle`` steps take: a step begins where a number stands in the first columns."""
    begins = [number for number, row in enumerate(rows) if row[:4].strip().isdigit()]
    return len(rows) - begins[-cycle]


def _lanes(
    moves: Sequence[Move], processes: Sequence[int], records: Sequence[str], words: Vocabulary, lane: int
) -> list[str]:
    lane = min(lane, max(len(words.step(move.call, move.answer)) for move in moves))
    lane = max(lane, LEAST_LANE)
    rows = ["     " + "  ".join(f"{words.process(process):<{lane}}" for process in processes) + "  record"]
    rows.append("     " + "  ".join("─" * lane for _ in processes) + "  " + "─" * len("record"))
    before = None
    for number, (move, record) in enumerate(zip(moves, records, strict=True), 1):
        place = processes.index(move.process)
        for line_number, line in enumerate(textwrap.wrap(words.step(move.call, move.answer), lane)):
            cells = [line if at == place else "│" for at in range(len(processes))]
            end = record if line_number == 0 and record != before else ""
            start = f"{number:>3}  " if line_number == 0 else "     "
            rows.append(start + "  ".join(f"{cell:<{lane}}" for cell in cells) + "  " + end)
        before = record
    return rows


def _list(moves: Sequence[Move], records: Sequence[str], words: Vocabulary) -> list[str]:
    rows = []
    before = None
    for number, (move, record) in enumerate(zip(moves, records, strict=True), 1):
        rows.append(f"{number:>3}  {words.process(move.process)} {words.step(move.call, move.answer)}")
        if record != before:
            rows.append(f"     → {record}")
        before = record
    return rows
