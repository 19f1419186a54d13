"""``success_rate``: the share of calls that succeeded."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, each_client, in_phase, named
from chaoskit.expect._shares import check_shares
from chaoskit.journal.calls import Call
from chaoskit.journal.run import Phase, Run
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class SuccessRate(Expectation):
    """Of the calls that started in ``phase``, the share that succeeded is within bounds; a call that never ended did not.

    ``at_least`` and ``at_most`` are shares from 0 to 1. Without ``client`` it must hold for every client. ``unaffected``: the
    client is expected to meet no fault.
    """

    client: str | None = None
    phase: Phase | None = None
    at_least: float | None = None
    at_most: float | None = None
    unaffected: bool = False

    def __post_init__(self) -> None:
        check_shares(self.at_least, self.at_most)

    def judge(self, run: Run) -> Verdict:
        bounds = [f"at least {_percent(self.at_least)}"] if self.at_least is not None else []
        bounds += [f"at most {_percent(self.at_most)}"] if self.at_most is not None else []
        title = f"success_rate {named(self.client)}{in_phase(self.phase)} {', '.join(bounds)}"
        return each_client(title, run, self.client, self.phase, self._part)

    def _part(self, client: str, calls: list[Call]) -> Part:
        good = [call for call in calls if call.result == "ok"]
        bad = [call for call in calls if call.result != "ok"]
        share = len(good) / len(calls)
        too_low = self.at_least is not None and share < self.at_least
        too_high = self.at_most is not None and share > self.at_most
        because = f"{client}: {len(good)} of {len(calls)} calls succeeded{in_phase(self.phase)} ({_percent(share)})"
        telling = bad if too_low or (self.at_least is None and not too_high) else good
        evidence = tuple(call.evidence[-1] for call in telling)
        return Part("broken" if too_low or too_high else "held", because, evidence)


def _percent(share: float | None) -> str:
    """``95%``, ``99.9%``; never rounded up to 100%, nor down to 0%."""
    percent = (share or 0) * 100
    text = f"{percent:.1f}".removesuffix(".0")
    if text == "100" and percent < 100:
        return "over 99.9%"
    if text == "0" and percent > 0:
        return "under 0.1%"
    return text + "%"
