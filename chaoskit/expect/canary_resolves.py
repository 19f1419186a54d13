"""``canary_resolves``: the name that no fault may touch resolved all along. Otherwise the harness was broken, not the record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.expect import Expectation
from chaoskit.expect._findings import EVIDENCE_MAX
from chaoskit.journal.events import CanaryChecked, ClientReady
from chaoskit.journal.run import Phase, Run
from chaoskit.units import SECOND, format_duration
from chaoskit.verdict import Verdict

LATE_NS = 2 * SECOND
"""A look at the canary that took longer was not answered in time; a busy machine delays it by tenths."""


@dataclass(frozen=True, slots=True)
class CanaryResolves(Expectation):
    """Every look at the canary name found it in time, and there was a look in every phase that was long enough for one.

    Looks come once a period, and a busy machine makes them late; so a phase is long enough at one and a half periods.
    """

    def judge(self, run: Run) -> Verdict:
        title = "canary_resolves"
        if not run.canary:
            return Verdict(expectation=title, finding="broken", because="the canary name was never looked up")
        failed = [(seq, look) for seq, look in run.canary if not look.ok]
        if failed:
            first = failed[0][1]
            because = f"{len(failed)} of {len(run.canary)} looks at {first.name} failed, first: {first.detail}"
            evidence = tuple(seq for seq, _ in failed[:EVIDENCE_MAX])
            return Verdict(expectation=title, finding="broken", because=because, evidence=evidence)
        if late := _late(run):
            return Verdict(expectation=title, finding="broken", because=late[0], evidence=(late[1],))
        looks = [look for _, look in run.canary]
        for phase, start, end in _phases(run):
            if end - start > _period(run) * 3 // 2 and not any(_within(look, start, end) for look in looks):
                because = f"no look fell into the {phase} of {format_duration(end - start)}"
                return Verdict(expectation=title, finding="broken", because=because)
        slowest = max(look.latency_ns for look in looks)
        all_looks = f"all {len(looks)} looks at {looks[0].name} found it, the slowest"
        because = f"{all_looks if len(looks) > 1 else f'the one look at {looks[0].name} found it,'} in {format_duration(slowest)}"
        return Verdict(
            expectation=title,
            finding="held",
            because=because,
            evidence=(run.canary[0][0], run.canary[-1][0]),
        )


def _late(run: Run) -> tuple[str, int] | None:
    """A look that was answered too late, or came too long after the one before it: DNS, or the machine, stood still."""
    before: CanaryChecked | None = None
    for seq, look in run.canary:
        if look.latency_ns > LATE_NS:
            return f"a look at {look.name} was answered only after {format_duration(look.latency_ns)}", seq
        if before is not None and look.at - before.at > 2 * _period(run) + LATE_NS:
            return f"there was no look at {look.name} for {format_duration(look.at - before.at)}", seq
        before = look
    return None


def _within(look: CanaryChecked, start: Instant, end: Instant) -> bool:
    return look.at >= start and look.at - look.latency_ns < end


def _period(run: Run) -> int:
    ready = [event for _, event in run.of(ClientReady) if event.use == "canary"]
    return (ready[0].every_ns or 0) if ready else 0


def _phases(run: Run) -> Iterator[tuple[Phase, Instant, Instant]]:
    """The run cut at every start and end of a fault, as far as it went."""
    cuts = sorted({edge for span in run.fault_spans for edge in span if run.origin < edge < run.ends})
    for start, end in zip([run.origin, *cuts], [*cuts, run.ends], strict=True):
        yield run.phase_at(start), start, end
