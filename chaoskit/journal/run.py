"""A whole run as its journal tells it: the one view that expectations and reports start from."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias, TypeVar

from chaoskit.clock import Instant
from chaoskit.journal.aims import service_called
from chaoskit.journal.calls import Call, join_calls
from chaoskit.journal.connections import Connections, TouchedConnections, touched_connections
from chaoskit.journal.events import (
    LARGEST,
    CanaryChecked,
    ClientReady,
    Entry,
    HoldBegun,
    HoldReleased,
    InjectionCut,
    InjectionPlanned,
    ProcessEnded,
    QueryAnswered,
    RequestAnswered,
    RunStarted,
    TimelineArmed,
)
from chaoskit.journal.lookups import Lookup, find_lookups
from chaoskit.journal.process_evidence import process_evidence
from chaoskit.journal.reach import Reach, reach_of
from chaoskit.journal.recovery import Episode, Recovery, Status, episodes_of, recovery_from
from chaoskit.journal.spans import Spans
from chaoskit.journal.stored import StoredEntries, select
from chaoskit.journal.swallowed import swallowed_requests
from chaoskit.journal.toxic_evidence import infer_all
from chaoskit.journal.trouble import Pace, is_slow, met_faults, pace_of

Phase: TypeAlias = Literal["baseline", "fault", "recovery"]
PHASES: tuple[Phase, ...] = ("baseline", "fault", "recovery")

_WORST: tuple[Status, ...] = ("unnoticed", "unharmed", "unknown", "recovered", "not back")
MOST_REMEMBERED = 20_000
"""Events of one class that a run holds on to; more of them are read anew each time, for they would fill the memory."""

NOT_JUDGED = ("canary", "race")
"""Client programs that are not under test: the canary, and the participants of a race."""

E = TypeVar("E")


@dataclass(frozen=True)
class Run:
    """Pure views of one journal. All instants are absolute; subtract ``origin`` for seconds of the experiment."""

    entries: Sequence[Entry]

    def of(self, kind: type[E]) -> list[tuple[int, E]]:
        """Every event of one class with its ``seq``, in order."""
        known = self._of.get(kind)
        if known is None:
            known = [(entry.seq, entry.event) for entry in select(self.entries, kind)]
            if len(known) <= MOST_REMEMBERED:
                self._of[kind] = known
        return list(known)

    def entry(self, seq: int) -> Entry | None:
        """The entry with this number; None where the journal holds none."""
        place = bisect_left(self.entries, seq, key=lambda entry: entry.seq) if not self._is_gapless else seq - 1
        entry = self.entries[place] if 0 <= place < len(self.entries) else None
        return entry if entry is not None and entry.seq == seq else None

    @cached_property
    def _is_gapless(self) -> bool:
        """Whether each entry stands where its number says, as in every journal that was written by a run."""
        return self.entries[0].seq == 1 and self.entries[-1].seq == len(self.entries)

    @cached_property
    def _of(self) -> dict[type, list[tuple[int, Any]]]:
        return {}

    @cached_property
    def last_instant(self) -> Instant:
        """The last instant of which the journal tells anything."""
        if isinstance(self.entries, StoredEntries):
            return max(self.entries.instants)
        return max(entry.event.at for entry in self.entries)

    def instant(self, seq: int) -> Instant | None:
        """When the event with this number happened; None where the journal holds none."""
        if isinstance(self.entries, StoredEntries):
            return self.entries.instants[seq - 1] if 1 <= seq <= len(self.entries) else None
        entry = self.entry(seq)
        return entry.event.at if entry is not None else None

    @cached_property
    def header(self) -> RunStarted:
        """The head of the journal."""
        return self.of(RunStarted)[0][1]

    @cached_property
    def armed(self) -> TimelineArmed | None:
        """When the experiment's time began; None when the run ended before that."""
        armings = self.of(TimelineArmed)
        return armings[0][1] if armings else None

    @property
    def origin(self) -> Instant:
        """Instant of 0 s of the experiment (of the journal's head when the run never got that far)."""
        return self.armed.origin if self.armed else self.header.at

    @property
    def ends(self) -> Instant:
        """Instant at which no new call starts; the end of the run where that came sooner, as with ``chaoskit exec``."""
        last = self.entries[-1].event.at
        if self.armed is None or len(self.of(HoldBegun)) > len(self._releases):
            return last
        return min(self._releases[-1].ends if self._releases else self.armed.ends, last)

    @cached_property
    def _releases(self) -> list[HoldReleased]:
        return [event for _, event in self.of(HoldReleased)]

    @cached_property
    def clients(self) -> dict[str, ClientReady]:
        """The clients under test that became ready, by name, in the experiment's order; none of ``NOT_JUDGED``."""
        ready = {event.client: event for _, event in self.of(ClientReady) if event.use not in NOT_JUDGED}
        written = [name for name in self.header.experiment.get("clients") or () if name in ready]
        return {name: ready[name] for name in [*written, *(name for name in ready if name not in written)]}

    @cached_property
    def callers(self) -> tuple[str, ...]:
        """The clients whose calls are judged: all but the user's apps, of which lookups, connections and health tell."""
        return tuple(name for name, ready in self.clients.items() if ready.use != "program")

    @cached_property
    def injections(self) -> list[InjectionPlanned]:
        """The injections as planned; a window that waited for an event ends where that came."""
        cuts = {cut.injection: cut.ends for _, cut in self.of(InjectionCut)}
        return [_cut(event, cuts.get(event.injection)) for _, event in self.of(InjectionPlanned)]

    @cached_property
    def fault_spans(self) -> list[tuple[Instant, Instant]]:
        """Times when at least one injection was on as planned: in order, merged."""
        return list(self._faults)

    @cached_property
    def _faults(self) -> Spans:
        return Spans(span for injection in self.injections for span in injection.spans)

    def under_fault(self, call: Call) -> bool:
        """Whether a fault was on, as planned, during some part of ``call``."""
        return self._faults.meet(call.started, call.finished)

    def phase_at(self, at: Instant) -> Phase:
        """*baseline* before the first fault, *fault* while one is on, *recovery* between and after them."""
        if not self.fault_spans or at < self.fault_spans[0][0]:
            return "baseline"
        return "fault" if at in self._faults else "recovery"

    @cached_property
    def calls(self) -> dict[str, tuple[Call, ...]]:
        """Each client's calls, joined; see ``chaoskit.journal.calls``.

        Clients of a run that was held are not told its end: what they began after it is none of the experiment's.
        """
        joined = join_calls(self.entries, self.lookups)
        if self._releases:
            joined = {
                client: tuple(call for call in calls if call.started < self.ends) for client, calls in joined.items()
            }
        return {client: joined.get(client, ()) for client in self.clients}

    def phase_of(self, call: Call) -> Phase:
        """The phase in which ``call`` started; *fault* for one that met a fault, also where it had begun before that."""
        return "fault" if call.number in self.met_by.get(call.client, {}) else self.phase_at(call.started)

    def calls_in(self, client: str, phase: Phase | None) -> list[Call]:
        """The calls of ``client`` that belong to ``phase`` (all phases when None); see ``phase_of``."""
        return [call for call in self.calls[client] if phase is None or self.phase_of(call) == phase]

    @cached_property
    def lookups(self) -> tuple[Lookup, ...]:
        """Every lookup of every asker."""
        return find_lookups(self.entries)

    @cached_property
    def queries(self) -> list[tuple[int, QueryAnswered]]:
        """The DNS query log."""
        return self.of(QueryAnswered)

    @cached_property
    def canary(self) -> list[tuple[int, CanaryChecked]]:
        """Every look at the canary name."""
        return self.of(CanaryChecked)

    def met(self, injection: str) -> list[int]:
        """``seq`` of every query, connection or request that ``injection`` changed: the proof that it was exercised."""
        return list(self._met_by_injection.get(injection, ()))

    @cached_property
    def _met_by_injection(self) -> dict[str, list[int]]:
        return {planned.injection: self._met(planned.injection) for planned in self.injections}

    @cached_property
    def changed(self) -> dict[str, list[tuple[int, str | None]]]:
        """By injection: ``seq`` of each query that it changed, with the asker, and of each request whose answer came, with None."""
        changed: dict[str, list[tuple[int, str | None]]] = {}
        for entry in select(self.entries, QueryAnswered, RequestAnswered, unless="faults"):
            event = entry.event
            assert isinstance(event, QueryAnswered | RequestAnswered)
            if isinstance(event, RequestAnswered) and event.request in self.swallowed:
                continue
            for injection in event.faults:
                asker = event.asker if isinstance(event, QueryAnswered) else None
                changed.setdefault(injection, []).append((entry.seq, asker))
        return changed

    def _met(self, injection: str) -> list[int]:
        seqs = [seq for seq, _ in [*self.changed.get(injection, ()), *self.connections_met(injection)]]
        seqs += self._inferred.get(injection, ())
        seqs += [seq for plan in self.injections if plan.injection == injection for seq in process_evidence(self, plan)]
        return sorted(set(seqs))

    @cached_property
    def _inferred(self) -> dict[str, list[int]]:
        return infer_all(self.entries, self.injections, self.header.experiment)

    def connections_met(self, injection: str) -> list[tuple[int, str]]:
        """``seq`` and connection of what the proxy told of ``injection`` and connections that lived in its planned time.

        A toxic is lifted a little late: who came only then has not met the fault that was planned.
        """
        spans = Spans(span for plan in self.injections if plan.injection == injection for span in plan.spans)
        opened, closed, touched = self._touched_connections
        return [
            (seq, name)
            for seq, name in touched.get(injection, ())
            if spans.meet(opened.get(name, -LARGEST), closed[name] + 1 if name in closed else None)
        ]

    @cached_property
    def _touched_connections(self) -> TouchedConnections:
        return touched_connections(self.entries)

    def deaths(self, client: str) -> list[Instant]:
        """When a process fault ended the client's process."""
        faults = [planned for planned in self.injections if planned.plane == "process"]
        if all(planned.target.get("process") != client for planned in faults):
            return []
        ended = [event for _, event in self.of(ProcessEnded) if event.process == client]
        return [event.at for event in ended if event.exit_code != 0]  # 0: it ended by itself, when its time was over

    @cached_property
    def connections(self) -> Connections:
        """Which connection served an attempt, and what touched it."""
        return Connections(self.entries)

    @cached_property
    def met_by(self) -> dict[str, dict[int, frozenset[str]]]:
        """The injections that each call is known to have met, by client and number; see ``chaoskit.journal.trouble``."""
        return met_faults(
            self.entries,
            self.calls,
            self.lookups,
            self.injections,
            self.connections,
            self.swallowed,
            self._inferred,
        )

    @cached_property
    def swallowed(self) -> frozenset[int]:
        """The requests whose answer a fault shaped, and a toxic kept from their client; see ``chaoskit.journal.swallowed``."""
        return swallowed_requests(self.entries, self.calls, self.injections, self.connections)

    @cached_property
    def episodes(self) -> tuple[Episode, ...]:
        """The faults of the run, in order; injections that overlap are one."""
        return episodes_of(self.injections, self.ends)

    @cached_property
    def paces(self) -> dict[str, Pace | None]:
        """How long each client's calls take when nothing is wrong; None where no call shows it."""
        return {client: self._pace(client) for client in self.clients}

    def _pace(self, client: str) -> Pace | None:
        if not self.episodes:
            return pace_of(self.calls[client])
        first, last = self.episodes[0].start, self.episodes[-1].end
        before = pace_of(call for call in self.calls[client] if call.finished is not None and call.finished < first)
        met = self.met_by.get(client, {})
        return before or pace_of(c for c in self.calls[client] if c.started >= last and c.number not in met)

    @cached_property
    def slow(self) -> dict[str, frozenset[int]]:
        """Numbers of the calls of each client that were far slower than its pace."""
        last = self.entries[-1].event.at
        return {
            client: frozenset(
                call.number
                for call in self.calls[client]
                if is_slow(
                    call,
                    pace,
                    last,
                    met=call.number in self.met_by.get(client, {}),
                    in_fault=self.under_fault(call),
                )
            )
            for client, pace in self.paces.items()
        }

    @cached_property
    def troubled(self) -> dict[str, frozenset[int]]:
        """Numbers of the calls of each client that failed, were retried or slowed, or never ended."""
        return {
            client: self.slow[client]
            | {call.number for call in self.calls[client] if call.troubled or call.result == "unknown"}
            for client in self.clients
        }

    def exposures(self, client: str) -> frozenset[str]:
        """The injections that ``client`` is known to have met: its lookups, connections, requests or its process show it.

        Where a proxy does not say whom a toxic met, a call that was troubled while it was on, at the service that it was aimed at, does. A
        client that an app of the experiment answers meets what meets the apps, if it was troubled meanwhile.
        """
        met: set[str] = set()
        for ids in self.met_by.get(client, {}).values():
            met |= ids
        met.update(fault for lookup in self.lookups if lookup.client == client for fault in lookup.faults)
        troubled = [call for call in self.calls[client] if call.number in self.troubled[client]]
        service = service_called(self.header.experiment, client)
        reach = reach_of(self.header.experiment, client, self.lookups)
        for planned in self.injections:
            process = planned.target.get("process")
            if planned.plane == "process" and process == client:
                met |= {planned.injection} if process_evidence(self, planned) else set()
            else:
                spans = Spans(planned.spans)
                meanwhile = any(spans.meet(call.started, call.finished) for call in troubled)
                if meanwhile and self._may_trouble(planned, service, reach):
                    met.add(planned.injection)
        return frozenset(met)

    def _may_trouble(self, planned: InjectionPlanned, service: str | None, reach: Reach) -> bool:
        """Whether ``planned`` met something that calls of ``service`` wait for: that service, a process, or what lies in ``reach``."""
        if planned.plane == "dns":
            return any(lookup.client in reach.apps and planned.injection in lookup.faults for lookup in self.lookups)
        if planned.plane == "process":
            apps = self.header.experiment.get("apps") or {}
            meant = planned.target.get("process") not in apps or planned.target.get("process") in reach.apps
        else:
            meant = planned.target.get("service") in {service, *reach.services} - {None}
        return meant and bool(self.met(planned.injection))

    def recoveries(self, client: str) -> tuple[Recovery, ...]:
        """How ``client`` came back from each fault, in order."""
        return tuple(self._recovery(client, episode) for episode in self.episodes)

    def recovery_after(self, client: str, injection: str) -> Recovery | None:
        """How ``client`` came back from one injection, counted from that one's own end; None if it was not planned."""
        spans = [span for planned in self.injections if planned.injection == injection for span in planned.spans]
        episode = next((episode for episode in self.episodes if injection in episode.injections), None)
        if not spans or episode is None:
            return None
        own = replace(episode, injections=(injection,), start=spans[0][0], end=max(end for _, end in spans))
        return self._recovery(client, own)

    def recovery(self, client: str) -> Recovery:
        """The worst of ``recoveries``: not back before the longest lag, and that before none."""
        recoveries = self.recoveries(client)
        if not recoveries:
            return Recovery(status="unknown")
        return max(recoveries, key=lambda recovery: (_WORST.index(recovery.status), recovery.lag_ns or 0))

    def _recovery(self, client: str, episode: Episode) -> Recovery:
        return recovery_from(
            episode,
            self.calls[client],
            self.troubled[client],
            self.slow[client],
            self.met_by.get(client, {}),
            self.deaths(client),
            paced=self.paces[client] is not None,
        )


def _cut(planned: InjectionPlanned, end: Instant | None) -> InjectionPlanned:
    if end is None:
        return planned
    spans = tuple((start, min(planned_end, end)) for start, planned_end in planned.spans if start < end)
    return planned.with_fields(spans=spans)
