"""What happened in a drill, merged in the order of time: faults, signals, what the team did and published. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.journal.events import (
    DiagnosisGiven,
    DrillAborted,
    DrillBegan,
    DrillHeld,
    DrillResumed,
    Event,
    HintTaken,
    NoteTaken,
    OperatorActed,
    OperatorDone,
    OperatorRefused,
    Role,
    StatusPosted,
    TriggerReplayed,
    WatchBegan,
)
from chaoskit.journal.run import Run
from chaoskit.printable import printable
from chaoskit.race.live.evidence import empty_spans
from chaoskit.units import format_duration

LANES = ("fault", "signal", "diagnosis", "action", "update", "note", "drill")
"""The lanes of the time axis, from top to bottom."""

KINDS: tuple[type[Event], ...] = (
    OperatorActed,
    OperatorRefused,
    DiagnosisGiven,
    StatusPosted,
    NoteTaken,
    HintTaken,
    OperatorDone,
    DrillHeld,
    DrillResumed,
    DrillAborted,
    WatchBegan,
    TriggerReplayed,
)


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """One line of the time axis; ``lane`` is one of ``LANES``."""

    at: Instant
    lane: str
    words: str


def moments_of(run: Run) -> list[Moment]:
    """Faults, signals, actions, updates and notes, merged in the order of time; empty where the run is no drill."""
    if not run.of(DrillBegan):
        return []
    moments = [*_faults(run), *_signals(run)]
    for kind in KINDS:
        moments += [Moment(event.at, *_words(event)) for _, event in run.of(kind)]
    return sorted(moments)


def customers_of(run: Run) -> Sequence[str]:
    """The clients of a drill that are its customers: those that its plan names, or all."""
    (_, began), *_ = run.of(DrillBegan)
    return began.plan.get("customers") or list(run.header.experiment.get("clients", {}))


def promise_of(post: StatusPosted) -> str:
    """The next update that an update promised, for people; empty where it promised none."""
    return "" if post.next_by is None else f"Next update within {format_duration(post.next_by - post.at)}."


def _faults(run: Run) -> list[Moment]:
    moments = []
    for planned in run.injections:
        for start, end in planned.spans:
            if start >= end:
                continue
            moments.append(Moment(start, "fault", f"{planned.fault} begins: {planned.where}"))
            if end < run.last_instant:
                moments.append(Moment(end, "fault", f"{planned.fault} ends: {planned.where}"))
    (_, began), *_ = run.of(DrillBegan)
    if name := began.plan["diagnosis"]["truth"].get("emptied"):
        for start, end in empty_spans(run, name):
            moments.append(Moment(start, "fault", f"{name} is served without an address"))
            if end < run.last_instant:
                moments.append(Moment(end, "fault", f"{name} has an address again"))
    return moments


def _signals(run: Run) -> list[Moment]:
    """Each customer's first failed call, and its first that succeeded after failures."""
    moments = []
    for label in customers_of(run):
        failing = False
        for call in sorted(run.calls.get(label, ()), key=lambda call: call.finished or call.started):
            at = call.finished or call.started
            if call.result == "failed" and not failing:
                error = f": {call.errors[-1].message}" if call.errors else ""
                moments.append(Moment(at, "signal", f"calls of {label} fail{printable(error)[:120]}"))
                failing = True
            elif call.result == "ok" and failing:
                moments.append(Moment(at, "signal", f"calls of {label} succeed again"))
                failing = False
    return moments


def _words(event: Event) -> tuple[str, str]:
    """The lane of an event, and its line."""
    match event:
        case OperatorActed():
            return "action", f"{event.action} {event.subject}".strip() + _by(event.role)
        case OperatorRefused():
            return "action", f"refused: {printable(event.because)}" + _by(event.role)
        case DiagnosisGiven():
            return "diagnosis", f"{event.name}, {event.mechanism}, {event.scope}" + _by(event.role)
        case StatusPosted():
            return "update", f"{'RESOLVED: ' if event.resolved else ''}{printable(event.text)}" + _by(event.role)
        case NoteTaken():
            return "note", printable(event.text) + _by(event.role)
        case OperatorDone():
            return "action", "says that it is over" + _by(event.role)
    return "drill", _words_of_drill(event)


def _words_of_drill(event: Event) -> str:
    match event:
        case HintTaken():
            giver = "given by the facilitator" if event.role == "facilitator" else "taken"
            return f"hint {event.number} {giver}, {event.cost} points"
        case DrillHeld():
            return "held by the facilitator"
        case DrillResumed():
            return "goes on"
        case DrillAborted():
            return f"ended by the facilitator: {printable(event.because)}"
        case WatchBegan():
            return "the time is up" if event.time_up else "the shell or program has ended; the drill watches"
        case TriggerReplayed():
            way = "" if event.injection or event.orders else ", which has no way in"
            return f"replays the trigger{way}"
    raise TypeError(f"no line of the time axis tells of {type(event).__name__}")


def _by(role: Role) -> str:
    return "" if role == "alone" else f" ({role})"
