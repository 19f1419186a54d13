"""``level_stays``: a participant's level, such as the zones of a balancer in DNS, never goes below a limit."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.journal.levels import measured_levels
from chaoskit.journal.run import Run
from chaoskit.units import SECOND
from chaoskit.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True)
class LevelStays(Expectation):
    """From its first measurement on, ``level`` of ``client`` is always at least ``at_least``."""

    client: str
    level: str
    at_least: float

    def judge(self, run: Run) -> Verdict:
        title = f"level_stays {self.client} {self.level} at least {self.at_least:g}"
        measured = measured_levels(run, self.client, self.level)
        if not measured:
            return Verdict(expectation=title, finding="unknown", because=f"{self.client} told no level {self.level!r}")
        seq, least = min(measured, key=lambda entry: entry[1].value)
        because = f"at least {least.value:g}, first at {(least.at - run.origin) / SECOND:.1f} s"
        finding: Finding = "held" if least.value >= self.at_least else "broken"
        return Verdict(expectation=title, finding=finding, because=because, evidence=(seq,))
