"""``chaoskit queries``: a query log as lines."""

from __future__ import annotations

import sys
from pathlib import Path

from chaoskit.dns.zone import TRANSFERS
from chaoskit.errors import HarnessError
from chaoskit.journal.codec import encode
from chaoskit.journal.events import QueryAnswered
from chaoskit.journal.spool import Shape, SpoolReader
from chaoskit.units import SECOND, format_duration


def print_queries(path: Path, *, as_json: bool, count: bool) -> int:
    """Print every query, or with ``count`` how many were answered alike. Returns 0, or 4 where some are missing.

    Raises ``JournalError`` for what is no query log.
    """
    reader = SpoolReader(path)
    if count:
        for shape, many in reader.count().most_common():
            sys.stdout.write(f"{many:>10,}  {_alike(shape)}\n")
    else:
        _print_each(reader, as_json=as_json)
    sys.stdout.flush()
    missing = f"{reader.lost:,} lost" if reader.lost else "none lost"
    if not reader.complete:
        missing += "; the log has no end, so how many more are missing is not known"
    sys.stderr.write(f"{reader.read:,} queries, {missing}\n")
    return 0 if reader.complete and not reader.lost else HarnessError.exit_code


def _print_each(reader: SpoolReader, *, as_json: bool) -> None:
    first: int | None = None
    for event in reader:
        first = event.at if first is None else first
        sys.stdout.write(encode(event) + "\n" if as_json else _line(event, first))


def _line(event: QueryAnswered, first: int) -> str:
    took = format_duration(event.answered_at - event.at)
    return f"{(event.at - first) / SECOND:12.6f} s  {event.peer}  {_alike(event)}  {took}\n"


def _alike(one: QueryAnswered | Shape) -> str:
    said = f"{one.rcode} {one.answers} answers" if one.reply == "answer" else one.reply
    faults = f"  met {', '.join(one.faults)}" if one.faults else ""
    if one.rcode == "REFUSED" and not (one.faults or one.upstream or one.rtype in TRANSFERS):
        faults = "  no zone here answers for it"
    return f"{one.transport} {one.name} {one.rtype}  {said}{faults}"
