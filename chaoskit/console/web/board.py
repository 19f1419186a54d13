"""What the console knows: moved on by each event, and read once a second as plain JSON. What nobody has seen is *unknown*.

Events may come from one thread while another reads.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from chaoskit.charts.axis import seconds_label
from chaoskit.charts.results import result_of, stacked
from chaoskit.charts.time_chart import Series, TimeChart, figure
from chaoskit.clock import Instant
from chaoskit.console.web.client_row import ClientRow
from chaoskit.journal import events as ev
from chaoskit.units import SECOND

WINDOW_S = 120
"""How far the charts reach back."""

CHART_WIDTH = 440
"""In px of the drawing: narrow, so that its words can be read on a telephone."""

FEED_MOST = 200
NAMES_MOST = 40
CLIENTS_MOST = 40

ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the feed. ``tone`` is ok, bad or plain."""

    number: int
    at: Instant
    text: str
    tone: str


@dataclass(slots=True)
class NameState:
    """What one client last got for one name, by record type."""

    by_type: dict[str, tuple[Instant, str]] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """An address of either family is enough; else what the latest query got."""
        results = list(self.by_type.values())
        if any(result == "NOERROR" for _, result in results):
            return ANSWERS
        return max(results)[1]

    @property
    def latest(self) -> Instant:
        """When the client last asked."""
        return max(at for at, _ in self.by_type.values())


Snapshot: TypeAlias = dict[str, Any]


