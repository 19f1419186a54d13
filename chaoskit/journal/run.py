"""A whole run as its journal tells it: the one view that expectations and reports start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeAlias, TypeVar

from chaoskit.clock import Instant
from chaoskit.journal.calls import Call, Lookup, find_lookups, join_calls
from chaoskit.journal.events import (
    CallStarted,
    CanaryChecked,
    ClientReady,
    ConnectionClosed,
    ConnectionOpened,
    Entry,
    InjectionApplied,
    InjectionCut,
    InjectionPlanned,
    ProcessEnded,
    QueryAnswered,
    RequestAnswered,
    RunStarted,
    TimelineArmed,
)
from chaoskit.journal.toxic_evidence import infer_affected

Phase: TypeAlias = Literal["baseline", "fault", "recovery"]
PHASES: tuple[Phase, ...] = ("baseline", "fault", "recovery")

E = TypeVar("E")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How one client came back after the last fault ended.

    ``lag_ns`` counts from the end of the fault to the end of the first success after which no call failed any more, and none that
    had begun during the fault was still being retried. It is 0 for a client that never noticed (``noticed`` false: no call
    failed, none was retried, and its process was not killed), and None for one that did not recover in the time the run gave it.
    """

    noticed: bool
    lag_ns: int | None
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class Run:
    """Pure views of one journal. All instants are absolute; subtract ``origin`` for seconds of the experiment."""

    entries: Sequence[Entry]

    def of(self, kind: type[E]) -> list[tuple[int, E]]:
        """Every event of one class with its ``seq``, in order."""
        return [(entry.seq, entry.event) for entry in self.entries if isinstance(entry.event, kind)]

    @cached_property
    def header(self) -> RunStarted:
        """The head of the journal."""
        return self.of(RunStarted)[0][1]

    @cached_property
    def armed(self) -> TimelineArmed | None:
        """When the experiment's time began; None when the run ended before that."""
        found = self.of(TimelineArmed)
        return found[0][1] if found else None

    @property
    def origin(self) -> Instant:
        """Instant of 0 s of the experiment (of the journal's head when the run never got that far)."""
        return self.armed.origin if self.armed else self.header.at

    @property
    def ends(self) -> Instant:
        """Instant at which no new call starts; the end of the run where that came sooner, as with ``chaoskit exec``."""
        last = self.entries[-1].event.at
        return min(self.armed.ends, last) if self.armed else last

    @cached_property
    def clients(self) -> dict[str, ClientReady]:
        """The clients under test that became ready, by name, in the experiment's order; not the canary."""
        ready = {event.client: event for _, event in self.of(ClientReady) if event.use != "canary"}
        written = [name for name in self.header.experiment.get("clients") or () if name in ready]
        return {name: ready[name] for name in [*written, *(name for name in ready if name not in written)]}

    @cached_property
    def injections(self) -> list[InjectionPlanned]:
        """The injections as planned; a window that waited for an event ends where that came."""
        cuts = {cut.injection: cut.ends for _, cut in self.of(InjectionCut)}
        return [_cut(event, cuts.get(event.injection)) for _, event in self.of(InjectionPlanned)]

    @cached_property
    def fault_spans(self) -> list[tuple[Instant, Instant]]:
        """Times when at least one injection was on as planned: in order, merged."""
        merged: list[tuple[Instant, Instant]] = []
        for start, end in sorted(
            span for injection in self.injections for span in injection.spans if span[0] < span[1]
        ):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def phase_at(self, at: Instant) -> Phase:
        """*baseline* before the first fault, *fault* while one is on, *recovery* between and after them."""
        if not self.fault_spans or at < self.fault_spans[0][0]:
            return "baseline"
        return "fault" if any(start <= at < end for start, end in self.fault_spans) else "recovery"

    @cached_property
    def calls(self) -> dict[str, tuple[Call, ...]]:
        """Each client's calls, joined; see ``chaoskit.journal.calls``."""
        joined = join_calls(self.entries)
        return {client: joined.get(client, ()) for client in self.clients}

    def calls_in(self, client: str, phase: Phase | None) -> list[Call]:
        """The calls of ``client`` that *started* in ``phase`` (all phases when None)."""
        return [call for call in self.calls[client] if phase is None or self.phase_at(call.started) == phase]

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
        seqs = [seq for seq, query in self.queries if injection in query.faults]
        seqs += [seq for seq, _ in self.connections_met(injection)]
        seqs += [seq for seq, answered in self.of(RequestAnswered) if injection in answered.faults]
        planned = [one for one in self.injections if one.injection == injection and one.plane == "network"]
        for one in planned:
            seqs += infer_affected(self.entries, one, self.header.experiment)
        seqs += [seq for one in self.injections if one.injection == injection for seq in self._process_evidence(one)]
        return sorted(set(seqs))

    def connections_met(self, injection: str) -> list[tuple[int, str]]:
        """``seq`` and connection of what the proxy told of ``injection`` and connections that lived in its planned time.

        A toxic is lifted a little late: who came only then has not met the fault that was planned.
        """
        spans = [span for one in self.injections if one.injection == injection for span in one.spans]
        opened = {event.connection: event.at for _, event in self.of(ConnectionOpened)}
        closed = {event.connection: event.at for _, event in self.of(ConnectionClosed)}
        told = [(seq, one.connection) for seq, one in self.of(ConnectionOpened) if injection in one.toxics]
        told += [(seq, one.connection) for seq, one in self.of(ConnectionClosed) if injection in one.toxics]
        return [
            (seq, name)
            for seq, name in told
            if any(opened.get(name, start) < end and closed.get(name, end) >= start for start, end in spans)
        ]

    def _process_evidence(self, planned: InjectionPlanned) -> list[int]:
        """``seq`` of the events that show that a fault of a process was felt: a client's own, or calls while a plane stood still."""
        if planned.plane != "process":
            return []
        applied = [seq for seq, event in self.of(InjectionApplied) if event.injection == planned.injection]
        if planned.where in self.clients:
            return applied
        starts = [(seq, call.at) for seq, call in self.of(CallStarted)]
        inside = [seq for seq, at in starts if any(start <= at < end for start, end in planned.spans)]
        return [*applied, *inside] if applied and inside else []

    def _deaths(self, client: str) -> list[Instant]:
        """When a process fault ended the client's process."""
        if not any(one.plane == "process" and one.where == client for one in self.injections):
            return []
        ended = [event for _, event in self.of(ProcessEnded) if event.process == client]
        return [event.at for event in ended if event.exit_code != 0]  # 0: it ended by itself, when its time was over

    def recovery(self, client: str) -> Recovery:
        """How ``client`` came back after the end of the last fault."""
        if not self.fault_spans:
            return Recovery(noticed=False, lag_ns=0)
        first, end = self.fault_spans[0][0], self.fault_spans[-1][1]
        # A call that never ended is trouble too: it hangs.
        affected = [
            call
            for call in self.calls[client]
            if (call.finished is None or call.finished >= first) and (call.troubled or call.result == "unknown")
        ]
        died = self._deaths(client)
        if not affected and not died:
            return Recovery(noticed=False, lag_ns=0)
        if any(call.finished is None and call.cut is None for call in affected):
            return Recovery(noticed=True, lag_ns=None)
        last_failure = max([first, *died, *(call.finished or 0 for call in affected if call.result == "failed")])
        waiting = [call.finished or 0 for call in affected if call.result == "ok" and call.started < end]
        settled_from = max([end, last_failure, *(finished for finished in waiting if finished >= end)])
        back = [
            c for c in self.calls[client] if c.result == "ok" and c.finished is not None and c.finished >= settled_from
        ]
        if not back:
            return Recovery(noticed=True, lag_ns=None)
        call = min(back, key=lambda call: call.finished or 0)
        assert call.finished is not None
        return Recovery(noticed=True, lag_ns=call.finished - end, evidence=call.evidence)


def _cut(planned: InjectionPlanned, end: Instant | None) -> InjectionPlanned:
    if end is None:
        return planned
    spans = tuple((start, min(planned_end, end)) for start, planned_end in planned.spans if start < end)
    return replace(planned, spans=spans)
