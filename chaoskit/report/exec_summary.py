"""What was seen of a program that tells nothing itself: its lookups, its connections, its requests, and the faults that it met.

The DNS server, the proxy and the service are the witnesses. A try that failed before it reached the wire is seen as a lookup
only; the number in ``amz-sdk-request`` of the try that got through tells how many there were.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from chaoskit.journal.events import ConnectionOpened, RequestAnswered, RequestArrived
from chaoskit.journal.lookups import Lookup
from chaoskit.journal.run import Run
from chaoskit.report.lookups import RecordState, state_of
from chaoskit.report.words import listed, plural, seconds
from chaoskit.units import MILLISECOND, format_duration

_STATES: dict[RecordState, str] = {
    "answers": "answered",
    "empty": "empty (NODATA)",
    "silent": "without a usable reply",
}


SLOW_NS = 100 * MILLISECOND
"""A lookup that took this long is told with its length."""


@dataclass(frozen=True, slots=True)
class Line:
    """``what`` was seen, and ``words`` about it."""

    what: str
    words: str


def exec_summary(run: Run, asker: str) -> list[Line]:
    """The summary of ``asker``'s life in ``run``, a line for each name, service and fault."""
    return [*_lookups(run, asker), *_connections(run), *_requests(run), *_broken(run), *_faults(run)]


def _lookups(run: Run, asker: str) -> list[Line]:
    by_name: dict[str, list[Lookup]] = defaultdict(list)
    for lookup in run.lookups:
        if lookup.client == asker:
            by_name[lookup.name].append(lookup)
    if not by_name:
        return [Line("lookups", "none")]
    return [Line("lookups", _looked_up(name, lookups)) for name, lookups in by_name.items()]


def _looked_up(name: str, lookups: list[Lookup]) -> str:
    outcomes = Counter(_outcome_of(lookup) for lookup in lookups)
    words = f"{name}: {listed([f'{count} {outcome}' for outcome, count in outcomes.items()])}"
    if any(state_of(lookup) == "refused" and "REFUSED" in lookup.rcodes and not lookup.faults for lookup in lookups):
        words += "; no zone here serves this name: add it under 'zones', or open it with --allow"
    slowest = max(lookups, key=lambda lookup: lookup.finished - lookup.started)
    length = slowest.finished - slowest.started
    least = "at least " if state_of(slowest) == "silent" else ""  # nobody sees when the asker gave up
    words += f"; the longest took {least}{format_duration(length)}" if length >= SLOW_NS else ""
    bitten = sum(bool(lookup.faults) for lookup in lookups)
    return words + (f"; {plural(bitten, 'lookup')} met a fault" if bitten else "")


def _outcome_of(lookup: Lookup) -> str:
    """What one lookup got: an RCODE stands by itself, and of half a lookup both halves are told."""
    state = state_of(lookup)
    if state == "half":
        return f"half failed ({lookup.words})"
    if state == "refused":
        return "/".join(dict.fromkeys(half for _, half in lookup.halves if half not in ("addresses", "NODATA", "lost")))
    return _STATES[state]


def _connections(run: Run) -> list[Line]:
    opened = Counter(event.proxy.partition("@")[0] for _, event in run.of(ConnectionOpened))
    return [Line("connections", ", ".join(f"{service} {count}" for service, count in opened.items()))] if opened else []


def _requests(run: Run) -> list[Line]:
    arrived: dict[str, list[RequestArrived]] = defaultdict(list)
    for _, event in run.of(RequestArrived):
        arrived[f"{event.service} {event.operation}"].append(event)
    answers = {event.request: event for _, event in run.of(RequestAnswered)}
    return [Line("requests", _asked(what, requests, answers)) for what, requests in arrived.items()]


def _broken(run: Run) -> list[Line]:
    """What the mock itself could not answer, by its reason."""
    reasons = Counter(event.broke for _, event in run.of(RequestAnswered) if event.broke)
    return [
        Line(
            "mock",
            f"{reason}; answered with 500, {plural(count, 'time')}: neither your program's fault nor an injected one",
        )
        for reason, count in reasons.items()
    ]


def _asked(what: str, requests: list[RequestArrived], answers: dict[int, RequestAnswered]) -> str:
    calls = {event.invocation for event in requests if event.invocation}
    words = f"{what}: {len(requests)}"
    if calls:
        words += f", of {plural(len(calls), 'call')}"
    attempts = [event.attempt for event in requests if event.attempt]
    if attempts and max(attempts) > 1:
        words += f"; up to attempt {max(attempts)}"
    errors = Counter(
        answer.error or str(answer.status)
        for event in requests
        if (answer := answers.get(event.request)) and (answer.error or answer.status >= 400)
    )
    if errors:
        words += "; " + ", ".join(f"{count} × {error}" for error, count in errors.items())
    return words


def _faults(run: Run) -> list[Line]:
    lines = []
    for planned in run.injections:
        begun = [span for span in planned.spans if span[0] < run.ends]
        when = ", ".join(
            f"from {seconds(start, run.origin)}" + (f" to {seconds(end, run.origin)}" if end <= run.ends else " on")
            for start, end in begun[:3]
        )
        met = len(run.met(planned.injection))
        words = f"met {plural(met, 'time')}" if met else "met nothing"
        if not begun:
            words = "never began: the command ended before"
        lines.append(Line("fault", f"{planned.fault} on {planned.where}{f', {when}' if when else ''}: {words}"))
    return lines