class Board:
    """The state of the page. ``client_of`` names who asked; None for one that is no client, such as the console's own probe."""

    def __init__(self, client_of: Callable[[ev.QueryAnswered], str | None]) -> None:
        self._client_of = client_of
        self._lock = threading.Lock()
        self._names: dict[str, dict[str, NameState]] = {}
        self._askers: dict[str, int] = {}
        self._overflow = False
        self._withholds = False
        self._results: Counter[tuple[str, int]] = Counter()
        self._lines: deque[Line] = deque(maxlen=FEED_MOST)
        self._count = 0
        self._clients: dict[str, ClientRow] = {}
        self._open: set[str] = set()
        self._opened: deque[Instant] = deque(maxlen=10_000)
        self._sees_connections = False
        self._handlers: dict[type, Callable[[Any], None]] = {
            ev.QueryAnswered: self._query,
            ev.ClientReady: self._client_ready,
            ev.CallStarted: self._call_started,
            ev.CallFinished: self._call_finished,
            ev.AttemptFinished: self._attempt_finished,
            ev.ConnectionOpened: self._opened_connection,
            ev.ConnectionClosed: self._closed_connection,
            ev.PlaneReady: self._plane_ready,
            ev.CanaryChecked: self._canary,
            ev.HarnessFailed: self._harness_failed,
            ev.ContainerChanged: self._container,
            ev.ZoneChanged: self._zone,
            ev.RunEnded: self._ended,
            ev.TimelineArmed: self._armed,
        }
        self.begun: Instant | None = None
        self.latest: Instant = 0

    def hear(self, event: Any) -> None:
        """Take in one event of a journal, or of a server's feed; kinds that nothing is shown of are passed over."""
        handle = self._handlers.get(type(event))
        with self._lock:
            self.latest = max(self.latest, event.at)
            if self.begun is None:
                self.begun = event.at
            if handle:
                handle(event)

    def say(self, at: Instant, text: str, tone: str = "plain") -> None:
        """Add a line to the feed."""
        with self._lock:
            self._add(at, text, tone)

    def withhold_names(self) -> None:
        """From now on show nothing of what lookups get: in a drill it would tell."""
        with self._lock:
            self._withholds = True
            self._names.clear()
            self._results.clear()
            self._lines.clear()

    def snapshot(self, now: Instant, spans: Sequence[tuple[Instant, Instant]] = ()) -> Snapshot:
        """Everything that is known at ``now``; ``spans`` are the times of faults, as far as they may be shown."""
        fault_ends = max((end for _, end in spans if end <= now), default=None)
        with self._lock:
            origin = self.begun if self.begun is not None else now
            self._drop_old(now)
            return {
                "at_s": round((now - origin) / SECOND, 1),
                "names": self._name_table(now),
                "clients": [row.snapshot(now, fault_ends) for row in self._clients.values()],
                "askers": [{"name": name, "queries": count} for name, count in self._askers.items()],
                "connections": self._connections(now),
                "charts": {
                    "lookups": self._lookup_chart(now, origin, spans),
                    "latency": self._latency_chart(now, origin, spans),
                },
                "events": [
                    {
                        "number": line.number,
                        "at_s": round((line.at - origin) / SECOND, 1),
                        "text": line.text,
                        "tone": line.tone,
                    }
                    for line in reversed(self._lines)
                ],
            }

    def _add(self, at: Instant, text: str, tone: str) -> None:
        self._count += 1
        self._lines.append(Line(self._count, at, text, tone))

    def _drop_old(self, now: Instant) -> None:
        oldest = now // SECOND - WINDOW_S - 1
        for key in [key for key in self._results if key[1] < oldest]:
            del self._results[key]

    def _name_table(self, now: Instant) -> dict[str, Any]:
        askers = list(self._askers)
        rows = []
        for name, by_client in self._names.items():
            cells = []
            for asker in askers:
                state = by_client.get(asker)
                cells.append(
                    {"words": "unknown", "tone": "unknown", "age_s": None}
                    if state is None
                    else {
                        "words": state.words,
                        "tone": "ok" if state.words == ANSWERS else "bad",
                        "age_s": round(max(0, now - state.latest) / SECOND),
                    }
                )
            rows.append({"name": name, "cells": cells})
        return {"clients": askers, "rows": rows, "overflow": self._overflow}

    def _connections(self, now: Instant) -> dict[str, Any] | None:
        if not self._sees_connections:
            return None
        return {"open": len(self._open), "opened_10_s": sum(now - at < 10 * SECOND for at in self._opened)}

    def _lookup_chart(self, now: Instant, origin: Instant, spans: Sequence[tuple[Instant, Instant]]) -> str:
        series = [
            Series(
                name=each.name, style=each.style, points=[(at - origin / SECOND, value) for at, value in each.points]
            )
            for each in stacked(self._results, SECOND, 1)
        ]
        chart = TimeChart(
            title="DNS queries per second, by what they got",
            start=max(0.0, (now - origin) / SECOND - WINDOW_S),
            end=max(10.0, (now - origin) / SECOND),
            series=series,
            label=lambda value: f"{value:g}/s",
            empty="Withheld in a drill."
            if self._withholds
            else "No query in the last two minutes. Point a client at the server, and its queries appear here.",
            shades=_shades(spans, now, origin),
            bar_s=1.0,
            width=CHART_WIDTH,
            height=170,
        )
        return figure(chart)

    def _latency_chart(self, now: Instant, origin: Instant, spans: Sequence[tuple[Instant, Instant]]) -> str:
        rows = list(self._clients.values())[:6]
        series = [
            Series(name=row.name, style=f"s{place}", points=row.medians(now, origin, WINDOW_S))
            for place, row in enumerate(rows)
        ]
        chart = TimeChart(
            title="Latency of calls, median of each second",
            start=max(0.0, (now - origin) / SECOND - WINDOW_S),
            end=max(10.0, (now - origin) / SECOND),
            series=series,
            label=seconds_label,
            empty="No call was seen to end in the last two minutes. Only clients of a run report their calls.",
            shades=_shades(spans, now, origin),
            scale="log",
            least=0.001,
            width=CHART_WIDTH,
            height=170,
        )
        return figure(chart)

    def _query(self, event: ev.QueryAnswered) -> None:
        asker = self._client_of(event)
        if asker is None or self._withholds:
            return
        if asker not in self._askers:
            if len(self._askers) >= CLIENTS_MOST:
                self._overflow = True
                return
            self._askers[asker] = 0
        self._askers[asker] += 1
        result = result_of(event)
        self._results[result, event.answered_at // SECOND] += 1
        if not event.rtype:
            return  # a message without a question, which asks for no name
        if event.name not in self._names:
            if len(self._names) >= NAMES_MOST:
                self._overflow = True
                return
            self._names[event.name] = {}
        state = self._names[event.name].setdefault(asker, NameState())
        before = state.words if state.by_type else "unknown"
        state.by_type[event.rtype] = (event.answered_at, result)
        # The two types of one lookup may differ for a moment: only what stays told of both is news.
        if before != state.words:
            tone = "ok" if state.words == ANSWERS else "bad"
            self._add(event.answered_at, f"{asker}: {event.name} went from {before} to {state.words}", tone)

    def _client_ready(self, event: ev.ClientReady) -> None:
        if event.use != "canary":
            self._clients[event.client] = ClientRow(event.client)
            self._askers.setdefault(event.client, 0)

    def _call_started(self, event: ev.CallStarted) -> None:
        self._row(event.client).start(event)

    def _call_finished(self, event: ev.CallFinished) -> None:
        row = self._row(event.client)
        changed = row.finish(event)
        if changed:
            self._add(event.at, f"{event.client}: calls {changed}", "ok" if changed == "succeed again" else "bad")

    def _attempt_finished(self, event: ev.AttemptFinished) -> None:
        if event.call is not None:
            self._row(event.client).attempts += 1

    def _row(self, client: str) -> ClientRow:
        return self._clients.setdefault(client, ClientRow(client))

    def _opened_connection(self, event: ev.ConnectionOpened) -> None:
        self._sees_connections = True
        self._open.add(event.connection)
        self._opened.append(event.at)

    def _closed_connection(self, event: ev.ConnectionClosed) -> None:
        self._sees_connections = True
        self._open.discard(event.connection)

    def _plane_ready(self, event: ev.PlaneReady) -> None:
        self._sees_connections |= event.plane == "network"

    def _canary(self, event: ev.CanaryChecked) -> None:
        if not event.ok:
            self._add(event.at, f"canary {event.name} does not resolve: {event.detail}", "bad")

    def _harness_failed(self, event: ev.HarnessFailed) -> None:
        self._add(event.at, f"harness failure: {event.words}", "bad")

    def _container(self, event: ev.ContainerChanged) -> None:
        self._add(event.at, f"container {event.container}: {event.change}", "bad" if event.exit_code else "plain")

    def _zone(self, event: ev.ZoneChanged) -> None:
        self._add(event.at, f"zone {event.zone or '.'} changed", "plain")

    def _ended(self, event: ev.RunEnded) -> None:
        self._add(event.at, f"the run ended: {event.reason}", "plain")

    def _armed(self, event: ev.TimelineArmed) -> None:
        self.begun = event.origin
        self._add(event.at, "the run begins; 0 s is its start", "plain")


def _shades(spans: Sequence[tuple[Instant, Instant]], now: Instant, origin: Instant) -> list[tuple[float, float]]:
    """The part of each fault's time that has been, in seconds of the page."""
    return [((start - origin) / SECOND, (min(end, now) - origin) / SECOND) for start, end in spans if start < now]
