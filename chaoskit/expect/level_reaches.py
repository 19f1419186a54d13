"""``level_reaches``: a participant's level, such as leases held, is where it should be again soon enough after the fault."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.journal.levels import measured_levels
from chaoskit.journal.run import Run
from chaoskit.units import Duration, format_duration
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class LevelReaches(Expectation):
    """``level`` of ``client`` is at least ``at_least`` at some instant from the end of the last fault until ``within`` later.

    ``unaffected``: the client is expected to meet no fault.
    """

    client: str
    level: str
    at_least: float
    within: Duration
    unaffected: bool = False

    def judge(self, run: Run) -> Verdict:
        title = (
            f"level_reaches {self.client} {self.level} at least {self.at_least:g} within {format_duration(self.within)}"
        )
        if not run.episodes:
            return Verdict(expectation=title, finding="unknown", because="no fault was planned, so it has no end")
        measured = measured_levels(run, self.client, self.level)
        if not measured:
            return Verdict(expectation=title, finding="unknown", because=f"{self.client} told no level {self.level!r}")
        end = run.episodes[-1].end
        before = [entry for entry in measured if entry[1].at <= end]
        after = [entry for entry in measured if end < entry[1].at <= end + self.within]
        candidates = [*before[-1:], *after]
        reached = next((entry for entry in candidates if entry[1].value >= self.at_least), None)
        if reached:
            lag = format_duration(max(0, reached[1].at - end))
            because = f"{reached[1].value:g} {lag} after the end of the fault"
            return Verdict(expectation=title, finding="held", because=because, evidence=(reached[0],))
        if run.last_instant < end + self.within:
            return Verdict(expectation=title, finding="unknown", because="the run ended before the time was over")
        if not candidates:
            because = f"nothing was measured until {format_duration(self.within)} after the fault"
            return Verdict(expectation=title, finding="unknown", because=because)
        most = max(candidates, key=lambda entry: entry[1].value)
        because = f"at most {most[1].value:g} until {format_duration(self.within)} after the end of the fault"
        return Verdict(expectation=title, finding="broken", because=because, evidence=(most[0],))
