"""``harness``: the guard that the harness itself did its work. It is no expectation that a file can list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from chaoskit.clock import Instant
from chaoskit.expect import Expectation
from chaoskit.expect._findings import EVIDENCE_MAX
from chaoskit.journal.events import (
    CommandStarted,
    HarnessFailed,
    InjectionApplied,
    InjectionLifted,
    PlaneStalled,
    ProcessEnded,
    RequestAnswered,
    RunEnded,
)
from chaoskit.journal.run import Run
from chaoskit.units import SECOND, format_duration
from chaoskit.verdict import Verdict

SWITCH_WITHIN_NS = 1 * SECOND
"""How late a toxic or a process fault may be switched; the proxy's own API answers within milliseconds."""

Switch: TypeAlias = tuple[int, InjectionApplied | InjectionLifted]

SWITCHED = ("network", "process")
"""Planes whose faults a driver switches. DNS and services compare the clock at each query and request."""


@dataclass(frozen=True, slots=True)
class Harness(Expectation):
    """Held when the run came to its end, no part failed, died or stood still, and each fault was switched on and off in time."""

    def judge(self, run: Run) -> Verdict:
        wrong: list[tuple[str, int]] = []
        for seq, failure in run.of(HarnessFailed):
            wrong.append((failure.words, seq))
        failed = {failure.part for _, failure in run.of(HarnessFailed)}
        for seq, process in run.of(ProcessEnded):
            if not process.expected and process.process not in failed:
                wrong.append((f"process {process.process} ended unasked with code {process.exit_code}", seq))
        if not run.of(CommandStarted):  # a command of the user's is not judged; it is told what it met
            broken = [(event, seq) for seq, event in run.of(RequestAnswered) if event.broke]
            wrong += [(f"request {event.request} got no honest answer: {event.broke}", seq) for event, seq in broken]
        wrong += _stalls(run)
        wrong += _late_switches(run)
        endings = run.of(RunEnded)
        if not endings:
            wrong.append(("the journal stops before the end of the run", run.entries[-1].seq))
        for seq, ending in endings:
            if ending.reason != "finished":
                wrong.append((f"the run stopped short: {ending.reason}", seq))
        return Verdict(
            expectation="harness",
            finding="broken" if wrong else "held",
            because="; ".join(text for text, _ in wrong) or "the run came to its end, and no part failed",
            evidence=tuple(seq for _, seq in wrong)[:EVIDENCE_MAX] or (endings[-1][0],),
        )


def _stalls(run: Run) -> list[tuple[str, int]]:
    """Planes that stood still while the experiment ran: what clients met then was not what was planned."""
    return [
        (
            f"{stall.plane} stood still for {format_duration(stall.until - stall.since)} "
            f"from {format_duration(max(0, stall.since - run.origin))} on",
            seq,
        )
        for seq, stall in run.of(PlaneStalled)
        if stall.since < run.ends and stall.until > run.origin
    ]


def _late_switches(run: Run) -> list[tuple[str, int]]:
    """Faults that a driver must switch, and switched far too late, or never, though their time came in the run."""
    wrong: list[tuple[str, int]] = []
    applied: Sequence[Switch] = run.of(InjectionApplied)
    lifted: Sequence[Switch] = run.of(InjectionLifted)
    for events, word in ((applied, "on"), (lifted, "off")):
        switched = {(event.injection, event.due) for _, event in events}
        for seq, event in events:
            if event.at - event.due > SWITCH_WITHIN_NS:
                wrong.append(
                    (f"{event.injection} was switched {word} {format_duration(event.at - event.due)} late", seq)
                )
        for planned in run.injections:
            edge = 0 if word == "on" else 1
            for span in planned.spans if planned.plane in SWITCHED else ():
                due = span[edge]
                if due + SWITCH_WITHIN_NS < run.ends and not _near(switched, planned.injection, due):
                    when = format_duration(max(0, due - run.origin))
                    wrong.append(
                        (
                            f"{planned.injection} was due to be switched {word} at {when}, and was not",
                            run.entries[-1].seq,
                        )
                    )
    return wrong


def _near(switched: Collection[tuple[str, Instant]], injection: str, due: Instant) -> bool:
    return any(name == injection and abs(at - due) <= SWITCH_WITHIN_NS for name, at in switched)
