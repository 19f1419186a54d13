"""``containers_stay_up``: no container of the project under test died, was restarted or went unhealthy during the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chaoskit.expect import Expectation
from chaoskit.expect._findings import EVIDENCE_MAX
from chaoskit.journal.events import ContainerChanged, ContainersWatched
from chaoskit.journal.run import Run
from chaoskit.units import format_duration
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class ContainersStayUp(Expectation):
    """Judged in every run of ``chaoskit attach``, listed or not.

    A container that died counts, restarted or not; of a service that is not under test only with an exit code other than 0, for that may
    be a job. ``allow`` takes out what is meant to happen: ``died``, where somebody kills containers on purpose, ``unhealthy``, where a
    health check is meant to tell of the fault.
    """

    allow: tuple[Literal["died", "unhealthy"], ...] = ()

    def judge(self, run: Run) -> Verdict:
        allowed = f", but for {' and '.join(self.allow)}" if self.allow else ""
        title = f"containers_stay_up every service{allowed}"
        watched = run.of(ContainersWatched)
        if not watched:
            because = "nobody watched containers: chaoskit attach does"
            return Verdict(expectation=title, finding="unknown", because=because, evidence=(run.entries[0].seq,))
        wrong = list(self._wrong(run, watched[0][1].services))
        because = "; ".join(words for words, _ in wrong)
        return Verdict(
            expectation=title,
            finding="broken" if wrong else "held",
            because=because or "the engine told of no container that died or went unhealthy",
            evidence=tuple(seq for _, seq in wrong)[:EVIDENCE_MAX] or (watched[0][0],),
        )

    def _wrong(self, run: Run, under_test: tuple[str, ...]) -> Iterator[tuple[str, int]]:
        changes = run.of(ContainerChanged)
        for place, (seq, change) in enumerate(changes):
            when = f"{format_duration(change.at - run.origin)} after the start"
            if change.at < run.origin:
                when = "before the start"
            if change.change == "unhealthy" and "unhealthy" not in self.allow:
                yield f"{change.container} went unhealthy {when}, in the {run.phase_at(change.at)}", seq
            if change.change == "died" and "died" not in self.allow:
                if change.exit_code == 0 and change.client not in under_test:
                    continue
                again = any(
                    (later.container, later.change) == (change.container, "started") for _, later in changes[place:]
                )
                came = "was started again" if again else "was not started again"
                yield (
                    f"{change.container} died with exit code {change.exit_code} {when}, in the {run.phase_at(change.at)}, and {came}",
                    seq,
                )
