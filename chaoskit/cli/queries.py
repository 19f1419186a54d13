"""``chaoskit queries``: print a query log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.options import AsJson
from chaoskit.dns.zone import TRANSFERS
from chaoskit.errors import HarnessError
from chaoskit.journal.codec import encode
from chaoskit.journal.events import QueryAnswered
from chaoskit.journal.spool import Shape, SpoolReader
from chaoskit.units import SECOND, format_duration


def queries(
    log: Annotated[Path, typer.Argument(help="File that `chaoskit serve --log` wrote.")],
    as_json: AsJson = False,
    count: Annotated[bool, typer.Option("--count", help="Print one line for all queries answered alike.")] = False,
) -> None:
    """Print a query log, one query per line.

    Exit code: 0 if the log is complete, 4 if queries are missing from it. Their number is printed to standard error.
    """
    reader = SpoolReader(log)
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
    raise typer.Exit(0 if reader.complete and not reader.lost else HarnessError.exit_code)


def _print_each(reader: SpoolReader, *, as_json: bool) -> None:
    first: int | None = None
    for event in reader:
        first = event.at if first is None else first
        sys.stdout.write(encode(event) + "\n" if as_json else _line(event, first))


def _line(event: QueryAnswered, first: int) -> str:
    took = format_duration(event.answered_at - event.at)
    return f"{(event.at - first) / SECOND:12.6f} s  {event.peer}  {_alike(event)}  {took}\n"


def _alike(query: QueryAnswered | Shape) -> str:
    reply = f"{query.rcode} {query.answers} answers" if query.reply == "answer" else query.reply
    faults = f"  met {', '.join(query.faults)}" if query.faults else ""
    if query.rcode == "REFUSED" and not (query.faults or query.upstream or query.rtype in TRANSFERS):
        faults = "  no zone here answers for it"
    return f"{query.transport} {query.name} {query.rtype}  {reply}{faults}"
