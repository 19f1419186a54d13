"""Events as lines that a person can read, and the choice of those that the page embeds as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chaoskit.journal import events as ev
from chaoskit.journal.codec import encode
from chaoskit.journal.run import Run
from chaoskit.report.words import seconds
from chaoskit.units import format_duration

LINKS_MOST = 8
"""Events linked from one verdict or sentence; the rest of a long proof is counted, and stands in the summary."""

_TEXT_MOST = 600


@dataclass(frozen=True, slots=True)
class Line:
    """An event in the page's list of evidence."""

    seq: int
    at: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Links:
    """The events linked from one place, and how many more there are."""

    seqs: tuple[int, ...]
    more: int


def links_of(run: Run, evidence: Sequence[int], most: int = LINKS_MOST) -> Links:
    """The first and last few of ``evidence``, as far as the journal holds them, so that no link leads nowhere."""
    unique = tuple(sorted(seq for seq in set(evidence) if 1 <= seq <= run.entries[-1].seq))
    if len(unique) <= most:
        return Links(unique, 0)
    half = most // 2
    return Links(unique[: most - half] + unique[-half:], len(unique) - most)


def lines_of(run: Run, seqs: Iterable[int]) -> tuple[Line, ...]:
    """The events with these numbers, in order; numbers that the journal does not hold are left out."""
    entries = (entry for seq in sorted(set(seqs)) if (entry := run.entry(seq)) is not None)
    return tuple(
        Line(entry.seq, seconds(entry.event.at, run.origin), entry.event.kind, describe(entry.event))
        for entry in entries
    )


def describe(event: ev.Event) -> str:
    """One event as a sentence; kinds that are seldom evidence are shown as they stand in the journal."""
    match event:
        case ev.QueryAnswered():
            got = event.reply if event.reply != "answer" else f"{event.rcode}, {event.answers} records"
            faults = f"; changed by {', '.join(event.faults)}" if event.faults else ""
            text = f"{event.asker} asked {event.name} {event.rtype} over {event.transport} and got {got}{faults}"
        case ev.CallStarted():
            text = f"{event.client} began call {event.call} ({event.operation})"
        case ev.CallFinished():
            chain = " ← ".join(f"{link.type}: {link.message}" for link in event.errors)
            text = f"{event.client} ended call {event.call}: {event.result}{' · ' if chain else ''}{chain}"
        case ev.AttemptStarted():
            text = f"{event.client} began attempt {event.attempt} of call {event.call}"
        case ev.AttemptFinished():
            why = f" · {event.error}" if event.error else ""
            took = format_duration(event.latency_ns)
            text = (
                f"{event.client} ended attempt {event.attempt} of call {event.call} after {took}: {event.result}{why}"
            )
        case ev.CanaryChecked():
            text = f"canary {event.name}: {'resolves' if event.ok else 'does not resolve'} ({event.detail})"
        case ev.ContainerChanged():
            code = f" with exit code {event.exit_code}" if event.exit_code is not None else ""
            text = f"container {event.container} of {event.client}: {event.change}{code}"
        case ev.AppEnded():
            text = f"app {event.client} ended by itself with exit code {event.exit_code}"
        case ev.AppReady():
            text = f"app {event.client} was ready {format_duration(event.took_ns)} after its start"
        case ev.HarnessFailed():
            text = event.words
        case ev.RequestArrived():
            text = f"{event.service} {event.operation} arrived over {event.connection}, request {event.nth} on it, attempt {event.attempt}"
        case _:
            text = encode(event)
    return text if len(text) <= _TEXT_MOST else text[: _TEXT_MOST - 1] + "…"
