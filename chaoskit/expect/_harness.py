"""``harness``: the guard that the harness itself did its work. It is no expectation that a file can list."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._findings import EVIDENCE_MAX
from chaoskit.journal.events import CommandStarted, HarnessFailed, ProcessEnded, RequestAnswered, RunEnded
from chaoskit.journal.run import Run
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Harness(Expectation):
    """Held when the run came to its end, and no part failed or died."""

    def judge(self, run: Run) -> Verdict:
        wrong: list[tuple[str, int]] = []
        for seq, failure in run.of(HarnessFailed):
            wrong.append((f"{failure.part} failed: {failure.message}", seq))
        for seq, process in run.of(ProcessEnded):
            if not process.expected:
                wrong.append((f"process {process.process} ended unasked with code {process.exit_code}", seq))
        if not run.of(CommandStarted):  # a command of the user's is not judged; it is told what it met
            broken = [(event, seq) for seq, event in run.of(RequestAnswered) if event.broke]
            wrong += [(f"request {event.request} got no honest answer: {event.broke}", seq) for event, seq in broken]
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
