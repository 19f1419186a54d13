"""What each client lived through: lookups, attempts, sleeps and arrivals joined into one view per call.

Three independent witnesses are joined. The *SDK's own report* gives attempts; the *DNS query log* gives lookups (each client asks
a resolver address of its own, so a query names its client); the *wire headers* give arrivals (``amz-sdk-invocation-id`` and the
attempt number). Where two neighbours of a burst could both own a lookup, the one that ended first gets it: counts per client
are exact, the split inside a burst is an estimate, and ``Call.concurrent`` says so.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Container, Sequence
from typing import TypeAlias

from msgspec import Struct, field

from chaoskit.clock import Instant
from chaoskit.journal.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallStarted,
    Entry,
    ErrorLink,
    ProcessEnded,
    Record,
    RequestArrived,
    Result,
)
from chaoskit.journal.lookups import Lookup, find_lookups
from chaoskit.journal.stored import select


class Attempt(Record, frozen=True, kw_only=True):
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


class Call(Record, frozen=True, kw_only=True):
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


class _OpenCall(Struct, gc=False):
    """What is known of a call while the journal is read; only what a ``Call`` needs, since a journal may hold a million."""

    client: str
    number: int
    operation: str
    started: Instant
    due: Instant
    concurrent: bool
    evidence: tuple[int, ...]
    finished: Instant | None = None
    result: Result = "unknown"
    errors: tuple[ErrorLink, ...] = ()
    attempts: list[_OpenAttempt] = field(default_factory=list)

    def attempt(self, number: int) -> _OpenAttempt:
        for known in self.attempts:
            if known.number == number:
                return known
        self.attempts.append(_OpenAttempt(number))
        return self.attempts[-1]


class _OpenAttempt(Struct, gc=False):
    number: int
    started: Instant | None = None
    finished: Instant | None = None
    invocation: str | None = None
    result: Result = "unknown"
    error: str | None = None
    evidence: tuple[int, ...] = ()


def root_of(errors: Sequence[ErrorLink]) -> ErrorLink | None:
    """What lies at the bottom of a chain of errors, outermost first: the innermost that bears an error number, else the innermost."""
    numbered = [error for error in errors if error.errno is not None] or errors
    return numbered[-1] if numbered else None


def join_calls(entries: Sequence[Entry], lookups: Sequence[Lookup] | None = None) -> dict[str, tuple[Call, ...]]:
    """Every client's calls in order of start, each with its attempts, lookups and arrivals.

    ``lookups`` are ``find_lookups(entries)``, from whoever has them already.
    """
    opened: dict[str, list[_OpenCall]] = defaultdict(list)
    for call in _open_calls(entries).values():
        opened[call.client].append(call)
    arrivals = _arrivals(entries)
    own: dict[str, list[Lookup]] = defaultdict(list)
    for lookup in find_lookups(entries) if lookups is None else lookups:
        own[lookup.client].append(lookup)
    ends: dict[str, list[Instant]] = defaultdict(list)
    for entry in select(entries, ProcessEnded):
        assert isinstance(entry.event, ProcessEnded)
        ends[entry.event.process].append(entry.event.at)
    joined = {}
    for client, calls in opened.items():
        calls.sort(key=lambda call: (call.started, call.number))
        owned = _give_lookups(calls, own[client], arrivals)
        concurrent = _overlapping(calls)
        calls.reverse()  # so that each can be let go when it is closed
        closed = []
        while calls:
            closed.append(_close(calls.pop(), arrivals, ends[client], owned, concurrent))
        joined[client] = tuple(closed)
    return joined


def _open_calls(entries: Sequence[Entry]) -> dict[tuple[str, int], _OpenCall]:
    opened: dict[tuple[str, int], _OpenCall] = {}
    for entry in select(entries, CallStarted, CallFinished, AttemptStarted, AttemptFinished):
        event = entry.event
        if isinstance(event, CallStarted):
            opened[event.client, event.call] = _OpenCall(
                client=sys.intern(event.client),
                number=event.call,
                operation=sys.intern(event.operation),
                started=event.at,
                due=event.due,
                concurrent=event.concurrent,
                evidence=(entry.seq,),
            )
        elif isinstance(event, CallFinished):
            if call := opened.get((event.client, event.call)):
                call.finished, call.result, call.errors = event.at, event.result, event.errors
                call.evidence = (call.evidence[0], entry.seq)
        elif isinstance(event, AttemptStarted | AttemptFinished) and event.call is not None:
            call = opened.get((event.client, event.call))
            if call is not None and event.attempt is not None:
                _record(call.attempt(event.attempt), entry.seq, event)
    return opened


def _record(attempt: _OpenAttempt, seq: int, event: AttemptStarted | AttemptFinished) -> None:
    attempt.evidence += (seq,)
    if isinstance(event, AttemptStarted):
        attempt.started = event.at
        attempt.invocation = event.invocation
    else:
        attempt.finished = event.at
        attempt.result, attempt.error = event.result, event.error and sys.intern(event.error)
        if attempt.started is None:  # an SDK that reports only the end of its tries
            attempt.started = event.at - event.latency_ns


_Arrivals: TypeAlias = dict[tuple[str, int | None], tuple[int, bool]]
"""By invocation and attempt: the ``seq`` of the request, and whether it came over a connection opened earlier."""


def _arrivals(entries: Sequence[Entry]) -> _Arrivals:
    by_attempt: _Arrivals = {}
    for entry in select(entries, RequestArrived):
        event = entry.event
        assert isinstance(event, RequestArrived)
        if event.invocation is not None:
            by_attempt[event.invocation, event.attempt] = (entry.seq, event.nth > 1)
    return by_attempt


_Owned: TypeAlias = dict[tuple[int, int], list[Lookup]]
"""Lookups by (call, attempt)."""


def _close(
    call: _OpenCall, arrivals: _Arrivals, ends: Sequence[Instant], owned: _Owned, concurrent: Container[int]
) -> Call:
    attempts: list[Attempt] = []
    for open_attempt in sorted(call.attempts, key=lambda attempt: attempt.number):
        before = attempts[-1].finished if attempts else None
        lookups = tuple(owned.get((call.number, open_attempt.number), ()))
        attempts.append(_close_attempt(open_attempt, before, arrivals, lookups))
    is_open = len(call.evidence) == 1
    return Call(
        client=call.client,
        number=call.number,
        operation=call.operation,
        started=call.started,
        finished=call.finished,
        due=call.due,
        result=call.result,
        errors=call.errors,
        attempts=tuple(attempts),
        concurrent=call.concurrent or call.number in concurrent,
        evidence=call.evidence,
        cut=next((end for end in ends if end >= call.started), None) if is_open else None,
    )


def _close_attempt(
    attempt: _OpenAttempt, before: Instant | None, arrivals: _Arrivals, lookups: tuple[Lookup, ...]
) -> Attempt:
    assert attempt.started is not None
    arrived, reused = _arrival(attempt, arrivals)
    return Attempt(
        number=attempt.number,
        started=attempt.started,
        finished=attempt.finished,
        result=attempt.result,
        error=attempt.error,
        slept_ns=attempt.started - before if before is not None and before <= attempt.started else None,
        lookups=lookups,
        arrived=arrived,
        reused=reused,
        evidence=attempt.evidence,
    )


def _arrival(attempt: _OpenAttempt, arrivals: _Arrivals) -> tuple[int | None, bool | None]:
    arrival = arrivals.get((attempt.invocation, attempt.number)) if attempt.invocation else None
    return arrival or (None, None)


_Try: TypeAlias = tuple[Instant, Instant | None, tuple[int, int]]
"""Start, end (None: never seen) and (call, attempt) of one try."""


def _give_lookups(calls: Sequence[_OpenCall], lookups: Sequence[Lookup], arrivals: _Arrivals) -> _Owned:
    """Give each lookup to the try that was under way when it began; in a burst, to the first to end that has none yet.

    The first to end, because later lookups can still be its neighbours' but no more its own: so as many tries as possible get one.

    A try whose request came over a connection opened earlier had no use for a lookup, so it is the last to be given one.
    """
    riding = {
        (call.number, attempt.number) for call in calls for attempt in call.attempts if _arrival(attempt, arrivals)[1]
    }
    owned: _Owned = {}
    waiting = sorted(
        (try_ for call in calls for try_ in _spans(call)), key=lambda try_: (try_[0], try_[2]), reverse=True
    )
    under_way: list[_Try] = []
    for lookup in lookups:
        while waiting and waiting[-1][0] <= lookup.started:
            under_way.append(waiting.pop())
        under_way = [try_ for try_ in under_way if try_[1] is None or lookup.started <= try_[1]]
        if len(under_way) == 1:
            owned.setdefault(under_way[0][2], []).append(lookup)
        elif under_way:
            likeliest = min(under_way, key=lambda try_: (try_[2] in riding, try_[2] in owned, _end(try_), try_[2]))
            owned.setdefault(likeliest[2], []).append(lookup)
    return owned


def _end(try_: _Try) -> float:
    return float("inf") if try_[1] is None else try_[1]


def _spans(call: _OpenCall) -> list[_Try]:
    """When each try was under way. One whose end was not reported lasted until the next began, or the call ended."""
    attempts = sorted(call.attempts, key=lambda attempt: attempt.number)
    following = [*(attempt.started for attempt in attempts[1:]), call.finished]
    return [
        (attempt.started or 0, later if attempt.finished is None else attempt.finished, (call.number, attempt.number))
        for attempt, later in zip(attempts, following, strict=False)  # a call without tries has one more
    ]


def _overlapping(calls: Sequence[_OpenCall]) -> set[int]:
    """Numbers of those ``calls``, in order of start, that shared time with another call of their client."""
    overlapping: set[int] = set()
    open_calls: list[_OpenCall] = []
    for call in calls:
        open_calls = [other for other in open_calls if other.finished is None or other.finished > call.started]
        if open_calls:
            overlapping.add(call.number)
            overlapping.update(other.number for other in open_calls)
        open_calls.append(call)
    return overlapping
