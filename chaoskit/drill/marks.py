"""What is marked in a drill, and how: a mark is a clause with its finding, its points and the reason. Nothing but the journal is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

from chaoskit.clock import Instant
from chaoskit.drill.plan import DrillSpec
from chaoskit.journal.calls import Call
from chaoskit.journal.events import (
    DiagnosisGiven,
    DrillAborted,
    DrillBegan,
    DrillEnded,
    DrillHeld,
    DrillResumed,
    HarnessFailed,
    OperatorActed,
    StatusPosted,
    TriggerReplayed,
    WatchBegan,
)
from chaoskit.journal.levels import measured_levels
from chaoskit.journal.run import Run
from chaoskit.race.live.evidence import empty_spans
from chaoskit.report.drill_moments import customers_of
from chaoskit.report.words import plural

Finding: TypeAlias = Literal["held", "broken", "unknown"]
E = TypeVar("E")
FEWEST_CALLS = 3
"""So many calls of each customer it takes to say that they work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """``points`` of ``out_of`` for one clause; ``because`` gives the reason with its figures."""

    part: Literal["mitigation", "diagnosis", "communication", "hints"]
    clause: str
    finding: Finding
    points: float
    out_of: float
    because: str


def mark(part: Any, clause: str, finding: Finding, out_of: float, because: str) -> Mark:
    """All points for what held, none for anything else."""
    points = out_of if finding == "held" else 0
    return Mark(part=part, clause=clause, finding=finding, points=points, out_of=out_of, because=because)


class DrillView:
    """A drill's journal as its judges read it."""

    def __init__(self, run: Run) -> None:
        self.run = run
        (_, self.began), *_ = run.of(DrillBegan)
        self.plan = DrillSpec.model_validate(self.began.plan)
        self.actions = self._events(OperatorActed)
        begin = self.fault_at or 0  # who speaks before the incident has not seen it
        self.posts = [post for post in self._events(StatusPosted) if post.at >= begin]
        self.diagnoses = [given for given in self._events(DiagnosisGiven) if given.at >= begin]
        self.watch = next(iter(self._events(WatchBegan)), None)
        self.replayed = next(iter(self._events(TriggerReplayed)), None)
        self.ended = next(iter(self._events(DrillEnded)), None)
        self.aborted = next(iter(self._events(DrillAborted)), None)
        self.harness_failed = bool(run.of(HarnessFailed))
        self.customers: dict[str, tuple[Call, ...]] = {label: run.calls.get(label, ()) for label in customers_of(run)}

    def _events(self, kind: type[E]) -> list[E]:
        return [event for _, event in self.run.of(kind)]

    @property
    def fault_at(self) -> Instant | None:
        """When the incident began; None where its injection was never planned, or the record of which it is has never been empty."""
        truth = self.plan.diagnosis.truth
        if truth.emptied:
            return min((start for start, _ in empty_spans(self.run, truth.emptied)), default=None)
        planned = [planned for planned in self.run.injections if planned.injection == truth.since]
        return min((span[0] for injection in planned for span in injection.spans), default=None)

    def length(self, start: Instant, end: Instant) -> int:
        """From ``start`` to ``end`` in nanoseconds, without the time for which the facilitator held the drill; negative as that is."""
        resumed = [event.at for event in self._events(DrillResumed)] + [self.run.last_instant]
        holds = [(event.at, resumed[number]) for number, event in enumerate(self._events(DrillHeld))]
        return end - start - sum(max(0, min(end, until) - max(start, since)) for since, until in holds)

    @property
    def failures(self) -> list[Call]:
        """The customers' failed calls from the incident's begin to the replay of its trigger, by start."""
        start = self.fault_at
        until = self.replayed.at if self.replayed else self.run.last_instant
        calls = [call for calls in self.customers.values() for call in calls if call.result == "failed"]
        inside = [
            call
            for call in calls
            if start is not None and start <= (call.finished or call.started) and call.started < until
        ]
        return sorted(inside, key=lambda call: call.started)

    def working(self, start: Instant, end: Instant, *, rising: bool = False) -> tuple[Finding, str]:
        """Whether all was well from ``start`` to ``end``: every customer's call that began then succeeded, and no level was too low.

        Returns what was seen too. ``rising``: only where a level stands at ``end`` counts, and
        one that was not told by then is of a client that comes later.
        """
        reasons: list[str] = []
        finding: Finding = "held"
        for label, calls in self.customers.items():
            inside = [call for call in calls if start <= call.started < end]
            failed = sum(call.result == "failed" for call in inside)
            succeeded = sum(call.result == "ok" for call in inside)
            reasons.append(f"{label}: {plural(succeeded, 'call')} succeeded, {failed} failed")
            if failed:
                finding = "broken"
            elif succeeded < FEWEST_CALLS and finding == "held":
                finding = "unknown"
        for spec in self.plan.healthy:
            least = self._least(spec.client, spec.level, end if rising else start, end)
            reasons.append(
                f"{spec.client}: {spec.level} {'never told' if least is None else f'{least:g} at the least'}"
            )
            if least is not None and least < spec.at_least:
                finding = "broken"
            elif least is None and finding == "held" and not rising:
                finding = "unknown"
        return finding, "; ".join(reasons) or "there were no customers"

    def _least(self, client: str, level: str, start: Instant, end: Instant) -> float | None:
        """The lowest value of a level from ``start`` to ``end``; None where it was not told by then."""
        values = [(event.at, event.value) for _, event in measured_levels(self.run, client, level) if event.at < end]
        before = [value for at, value in values if at <= start][-1:]
        return min([*before, *(value for at, value in values if at > start)], default=None)
