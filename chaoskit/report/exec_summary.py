"""What was seen of a program that tells nothing itself: its lookups, its connections, its requests, and the faults that it met.

The DNS server, the proxy and the service are the witnesses. A try that failed before it reached the wire is seen as a lookup
only; the number in ``amz-sdk-request`` of the try that got through tells how many there were.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from chaoskit.journal.calls import Lookup
from chaoskit.journal.events import ConnectionOpened, RequestAnswered, RequestArrived
from chaoskit.journal.run import Run
from chaoskit.report.lookups import RecordState, state_of
from chaoskit.report.words import listed, plural, seconds

_STATES: dict[RecordState, str] = {
    "answers": "answered",
    "empty": "empty (NODATA)",
    "refused": "with an error",
    "silent": "without a usable reply",
}


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
    return [Line("lookups", _looked_up(name, found)) for name, found in by_name.items()]


def _looked_up(name: str, found: list[Lookup]) -> str:
    states = Counter(state_of(lookup) for lookup in found)
    words = listed([f"{count} {_STATES[state]}" for state, count in states.items()])
    refused = Counter(rcode for lookup in found if state_of(lookup) == "refused" for rcode in lookup.rcodes)
    rcodes = f" ({', '.join(refused)})" if refused else ""
    bitten = sum(bool(lookup.faults) for lookup in found)
    return f"{name}: {words}{rcodes}" + (f"; {plural(bitten, 'lookup')} met a fault" if bitten else "")


def _connections(run: Run) -> list[Line]:
    opened = Counter(event.proxy.partition("@")[0] for _, event in run.of(ConnectionOpened))
    return [Line("connections", ", ".join(f"{service} {count}" for service, count in opened.items()))] if opened else []


def _requests(run: Run) -> list[Line]:
    arrived: dict[str, list[RequestArrived]] = defaultdict(list)
    for _, event in run.of(RequestArrived):
        arrived[f"{event.service} {event.operation}"].append(event)
    answers = {event.request: event for _, event in run.of(RequestAnswered)}
    return [Line("requests", _asked(what, found, answers)) for what, found in arrived.items()]


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


def _asked(what: str, found: list[RequestArrived], answers: dict[int, RequestAnswered]) -> str:
    calls = {event.invocation for event in found if event.invocation}
    words = f"{what}: {len(found)}"
    if calls:
        words += f", of {plural(len(calls), 'call')}"
    attempts = [event.attempt for event in found if event.attempt]
    if attempts and max(attempts) > 1:
        words += f"; up to attempt {max(attempts)}"
    errors = Counter(
        answer.error or str(answer.status)
        for event in found
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
        words = f"met {plural(met, 'time')}" if met else "met nothing, so it tested nothing"
        if not begun:
            words = "never began: the command ended before"
        lines.append(Line("fault", f"{planned.fault} on {planned.where}{f', {when}' if when else ''}: {words}"))
    return lines
