"""The figures of the run as a whole: were the faults met when planned, and was the harness itself well."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chaoskit.clock import Instant
from chaoskit.journal.events import (
    AttemptFinished,
    HarnessFailed,
    InjectionApplied,
    InjectionLifted,
    PlaneReady,
    ProcessEnded,
    RunEnded,
    SandboxReady,
)
from chaoskit.journal.run import Phase, Run
from chaoskit.journal.spans import Spans
from chaoskit.journal.stored import select
from chaoskit.report.figures import carriage
from chaoskit.spread import percentile
from chaoskit.units import MILLISECOND

SWITCHED_WITHIN_NS = 50 * MILLISECOND
"""By how much an actual window may differ from the planned one without the report making a point of it."""

SPANS_MOST = 40
"""Windows of one injection in a page's table. A day of flapping faults has hundreds, and the summary has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanMet:
    """One planned window of an injection and what was seen of it.

    ``met`` counts the answers and connections that the fault changed inside it; ``first`` and ``last`` are the instants of the first
    and last of them. ``seq`` are those two events. ``applied`` and ``lifted`` are when a driver had switched the fault on and off; None
    for a fault that nothing switches, and for a switch that the journal does not hold.
    """

    start: Instant
    end: Instant
    met: int
    first: Instant | None
    last: Instant | None
    seq: tuple[int, ...]
    applied: Instant | None = None
    lifted: Instant | None = None

    @property
    def off_by_ns(self) -> int | None:
        """The larger difference between a planned edge and the actual one."""
        edges = ((self.applied, self.start), (self.lifted, self.end))
        return max((abs(actual - planned) for actual, planned in edges if actual is not None), default=None)

    @property
    def differs(self) -> bool:
        """Whether the actual window is another than the planned one, beyond what a busy machine explains."""
        return (self.off_by_ns or 0) > SWITCHED_WITHIN_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionFigures:
    """One injection: what was planned and what it met. ``outside`` counts what it changed outside all planned windows.

    ``switched_late_ns`` is the longest that a driver was behind in switching it on or off; None for a fault that nothing switches.
    """

    id: str
    plane: str
    fault: str
    where: str
    hidden: bool
    spans: tuple[SpanMet, ...]
    met: int
    outside: int
    switched_late_ns: int | None

    @property
    def shown(self) -> tuple[SpanMet, ...]:
        """The windows that a page has room for: all, or of very many the first and the last."""
        half = SPANS_MOST // 2
        return self.spans if len(self.spans) <= SPANS_MOST else self.spans[:half] + self.spans[-half:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether the harness was well. Lateness is of calls behind their schedule, over all clients.

    ``ended`` is the reason in the journal's last event, None when the journal stops without one. ``unattributed`` counts the
    attempts that no call could be found for.
    """

    armed: bool
    ended: str | None
    canary_name: str | None
    canary_checks: int
    canary_ok: int
    canary_slowest_ns: int | None
    late_p50_ns: int | None
    late_max_ns: int | None
    attempts_reported: int
    unattributed: int
    failures: tuple[tuple[int, HarnessFailed], ...]
    died: tuple[tuple[int, ProcessEnded], ...]
    sandbox: SandboxReady | None
    planes: tuple[PlaneReady, ...]

    @property
    def well(self) -> bool:
        """Whether nothing is known against the harness."""
        return (
            self.armed
            and self.ended == "finished"
            and not (self.failures or self.died)
            and self.canary_ok == self.canary_checks
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriageCount:
    """Calls of all clients that started in one phase and travelled one way, and how many succeeded."""

    calls: int
    ok: int


def all_injections(run: Run) -> tuple[InjectionFigures, ...]:
    """The figures of every planned injection, as planned."""
    late: dict[str, int] = {}
    switched: dict[tuple[type, str, Instant], Instant] = {}
    for entry in select(run.entries, InjectionApplied, InjectionLifted):
        event = entry.event
        assert isinstance(event, InjectionApplied | InjectionLifted)
        late[event.injection] = max(late.get(event.injection, 0), event.at - event.due)
        switched[type(event), event.injection, event.due] = event.at
    figures = []
    for plan in run.injections:
        met = run.met(plan.injection)
        on = Spans(plan.spans)
        at = sorted((instant, seq) for seq in met if (instant := run.instant(seq)) is not None)
        spans = tuple(
            replace(
                _span(start, end, at),
                applied=switched.get((InjectionApplied, plan.injection, start)),
                lifted=switched.get((InjectionLifted, plan.injection, end)),
            )
            for start, end in plan.spans
        )
        figures.append(
            InjectionFigures(
                id=plan.injection,
                plane=plan.plane,
                fault=plan.fault,
                where=plan.where,
                hidden=plan.hidden,
                spans=spans,
                met=len(met),
                outside=sum(instant not in on for instant, _ in at),
                switched_late_ns=late.get(plan.injection),
            )
        )
    return tuple(figures)


def _span(start: Instant, end: Instant, met: Sequence[tuple[Instant, int]]) -> SpanMet:
    """What a span met, of all that its injection ``met``: (instant, ``seq``) in order."""
    inside = met[bisect_left(met, (start, 0)) : bisect_left(met, (end, 0))]
    edges = [inside[0], inside[-1]] if inside else []
    return SpanMet(
        start=start,
        end=end,
        met=len(inside),
        first=edges[0][0] if edges else None,
        last=edges[1][0] if edges else None,
        seq=tuple(dict.fromkeys(seq for _, seq in edges)),
    )


def health_of(run: Run) -> Health:
    """The harness's own figures."""
    calls = [call for calls in run.calls.values() for call in calls]
    late = [max(0, call.started - call.due) for call in calls]
    attempts = (entry.event for entry in select(run.entries, AttemptFinished))
    reports = [isinstance(event, AttemptFinished) and None in (event.call, event.attempt) for event in attempts]
    ended = run.of(RunEnded)
    sandboxes = run.of(SandboxReady)
    return Health(
        armed=run.armed is not None,
        ended=ended[-1][1].reason if ended else None,
        canary_name=run.canary[0][1].name if run.canary else None,
        canary_checks=len(run.canary),
        canary_ok=sum(check.ok for _, check in run.canary),
        canary_slowest_ns=max((check.latency_ns for _, check in run.canary), default=None),
        late_p50_ns=percentile(late, 0.5),
        late_max_ns=max(late, default=None),
        attempts_reported=len(reports),
        unattributed=sum(reports),
        failures=tuple(run.of(HarnessFailed)),
        died=tuple((seq, event) for seq, event in run.of(ProcessEnded) if not event.expected),
        sandbox=sandboxes[-1][1] if sandboxes else None,
        planes=tuple(event for _, event in run.of(PlaneReady)),
    )


def carried(run: Run, phase: Phase) -> dict[str, CarriageCount]:
    """Calls of all clients that started in ``phase``, by the way they travelled."""
    counts: dict[str, CarriageCount] = {}
    for client in run.clients:
        for call in run.calls_in(client, phase):
            way = carriage(call)
            old = counts.get(way, CarriageCount(calls=0, ok=0))
            counts[way] = CarriageCount(calls=old.calls + 1, ok=old.ok + (call.result == "ok"))
    return counts
