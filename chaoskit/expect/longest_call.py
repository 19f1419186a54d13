"""``longest_call``: how long the application had to wait at worst."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._bounds import check_bounds
from chaoskit.expect._findings import Part, each_client, in_phase, named
from chaoskit.journal.calls import Call
from chaoskit.journal.run import Phase, Run
from chaoskit.units import Duration, format_duration
from chaoskit.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True)
class LongestCall(Expectation):
    """The longest call that started in ``phase`` is within bounds, whether it succeeded or not.

    A call that never ended lasted at least as long as it was seen. Without ``client`` it must hold for every client. ``unaffected``: the
    client is expected to meet no fault.
    """

    client: str | None = None
    phase: Phase | None = None
    at_most: Duration | None = None
    at_least: Duration | None = None
    unaffected: bool = False

    def __post_init__(self) -> None:
        check_bounds(self.at_least, self.at_most)

    def judge(self, run: Run) -> Verdict:
        bounds = [f"at most {format_duration(self.at_most)}"] if self.at_most is not None else []
        bounds += [f"at least {format_duration(self.at_least)}"] if self.at_least is not None else []
        title = f"longest_call {named(self.client)}{in_phase(self.phase)} {', '.join(bounds)}"
        return each_client(title, run, self.client, self.phase, lambda name, calls: self._part(run, name, calls))

    def _part(self, run: Run, client: str, calls: list[Call]) -> Part:
        last = run.entries[-1].event.at
        lengths = {call.number: (call.finished or call.cut or last) - call.started for call in calls}
        longest = max(calls, key=lambda call: lengths[call.number])
        length = lengths[longest.number]
        unfinished = sum(call.finished is None for call in calls)
        because = f"{client}: longest call{in_phase(self.phase)} "
        ended = longest.finished is not None
        because += format_duration(length) if ended else f"over {format_duration(length)}, never ended"
        if unfinished and ended:
            because += f"; {unfinished} never ended"
        return Part(self._finding(length, open_ended=unfinished > 0), because, longest.evidence)

    def _finding(self, length: int, *, open_ended: bool) -> Finding:
        """``length`` is a lower bound when ``open_ended``: then a limit from above can be broken but not be kept."""
        if self.at_most is not None and length > self.at_most:
            return "broken"
        if open_ended and self.at_most is not None:
            return "unknown"
        if self.at_least is not None and length < self.at_least:
            return "unknown" if open_ended else "broken"
        return "held"
