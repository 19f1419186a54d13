"""What each client lived through: lookups, attempts, sleeps and arrivals joined into one view per call.

Three independent witnesses are joined. The *SDK's own report* gives attempts; the *DNS query log* gives lookups (each client asks
a resolver address of its own, so a query names its client); the *wire headers* give arrivals (``amz-sdk-invocation-id`` and the
attempt number). Where two neighbours of a burst could both own a lookup, the one that ended first gets it: counts per client
are exact, the split inside a burst is an estimate, and ``Call.concurrent`` says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from chaoskit.clock import Instant
from chaoskit.journal.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallStarted,
    Entry,
    ErrorLink,
    ProcessEnded,
    RequestArrived,
    Result,
)
from chaoskit.journal.lookups import Lookup, find_lookups


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a call. ``slept_ns`` is the pause since the try before it ended, 0 or more; None for the first or when not seen.

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
    """One call of the application, from start to what it saw. ``result`` *unknown*: the run, or its client's process, ended before it did.

    ``cut`` is when the process ended that was making it; None for a call that finished, or was still under way at the end.
    ``concurrent``: it belonged to a burst, or another call of this client was under way at the same time.
    """

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
    cut: Instant | None = None

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


def root_of(errors: Sequence[ErrorLink]) -> ErrorLink | None:
    """What lies at the bottom of a chain of errors, outermost first: the innermost that bears an error number, else the innermost."""
    numbered = [error for error in errors if error.errno is not None] or errors
    return numbered[-1] if numbered else None


def join_calls(entries: Sequence[Entry]) -> dict[str, tuple[Call, ...]]:
    """Every client's calls in order of start, each with its attempts, lookups and arrivals."""
    opened = _open_calls(entries)
    arrivals = _arrivals(entries)
    lookups = defaultdict(list)
    for lookup in find_lookups(entries):
        lookups[lookup.client].append(lookup)
    joined: dict[str, list[Call]] = defaultdict(list)
    ends: dict[str, list[Instant]] = defaultdict(list)
    for entry in entries:
        if isinstance(entry.event, ProcessEnded):
            ends[entry.event.process].append(entry.event.at)
    for (client, _), call in opened.items():
        joined[client].append(_close(call, arrivals, ends[client]))
    return {client: _give_lookups(calls, lookups[client]) for client, calls in joined.items()}


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


def _close(
    call: _OpenCall, arrivals: dict[tuple[str, int | None], tuple[int, RequestArrived]], ends: Sequence[Instant]
) -> Call:
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
        cut=None if finished else next((end for end in ends if end >= call.started.at), None),
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
        slept_ns=attempt.started - before if before is not None and before <= attempt.started else None,
        arrived=arrival[0] if arrival else None,
        reused=arrival[1].nth > 1 if arrival else None,
        evidence=tuple(attempt.evidence),
    )


_Try: TypeAlias = tuple[Instant, Instant | None, tuple[int, int]]
"""Start, end (None: never seen) and (call, attempt) of one try."""


def _give_lookups(calls: list[Call], lookups: list[Lookup]) -> tuple[Call, ...]:
    """Give each lookup to the try that was under way when it began; in a burst, to the first to end that has none yet.

    The first to end, because later lookups can still be its neighbours' but no more its own: so as many tries as possible get one.

    A try whose request came over a connection opened earlier had no use for a lookup, so it is the last to be given one.
    """
    riding = {(call.number, attempt.number) for call in calls for attempt in call.attempts if attempt.reused}
    owned: dict[tuple[int, int], list[Lookup]] = defaultdict(list)
    waiting = sorted(
        (try_ for call in calls for try_ in _spans(call)), key=lambda try_: (try_[0], try_[2]), reverse=True
    )
    under_way: list[_Try] = []
    for lookup in lookups:
        while waiting and waiting[-1][0] <= lookup.started:
            under_way.append(waiting.pop())
        under_way = [try_ for try_ in under_way if try_[1] is None or lookup.started <= try_[1]]
        if under_way:
            likeliest = min(under_way, key=lambda try_: (try_[2] in riding, try_[2] in owned, _end(try_), try_[2]))
            owned[likeliest[2]].append(lookup)
    concurrent = _overlapping(calls)
    return tuple(
        replace(
            call,
            concurrent=call.concurrent or call.number in concurrent,
            attempts=tuple(
                replace(attempt, lookups=tuple(owned.get((call.number, attempt.number), ())))
                for attempt in call.attempts
            ),
        )
        for call in sorted(calls, key=lambda call: (call.started, call.number))
    )


def _end(try_: _Try) -> float:
    return float("inf") if try_[1] is None else try_[1]


def _spans(call: Call) -> list[_Try]:
    """When each try was under way. One whose end was not reported lasted until the next began, or the call ended."""
    following = [*(attempt.started for attempt in call.attempts[1:]), call.finished]
    return [
        (attempt.started, later if attempt.finished is None else attempt.finished, (call.number, attempt.number))
        for attempt, later in zip(call.attempts, following, strict=False)  # a call without tries has one more
    ]


def _overlapping(calls: list[Call]) -> set[int]:
    """Numbers of the calls that shared time with another call of their client."""
    numbers: set[int] = set()
    open_calls: list[Call] = []
    for call in sorted(calls, key=lambda call: (call.started, call.number)):
        open_calls = [other for other in open_calls if other.finished is None or other.finished > call.started]
        if open_calls:
            numbers.add(call.number)
            numbers.update(other.number for other in open_calls)
        open_calls.append(call)
    return numbers
