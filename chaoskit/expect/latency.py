"""``latency``: how long calls that succeed take, up to the slowest few."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, each_client, in_phase, named
from chaoskit.journal.calls import Call
from chaoskit.journal.run import Phase, Run
from chaoskit.units import Duration, format_duration
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Latency(Expectation):
    """Of the calls that started in ``phase`` and succeeded, ``percentile`` percent lasted ``at_most`` so long (nearest rank).

    Calls that failed are ``success_rate``'s; where none succeeded nothing is known. Without ``client`` it must hold for every client.
    ``unaffected``: the client is expected to meet no fault.
    """

    at_most: Duration
    percentile: float = 99
    client: str | None = None
    phase: Phase | None = None
    unaffected: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.percentile <= 100:
            raise ValueError(f"{self.percentile:g} is no percentile; write a number above 0 and up to 100")

    def judge(self, run: Run) -> Verdict:
        bound = f"{self.percentile:g}% within {format_duration(self.at_most)}"
        title = f"latency {named(self.client)}{in_phase(self.phase)} {bound}"
        return each_client(title, run, self.client, self.phase, self._part)

    def _part(self, client: str, calls: list[Call]) -> Part:
        good = [(call.elapsed_ns, call) for call in calls if call.result == "ok" and call.elapsed_ns is not None]
        if not good:
            return Part("unknown", f"{client}: no call succeeded{in_phase(self.phase)}", calls[-1].evidence)
        good.sort(key=lambda pair: pair[0])
        length, call = good[max(0, -int(-self.percentile * len(good) // 100) - 1)]
        because = (
            f"{client}: {self.percentile:g}% of {len(good)} calls that succeeded took at most {format_duration(length)}"
        )
        return Part("held" if length <= self.at_most else "broken", because, call.evidence)
