"""``apps_stay_up``: no app of the experiment ended by itself during the run."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, combine
from chaoskit.journal.events import AppEnded, AppStarted, ClientReady
from chaoskit.journal.run import Run
from chaoskit.units import format_duration
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class AppsStayUp(Expectation):
    """Every app, or only ``app``, ran until it was told to end. One that a process fault killed has not ended by itself."""

    app: str | None = None

    def judge(self, run: Run) -> Verdict:
        title = f"apps_stay_up {self.app or 'every app'}"
        starts = {
            event.client: seq
            for seq, event in run.of(ClientReady)
            if event.use == "program" and self.app in (None, event.client)
        }
        if not starts:
            none = "no app became ready" if run.of(AppStarted) else "this run has no app; see 'apps'"
            because = f"no app {self.app!r} became ready" if self.app else none
            return Verdict(expectation=title, finding="unknown", because=because, evidence=(run.entries[0].seq,))
        ends = run.of(AppEnded)
        parts = []
        for name, start in starts.items():
            own = [(seq, end) for seq, end in ends if end.client == name]
            if not own:
                parts.append(Part("held", f"{name} ran to the end", (start,)))
            for seq, end in own:
                when = format_duration(end.at - run.origin)
                because = (
                    f"{name} ended with exit code {end.exit_code} {when} after the start, in the {run.phase_at(end.at)}"
                )
                parts.append(Part("broken", because, (seq,)))
        return combine(title, parts)
