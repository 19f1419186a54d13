"""What each client lived through: lookups, attempts, sleeps and arrivals joined into one view per call.

Three independent witnesses are joined. The *SDK's own report* gives attempts; the *DNS query log* gives lookups (each client asks
a resolver address of its own, so a query names its client); the *wire headers* give arrivals (``amz-sdk-invocation-id`` and the
attempt number). Where two neighbours of a burst could both own a lookup, the one that began first gets it: counts per client
are exact, the split inside a burst is an estimate, and ``Call.concurrent`` says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from chaoskit.clock import Instant
from chaoskit.journal.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallStarted,
    Entry,
    ErrorLink,
    QueryAnswered,
    RequestArrived,
    Result,
)
from chaoskit.units import SECOND

LOOKUP_GAP_NS = 15 * SECOND
"""Queries from one port this far apart are two lookups. glibc's longest pause inside one lookup is 5 s × 2 attempts + the
single-request fallback's 5 s (resolv.conf(5), ``timeout`` and ``attempts``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One ``getaddrinfo``: the queries that one client sent from one port (A and AAAA, and their repeats)."""

    client: str
    started: Instant
    finished: Instant
    name: str
    queries: tuple[int, ...]
    rcodes: tuple[str, ...]
    answers: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a call. ``slept_ns`` is the pause since the try before it ended; None for the first or when not seen.

    ``finished`` None means that its end was never reported. ``arrived`` is the ``seq`` of its request at the service, None when it
    never reached the wire; ``reused`` tells whether that request came over a connection opened earlier.
    """

    number: int
    started: Instant
    finished: Instant | None
    result: Result
    error: str | None
    slept_ns: int | None
    lookups: tuple[Lookup, ...] = ()
    arrived: int | None = None
    reused: bool | None = None
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the application, from start to what it saw. ``result`` *unknown*: the run ended before the call did."""

    client: str
    number: int
    operation: str
    started: Instant
    finished: Instant | None
    due: Instant
    result: Result
    errors: tuple[ErrorLink, ...]
    attempts: tuple[Attempt, ...]
    concurrent: bool
    evidence: tuple[int, ...]

    @property
    def elapsed_ns(self) -> int | None:
        """How long the application waited; None when the call never ended."""
        return None if self.finished is None else self.finished - self.started

    @property
    def lookups(self) -> int:
        """DNS lookups made during the call."""
        return sum(len(attempt.lookups) for attempt in self.attempts)

    @property
    def pooled(self) -> bool:
        """Whether it reached the service over a connection that was open before, with no lookup at all."""
        return self.lookups == 0 and any(attempt.reused for attempt in self.attempts)

    @property
    def troubled(self) -> bool:
        """Whether it failed or needed more than one attempt."""
        return self.result == "failed" or len(self.attempts) > 1


@dataclass(slots=True)
class _OpenCall:
    seq: int
    started: CallStarted
    finished: tuple[int, CallFinished] | None = None
    attempts: dict[int, _OpenAttempt] = field(default_factory=dict)


@dataclass(slots=True)
class _OpenAttempt:
    number: int
    started: Instant | None = None
    finished: Instant | None = None
    invocation: str | None = None
    report: AttemptFinished | None = None
    evidence: list[int] = field(default_factory=list)


def join_calls(entries: Sequence[Entry]) -> dict[str, tuple[Call, ...]]:
    """Every client's calls in order of start, each with its attempts, lookups and arrivals."""
    opened = _open_calls(entries)
    arrivals = _arrivals(entries)
    lookups = defaultdict(list)
    for lookup in find_lookups(entries):
        lookups[lookup.client].append(lookup)
    joined: dict[str, list[Call]] = defaultdict(list)
    for (client, _), call in opened.items():
        joined[client].append(_close(call, arrivals))
    return {client: _give_lookups(calls, lookups[client]) for client, calls in joined.items()}


def find_lookups(entries: Iterable[Entry]) -> tuple[Lookup, ...]:
    """The query log grouped into lookups, in order of start."""
    groups: list[list[tuple[int, QueryAnswered]]] = []
    latest: dict[tuple[str, str], list[tuple[int, QueryAnswered]]] = {}
    for entry in entries:
        event = entry.event
        if not isinstance(event, QueryAnswered):
            continue
        key = (event.asker, event.peer)
        group = latest.get(key)
        if group is None or event.at - group[-1][1].at > LOOKUP_GAP_NS:
            group = latest[key] = []
            groups.append(group)
        group.append((entry.seq, event))
    return tuple(sorted(map(_lookup, groups), key=lambda lookup: lookup.started))


