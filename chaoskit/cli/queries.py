"""``chaoskit queries``: print a query log."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from chaoskit.cli.options import AsJson
from chaoskit.cli.output import OutputGone
from chaoskit.dns.zone import TRANSFERS
from chaoskit.errors import HarnessError, InputError, Interrupted
from chaoskit.interruption import SIGNALS, handled
from chaoskit.journal.codec import encode
from chaoskit.journal.events import QueryAnswered
from chaoskit.journal.spool import Shape, SpoolReader
from chaoskit.units import SECOND, format_duration

LOOK_EVERY_MS = 100
"""How often ``--follow`` looks for more; the server writes five times a second."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def queries(
    log: Annotated[Path, typer.Argument(help="File that `chaoskit serve --log` wrote.")],
    as_json: AsJson = False,
    count: Annotated[bool, typer.Option("--count", help="Print one line for all queries answered alike.")] = False,
    follow: Annotated[
        bool,
        typer.Option("--follow", "-f", help="Go on with new queries as they come, until the server ends or Ctrl-C."),
    ] = False,
    wall: Annotated[
        bool, typer.Option("--wall", help="Print the time of day (UTC) of each query too, by the server's clock.")
    ] = False,
) -> None:
    """Print a query log, one query per line.

    Exit code: 0 if the log is complete, 4 if queries are missing from it. Their number is printed to standard error.
    """
    if count and (follow or wall):
        raise InputError(f"--count prints no single query; leave {'--follow' if follow else '--wall'} out")
    if as_json and wall:
        raise InputError("--json prints the journal's own events, which have no time of day; leave --wall out")
    follower = _Follower()
    reader = SpoolReader(log, follower.wait if follow else None)
    exit_code = None
    try:
        if count:
            for shape, many in reader.count().most_common():
                sys.stdout.write(f"{many:>10,}  {_alike(shape)}\n")
        elif follow:
            with handled(dict.fromkeys(SIGNALS, follower.end)):
                _print_each(follower.until_signalled(reader), reader, as_json=as_json, wall=wall)
        else:
            _print_each(reader, reader, as_json=as_json, wall=wall)
    except Interrupted as interruption:
        exit_code = interruption.exit_code
    sys.stdout.flush()
    missing = f"{reader.lost:,} lost" if reader.lost else "none lost"
    if exit_code is not None:
        missing += " so far"
    elif not reader.complete:
        missing += "; the log has no end, so how many more are missing is not known"
    sys.stderr.write(f"{reader.read:,} queries, {missing}\n")
    if exit_code is None:
        exit_code = 0 if reader.complete and not reader.lost else HarnessError.exit_code
    raise typer.Exit(exit_code)


class _Follower:
    """Waits for more of a log. A signal ends that between two queries, since a line whose writing it interrupts would be written twice."""

    def __init__(self) -> None:
        self._signals: list[int] = []

    def end(self, number: int, _: FrameType | None) -> None:
        """Handle a signal."""
        self._signals.append(number)

    def until_signalled(self, events: Iterable[QueryAnswered]) -> Iterator[QueryAnswered]:
        """The events, until a signal comes. Raises ``Interrupted`` then."""
        for event in events:
            yield event
            self._check()

    def wait(self) -> None:
        """Show what has been printed, and return after a moment. Raises ``OutputGone`` once nobody reads standard output any more."""
        sys.stdout.flush()
        self._check()
        output = select.poll()
        output.register(sys.stdout.fileno(), 0)
        if any(state & (select.POLLERR | select.POLLHUP) for _, state in output.poll(LOOK_EVERY_MS)):
            raise OutputGone("")

    def _check(self) -> None:
        if self._signals:
            raise Interrupted(self._signals[0])


def _print_each(events: Iterable[QueryAnswered], log: SpoolReader, *, as_json: bool, wall: bool) -> None:
    first: int | None = None
    for event in events:
        first = event.at if first is None else first
        time_of_day = f"{_time_of_day(log, event)}  " if wall else ""
        sys.stdout.write(encode(event) + "\n" if as_json else f"{time_of_day}{_line(event, first)}")


def _time_of_day(reader: SpoolReader, event: QueryAnswered) -> str:
    """``2026-11-26T18:17:19.123456Z``. Raises ``InputError`` where the log does not know it."""
    epoch_ns = reader.wall_ns(event.at)
    if epoch_ns is None:
        raise InputError(f"{reader.path}: an older version wrote it, without the time of day; leave --wall out")
    moment = EPOCH + timedelta(microseconds=epoch_ns // 1000)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def _line(event: QueryAnswered, first: int) -> str:
    took = format_duration(event.answered_at - event.at)
    return f"{(event.at - first) / SECOND:12.6f} s  {event.peer}  {_alike(event)}  {took}\n"


def _alike(query: QueryAnswered | Shape) -> str:
    reply = (
        f"{query.rcode} {query.answers} {'answer' if query.answers == 1 else 'answers'}"
        if query.reply == "answer"
        else query.reply
    )
    faults = f"  met {', '.join(query.faults)}" if query.faults else ""
    if query.rcode == "REFUSED" and not (query.faults or query.upstream or query.rtype in TRANSFERS):
        faults = "  no zone here answers for it"
    return f"{query.transport} {query.name} {query.rtype}  {reply}{faults}"
