"""Which calls met a fault, and which were troubled: failed, retried, slowed or never ended. Pure.

Slowness is trouble: a call that waited four seconds for DNS and then succeeded was not left alone by the fault. What is slow is told
by the client's own pace, from calls that no fault could touch: those that ended before the first fault began, or, where there is none,
those that began after the last fault and met nothing.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from chaoskit.clock import Instant
from chaoskit.journal.calls import Call
from chaoskit.journal.connections import Connections
from chaoskit.journal.dialled import dialled_toxics
from chaoskit.journal.events import Entry, InjectionPlanned, RequestAnswered, RunStarted
from chaoskit.journal.lookups import Lookup
from chaoskit.journal.spans import Spans
from chaoskit.journal.stored import select
from chaoskit.units import MILLISECOND

SLOW_FACTOR = 3
SLOW_LEAST_NS = 250 * MILLISECOND
"""A call is slow when it lasted at least ``SLOW_FACTOR`` times the slowest call of the client's pace, and ``SLOW_LEAST_NS`` longer than
it: a busy machine delays a call by tens of milliseconds, and that is no fault's doing."""

LONG_AFTER_FACTOR = 10
LONG_AFTER_LEAST_NS = 1000 * MILLISECOND
"""The same for a call that no fault was on for at any time, and that met none: after a fault only what is beyond doubt is its doing."""

MET_LEAST_NS = 50 * MILLISECOND
"""A call that is known to have met a fault is slow already when it lasted this much longer than the slowest call of the pace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long the calls of one client take when nothing is wrong: ``calls`` of them, their median and their slowest."""

    calls: int
    median_ns: int
    slowest_ns: int


def pace_of(calls: Iterable[Call]) -> Pace | None:
    """The pace of calls that nothing disturbed; None without any that succeeded at the first attempt."""
    lengths = sorted(
        call.elapsed_ns for call in calls if call.elapsed_ns is not None and call.result == "ok" and not call.troubled
    )
    if not lengths:
        return None
    return Pace(calls=len(lengths), median_ns=statistics.median_low(lengths), slowest_ns=lengths[-1])


def is_slow(call: Call, pace: Pace | None, until: Instant, *, met: bool, in_fault: bool = True) -> bool:
    """Whether ``call`` was far slower than its client's pace; one that never ended lasted at least ``until``.

    ``met`` is whether it is known to have met a fault, ``in_fault`` whether one was on during some part of it.
    """
    if pace is None:
        return False
    length = (call.finished or call.cut or until) - call.started
    if met and length >= pace.slowest_ns + MET_LEAST_NS:
        return True
    factor, least = (SLOW_FACTOR, SLOW_LEAST_NS) if in_fault else (LONG_AFTER_FACTOR, LONG_AFTER_LEAST_NS)
    return length >= max(factor * pace.slowest_ns, pace.slowest_ns + least)


def met_faults(
    entries: Sequence[Entry],
    calls: Mapping[str, Sequence[Call]],
    lookups: Sequence[Lookup],
    injections: Sequence[InjectionPlanned],
    connections: Connections,
    swallowed: Container[int] = (),
    inferred: Mapping[str, Iterable[int]] = MappingProxyType({}),
) -> dict[str, dict[int, frozenset[str]]]:
    """For each client, the ids of the injections that each of its calls is known to have met; calls that met none are left out.

    A lookup, a request and a connection say so. A lookup of a client that reports no attempts is given to the calls that were under
    way. A connection says it of its whole life, so a call has met its toxic if it was under way while that was on. The answer to a request
    that is ``swallowed`` says nothing: no client saw it. ``inferred`` has, by injection, ``seq`` of events that prove it although no proxy
    told of it: where one is the arrival of a request, the call that sent it has met the injection. Where no request tells whose a
    connection is, ``chaoskit.journal.dialled`` does.
    """
    faults_of = {
        entry.event.request: entry.event.faults
        for entry in select(entries, RequestAnswered, unless="faults")
        if isinstance(entry.event, RequestAnswered) and entry.event.faults and entry.event.request not in swallowed
    }
    proven: dict[int, set[str]] = defaultdict(set)
    for injection, seqs in inferred.items():
        for seq in seqs:
            proven[seq].add(injection)
    arrived = connections.request_numbers()
    spans = {planned.injection: Spans(planned.spans) for planned in injections if planned.plane == "network"}
    faulty: dict[str, list[Lookup]] = defaultdict(list)
    for lookup in lookups:
        if lookup.faults:
            faulty[lookup.client].append(lookup)
    header = next((e.event for e in select(entries, RunStarted) if isinstance(e.event, RunStarted)), None)
    dialled = dialled_toxics(header.experiment, calls, lookups, connections) if spans and header else {}
    met: dict[str, dict[int, frozenset[str]]] = {}
    for client, own in calls.items():
        met[client] = {}
        toxics_of = dialled.get(client, {})
        for call in own:
            ids = _met_by_attempts(call, faults_of, arrived, spans, connections)
            ids |= {fault for attempt in call.attempts for fault in proven.get(attempt.arrived or -1, ())}
            ids |= _met_by_connections(call, toxics_of.get(call.number, ()), spans)
            if not call.attempts:
                ids |= {fault for lookup in faulty[client] if _during(lookup, call) for fault in lookup.faults}
            if ids:
                met[client][call.number] = frozenset(ids)
    return met


def _met_by_attempts(
    call: Call,
    faults_of: Mapping[int, tuple[str, ...]],
    arrived: Mapping[int, int],
    spans: Mapping[str, Spans],
    connections: Connections,
) -> set[str]:
    ids: set[str] = set()
    for attempt in call.attempts:
        ids.update(fault for lookup in attempt.lookups for fault in lookup.faults)
        if attempt.arrived is None:
            continue
        ids.update(faults_of.get(arrived.get(attempt.arrived, -1), ()))
        ids |= _met_by_connections(call, connections.toxics_on(attempt), spans)
    return ids


def _met_by_connections(call: Call, toxics: Iterable[str], spans: Mapping[str, Spans]) -> set[str]:
    """Those of ``toxics``, which touched a connection of the call, that were on while it was under way."""
    return {
        injection for injection in toxics if injection in spans and spans[injection].meet(call.started, call.finished)
    }


def _during(lookup: Lookup, call: Call) -> bool:
    return lookup.started >= call.started and (call.finished is None or lookup.started <= call.finished)