def _lookup(group: list[tuple[int, QueryAnswered]]) -> Lookup:
    events = [event for _, event in group]
    return Lookup(
        client=events[0].asker,
        started=min(event.at for event in events),
        finished=max(event.answered_at for event in events),
        name=events[0].name,
        queries=tuple(seq for seq, _ in group),
        rcodes=tuple(event.rcode if event.reply == "answer" else event.reply for event in events),
        answers=sum(event.answers for event in events),
        faults=tuple(sorted({fault for event in events for fault in event.faults})),
    )


def _open_calls(entries: Sequence[Entry]) -> dict[tuple[str, int], _OpenCall]:
    opened: dict[tuple[str, int], _OpenCall] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, CallStarted):
            opened[event.client, event.call] = _OpenCall(entry.seq, event)
        elif isinstance(event, CallFinished):
            if call := opened.get((event.client, event.call)):
                call.finished = (entry.seq, event)
        elif isinstance(event, AttemptStarted | AttemptFinished):
            _add_attempt(opened, entry.seq, event)
    return opened


def _add_attempt(opened: dict[tuple[str, int], _OpenCall], seq: int, event: AttemptStarted | AttemptFinished) -> None:
    if event.call is None or event.attempt is None or (event.client, event.call) not in opened:
        return
    attempts = opened[event.client, event.call].attempts
    _record(attempts.setdefault(event.attempt, _OpenAttempt(event.attempt)), seq, event)


def _record(attempt: _OpenAttempt, seq: int, event: AttemptStarted | AttemptFinished) -> None:
    attempt.evidence.append(seq)
    if isinstance(event, AttemptStarted):
        attempt.started = event.at
        attempt.invocation = event.invocation
    else:
        attempt.finished = event.at
        attempt.report = event
        if attempt.started is None:  # an SDK that reports only the end of its tries
            attempt.started = event.at - event.latency_ns


def _arrivals(entries: Sequence[Entry]) -> dict[tuple[str, int | None], tuple[int, RequestArrived]]:
    return {
        (entry.event.invocation, entry.event.attempt): (entry.seq, entry.event)
        for entry in entries
        if isinstance(entry.event, RequestArrived) and entry.event.invocation is not None
    }


def _close(call: _OpenCall, arrivals: dict[tuple[str, int | None], tuple[int, RequestArrived]]) -> Call:
    attempts: list[Attempt] = []
    for _, open_attempt in sorted(call.attempts.items()):
        before = attempts[-1].finished if attempts else None
        attempts.append(_close_attempt(open_attempt, before, arrivals))
    finished = call.finished[1] if call.finished else None
    return Call(
        client=call.started.client,
        number=call.started.call,
        operation=call.started.operation,
        started=call.started.at,
        finished=finished.at if finished else None,
        due=call.started.due,
        result=finished.result if finished else "unknown",
        errors=finished.errors if finished else (),
        attempts=tuple(attempts),
        concurrent=call.started.concurrent,
        evidence=(call.seq, *((call.finished[0],) if call.finished else ())),
    )


def _close_attempt(
    attempt: _OpenAttempt,
    before: Instant | None,
    arrivals: dict[tuple[str, int | None], tuple[int, RequestArrived]],
) -> Attempt:
    assert attempt.started is not None
    arrival = arrivals.get((attempt.invocation, attempt.number)) if attempt.invocation else None
    report = attempt.report
    return Attempt(
        number=attempt.number,
        started=attempt.started,
        finished=attempt.finished,
        result=report.result if report else "unknown",
        error=report.error if report else None,
        slept_ns=attempt.started - before if before is not None else None,
        arrived=arrival[0] if arrival else None,
        reused=arrival[1].nth > 1 if arrival else None,
        evidence=tuple(attempt.evidence),
    )


def _give_lookups(calls: list[Call], lookups: list[Lookup]) -> tuple[Call, ...]:
    """Give each lookup to the try that was under way when it began; in a burst, to the first that has none yet."""
    owned: dict[tuple[int, int], list[Lookup]] = defaultdict(list)
    tries = sorted(
        (
            (attempt.started, attempt.finished, call.number, attempt.number)
            for call in calls
            for attempt in call.attempts
        ),
    )
    for lookup in lookups:
        under_way = [
            (bool(owned[call, number]), started, (call, number))
            for started, finished, call, number in tries
            if started <= lookup.started and (finished is None or lookup.started <= finished)
        ]
        if under_way:
            owned[min(under_way)[2]].append(lookup)
    return tuple(
        replace(
            call,
            attempts=tuple(
                replace(attempt, lookups=tuple(owned[call.number, attempt.number])) for attempt in call.attempts
            ),
        )
        for call in sorted(calls, key=lambda call: (call.started, call.number))
    )
