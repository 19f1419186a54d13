"""What a probe's calls were answered with, and how soon: statuses and percentiles, by phase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from chaoskit.clients.probe import HTTP_PROBES, PROBES
from chaoskit.journal.events import AttemptFinished
from chaoskit.journal.run import PHASES, Phase, Run
from chaoskit.report.words import duration
from chaoskit.spread import percentile

PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one probe, by the phase in which its calls started: how many answers had which status, and the percentiles of the lengths of
    calls that succeeded, in nanoseconds. None stands for a call that got no answer, and for a protocol without statuses."""

    statuses: Mapping[Phase, Counter[int | None]]
    latencies: Mapping[Phase, Mapping[int, int | None]]

    def status_line(self, phase: Phase) -> str:
        """The statuses of a phase, the most frequent first, for people."""
        parts = [
            f"{count} × {status if status is not None else 'no answer'}"
            for status, count in self.statuses[phase].most_common()
        ]
        return ", ".join(parts) or "no call"

    def latency_line(self, phase: Phase) -> str:
        """The percentiles of a phase, for people."""
        known = {percent: length for percent, length in self.latencies[phase].items() if length is not None}
        return ", ".join(f"{percent}% {duration(length)}" for percent, length in known.items()) or "no call succeeded"


def answers_of(run: Run, client: str) -> Answers | None:
    """The answers of a probe; None for any other client."""
    if run.clients[client].use not in PROBES:
        return None
    statuses: dict[Phase, Counter[int | None]] = {phase: Counter() for phase in PHASES}
    if run.clients[client].use in HTTP_PROBES:
        for _, event in run.of(AttemptFinished):
            if event.client == client:
                statuses[run.phase_at(event.at - event.latency_ns)][event.status] += 1
    latencies: dict[Phase, Mapping[int, int | None]] = {}
    for phase in PHASES:
        lengths = [
            call.elapsed_ns
            for call in run.calls_in(client, phase)
            if call.result == "ok" and call.elapsed_ns is not None
        ]
        latencies[phase] = {percent: percentile(lengths, percent / 100) for percent in PERCENTS}
    return Answers(statuses, latencies)
