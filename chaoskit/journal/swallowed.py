"""Which answers of a service no client saw, because a toxic took them away. Pure.

A service fault whose answer never came to its client was not felt: what the client felt is the toxic's doing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chaoskit.journal.calls import Call
from chaoskit.journal.connections import Connections
from chaoskit.journal.events import (
    AttemptFinished,
    Entry,
    InjectionPlanned,
    PlaneReady,
    RequestAnswered,
    RequestArrived,
)
from chaoskit.journal.spans import Spans
from chaoskit.journal.stored import select

SWALLOWING = ("timeout", "reset_peer", "down", "limit_data")
"""The toxics that can keep an answer from its client for good; the others only delay it."""


def swallowed_requests(
    entries: Sequence[Entry],
    calls: Mapping[str, Sequence[Call]],
    injections: Sequence[InjectionPlanned],
    connections: Connections,
) -> frozenset[int]:
    """The numbers of the requests that a fault shaped the answer of, and whose answer a toxic is known to have swallowed.

    An attempt with a status has seen the answer. Any other has not where such a toxic was on its connection, and that carried no later
    request. Where the proxy does not tell which connections a toxic met (``PlaneReady.silent``), it counts as on all those of its service.
    """
    toxics = {plan.injection: plan for plan in injections if plan.plane == "network" and plan.fault in SWALLOWING}
    shaped = _shaped(entries) if toxics else frozenset()
    if not shaped:
        return frozenset()
    statuses = _statuses(entries, calls)
    on = {name: Spans(plan.spans) for name, plan in toxics.items()}
    silent = any(isinstance(entry.event, PlaneReady) and entry.event.silent for entry in select(entries, PlaneReady))
    arrivals = [(entry.seq, entry.event) for entry in select(entries, RequestArrived)]
    last = {event.connection: event.nth for _, event in arrivals if isinstance(event, RequestArrived)}
    swallowed: set[int] = set()
    for seq, event in arrivals:
        assert isinstance(event, RequestArrived)
        if event.request not in shaped or statuses.get(seq) is not None or event.nth < last[event.connection]:
            continue
        closed, touching = connections.end_of(seq)
        suspects = [
            name
            for name, plan in toxics.items()
            if name in touching or (silent and plan.target.get("service") == event.service)
        ]
        if any(on[name].meet(event.at, closed) for name in suspects):
            swallowed.add(event.request)
    return frozenset(swallowed)


def _shaped(entries: Sequence[Entry]) -> frozenset[int]:
    events = (entry.event for entry in select(entries, RequestAnswered, unless="faults"))
    return frozenset(event.request for event in events if isinstance(event, RequestAnswered) and event.faults)


def _statuses(entries: Sequence[Entry], calls: Mapping[str, Sequence[Call]]) -> dict[int, int | None]:
    """The status that each attempt saw, by the ``seq`` of its request's arrival; None where it saw none."""
    by_attempt: dict[tuple[str, int | None, int | None], int | None] = {}
    for entry in select(entries, AttemptFinished):
        assert isinstance(entry.event, AttemptFinished)
        by_attempt[entry.event.client, entry.event.call, entry.event.attempt] = entry.event.status
    return {
        attempt.arrived: by_attempt.get((client, call.number, attempt.number))
        for client, own in calls.items()
        for call in own
        for attempt in call.attempts
        if attempt.arrived is not None
    }
