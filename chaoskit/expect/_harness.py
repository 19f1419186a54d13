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
from chaoskit.journal.spans import Spans
from chaoskit.journal.stored import select
from chaoskit.units import SECOND, format_duration
from chaoskit.verdict import Verdict

SWITCH_WITHIN_NS = 1 * SECOND
"""How late a toxic or a process fault may be switched; the proxy's own API answers within milliseconds."""

LATE_CALL_NS = 2 * SECOND
"""How late a client may begin a call. It sleeps until a call is due, so what keeps it from its work is this machine, and no fault."""

Switch: TypeAlias = tuple[int, InjectionApplied | InjectionLifted]

SWITCHED = ("network", "process")
"""Planes whose faults a driver switches. DNS and services compare the clock at each query and request."""


@dataclass(frozen=True, slots=True)
class Harness(Expectation):
    """Held when the run came to its end or was aborted, no part failed or stood still, each fault was switched in time, and no client
    was late."""

    def judge(self, run: Run) -> Verdict:
        wrong: list[tuple[str, int]] = []
        for seq, failure in run.of(HarnessFailed):
            wrong.append((failure.words, seq))
        failed = {failure.part for _, failure in run.of(HarnessFailed)}
        for seq, process in run.of(ProcessEnded):
            if not process.expected and process.process not in failed:
                wrong.append((f"process {process.process} ended unasked with code {process.exit_code}", seq))
        if not run.of(CommandStarted):  # a command of the user's is not judged; it is told what it met
            for entry in select(run.entries, RequestAnswered, unless="broke"):
                answer = entry.event
                if isinstance(answer, RequestAnswered) and answer.broke:
                    wrong.append((f"request {answer.request} got no honest answer: {answer.broke}", entry.seq))
        wrong += _stalls(run)
        wrong += _late_switches(run)
        wrong += _late_calls(run)
        endings = run.of(RunEnded)
        if not endings:
            wrong.append(("the journal stops before the end of the run", run.entries[-1].seq))
        for seq, ending in endings:
            if ending.reason != "finished" and not ending.aborted:
                wrong.append((f"the run stopped short: {ending.reason}", seq))
        return Verdict(
            expectation="harness",
            finding="broken" if wrong else "held",
            because="; ".join(text for text, _ in wrong) or _well(endings[-1][1]),
            evidence=tuple(seq for _, seq in wrong)[:EVIDENCE_MAX] or (endings[-1][0],),
        )


def _well(ending: RunEnded) -> str:
    return (
        "no part failed until the run was aborted" if ending.aborted else "the run came to its end, and no part failed"
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


def _late_calls(run: Run) -> list[tuple[str, int]]:
    """Clients that this machine kept from calling on time; a client that a process fault held is no such one."""
    wrong: list[tuple[str, int]] = []
    for client in run.callers:
        on_it = [plan for plan in run.injections if plan.plane == "process" and plan.target.get("process") == client]
        holds = Spans(span for planned in on_it for span in planned.spans)
        late = [
            call
            for call in run.calls[client]
            if call.started - call.due > LATE_CALL_NS and not holds.meet(call.due, call.started)
        ]
        if late:
            latest = max(late, key=lambda call: call.started - call.due)
            calls = "call" if len(late) == 1 else "calls"
            wrong.append(
                (
                    f"{client} began {len(late)} {calls} more than {format_duration(LATE_CALL_NS)} late, the latest "
                    f"{format_duration(latest.started - latest.due)} after it was due: this machine was too busy for it",
                    latest.evidence[0],
                )
            )
    return wrong


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
