"""Which calls opened the connections that a toxic touched, where a proxy names neither the client nor the request. Pure.

Toxiproxy's log has the client's end of a connection alone, and a service whose bytes are passed on shows no requests. Then a connection is
that of a call if nobody but its client is known to use the service (by lookups, and by what the experiment says), and it was opened
while the call was under way: the only call of its client then, or one of a client that reports no attempts, as for its lookups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from chaoskit.clock import Instant
from chaoskit.journal.aims import service_called, service_named
from chaoskit.journal.calls import Call
from chaoskit.journal.connections import Connections
from chaoskit.journal.lookups import Lookup

_Opening: TypeAlias = tuple[Instant, frozenset[str]]
"""When a connection was opened, and the toxics that touched it."""


def dialled_toxics(
    experiment: Mapping[str, Any],
    calls: Mapping[str, Sequence[Call]],
    lookups: Sequence[Lookup],
    connections: Connections,
) -> dict[str, dict[int, frozenset[str]]]:
    """By client and number of the call: the injections that touched the connection which it is known to have opened."""
    openings: dict[str, list[_Opening]] = defaultdict(list)
    for at, connection, toxics in connections.touched():
        openings[connection.partition("@")[0]].append((at, toxics))
    users = _users(experiment, calls, lookups) if openings else {}
    dialled: dict[str, dict[int, frozenset[str]]] = defaultdict(dict)
    for service, touched in openings.items():
        if len(users.get(service, ())) == 1:
            (client,) = users[service]
            for number, toxics in _opened(touched, calls.get(client, ())):
                dialled[client][number] = dialled[client].get(number, frozenset()) | toxics
    return dialled


def _users(
    experiment: Mapping[str, Any], calls: Mapping[str, Sequence[Call]], lookups: Sequence[Lookup]
) -> dict[str, set[str]]:
    """Each service with all who looked one of its names up, or are told to call it."""
    users: dict[str, set[str]] = defaultdict(set)
    services: dict[str, str | None] = {}
    for lookup in lookups:
        if lookup.name not in services:
            services[lookup.name] = service_named(experiment, lookup.name)
        if (service := services[lookup.name]) is not None:
            users[service].add(lookup.client)
    for client in calls:
        own = (experiment.get("clients") or {}).get(client) or {}
        if own.get("use") != "container" and (called := service_called(experiment, client)) is not None:
            users[called].add(client)
    return users


def _opened(openings: Sequence[_Opening], calls: Sequence[Call]) -> Iterator[tuple[int, frozenset[str]]]:
    waiting = sorted(calls, key=lambda call: call.started, reverse=True)
    under_way: list[Call] = []
    for at, toxics in sorted(openings, key=lambda opening: opening[0]):
        while waiting and waiting[-1].started <= at:
            under_way.append(waiting.pop())
        under_way = [call for call in under_way if call.finished is None or call.finished >= at]
        if len(under_way) == 1 or not any(call.attempts for call in under_way):
            for call in under_way:
                yield call.number, toxics
