"""What follows from the journal about a toxic that no proxy reports: events which can only be if the toxic met a connection.

* ``down``: a client was refused (``ECONNREFUSED``) while the service's proxies were switched off, or a connection was closed by it.
* ``full_backlog``: the kernel counted packets that it dropped at the proxy's full accept queue.
* ``latency`` and ``bandwidth`` that act on every connection: two requests of one connection arrived, one after the other, while the
  toxic was confirmed to be on. The first one's answer and the second one itself went through it, because the proxies are the only
  way to the service. Toxiproxy's log tells only of connections set up after the toxic, so this is how one that was open before counts.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from typing import Any

from chaoskit.clock import Instant
from chaoskit.journal.aims import service_called
from chaoskit.journal.events import (
    CallFinished,
    ConnectionClosed,
    Entry,
    HandshakesDropped,
    InjectionApplied,
    InjectionLifted,
    InjectionPlanned,
    PlaneReady,
    RequestArrived,
)
from chaoskit.journal.stored import select
from chaoskit.timeline.injection import FELT_NS
from chaoskit.units import MILLISECOND

REQUEST_LEAST = 250
"""Bytes that a signed request has, at the least; it and its answer are what a rate of so many KB/s delays by a millisecond."""

Spans = list[tuple[Instant, Instant]]


def infer_all(
    entries: Sequence[Entry], injections: Iterable[InjectionPlanned], experiment: dict[str, Any]
) -> dict[str, list[int]]:
    """By injection of the network: ``seq`` of the events which prove that it met a connection; see `infer_affected`."""
    inferred: dict[str, list[int]] = {}
    for planned in injections:
        if planned.plane == "network":
            inferred.setdefault(planned.injection, []).extend(infer_affected(entries, planned, experiment))
    return inferred


def infer_affected(entries: Sequence[Entry], planned: InjectionPlanned, experiment: dict[str, Any]) -> list[int]:
    """``seq`` of the events that prove that ``planned`` met a connection; for what a proxy reports itself, nothing."""
    service = planned.target.get("service", "")
    if planned.fault == "down":
        return _refused(entries, _confirmed(entries, planned.injection), service, experiment)
    if planned.fault == "full_backlog":
        dropped = [(entry.seq, entry.event) for entry in select(entries, HandshakesDropped)]
        return [seq for seq, event in dropped if getattr(event, "toxic", None) == planned.injection]
    if _proxy_tells(entries) or not _delays_all(planned) or _is_narrowed(planned):
        return []
    return _passed(entries, _confirmed(entries, planned.injection), service)


def _confirmed(entries: Sequence[Entry], injection: str) -> Spans:
    """From when the driver had read the toxic back, to when it was due to be taken off."""
    spans: Spans = []
    begun: Instant | None = None
    for event in (entry.event for entry in select(entries, InjectionApplied, InjectionLifted)):
        if isinstance(event, InjectionApplied) and event.injection == injection:
            begun = event.at
        elif isinstance(event, InjectionLifted) and event.injection == injection and begun is not None:
            spans.append((begun, min(event.due, event.at)))
            begun = None
    return spans


def _inside(at: Instant, spans: Spans) -> int | None:
    return next((number for number, (start, end) in enumerate(spans) if start <= at < end), None)


def _refused(entries: Sequence[Entry], spans: Spans, service: str, experiment: dict[str, Any]) -> list[int]:
    users = {name for name in experiment.get("clients") or {} if service_called(experiment, name) == service}
    seqs = []
    for entry in select(entries, CallFinished, ConnectionClosed):
        event = entry.event
        if isinstance(event, CallFinished) and event.client in users and _inside(event.at, spans) is not None:
            if any(link.errno == errno.ECONNREFUSED for link in event.errors):
                seqs.append(entry.seq)
        elif isinstance(event, ConnectionClosed) and event.proxy.startswith(f"{service}@") and "down" in event.toxics:
            seqs.append(entry.seq)
    return seqs


def _passed(entries: Sequence[Entry], spans: Spans, service: str) -> list[int]:
    last: dict[str, tuple[int, int | None]] = {}
    seqs = []
    for entry in select(entries, RequestArrived):
        event = entry.event
        if isinstance(event, RequestArrived) and event.service == service:
            now = (event.nth, _inside(event.at, spans))
            if now[1] is not None and last.get(event.connection) == (event.nth - 1, now[1]):
                seqs.append(entry.seq)
            last[event.connection] = now
    return seqs


def _proxy_tells(entries: Sequence[Entry]) -> bool:
    planes = [entry.event for entry in select(entries, PlaneReady) if isinstance(entry.event, PlaneReady)]
    return not any(plane.silent for plane in planes)


def _is_narrowed(planned: InjectionPlanned) -> bool:
    """Whether some of the service's proxies have no such toxic: a request does not tell which of them it came through."""
    return planned.target.get("zone") is not None or bool(planned.target.get("addresses"))


def _delays_all(planned: InjectionPlanned) -> bool:
    if planned.chance < 1:
        return False
    if planned.fault == "latency":
        return bool(planned.parameters["latency"] - planned.parameters["jitter"] >= FELT_NS)
    return planned.fault == "bandwidth" and planned.parameters["rate"] * FELT_NS <= REQUEST_LEAST * MILLISECOND
