"""``recovers_within``: how soon after the end of the last fault a client is well again."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, each_client, named
from chaoskit.journal.calls import Call
from chaoskit.journal.run import Run
from chaoskit.units import Duration, format_duration
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class RecoversWithin(Expectation):
    """The client's last trouble is over ``within`` after the end of the last fault (``chaoskit.journal.run.Recovery``).

    A client that never noticed the fault has recovered at once. Without ``client`` it must hold for every client.
    """

    within: Duration
    client: str | None = None

    def __post_init__(self) -> None:
        if self.within < 0:
            raise ValueError("within is below 0; write a duration, for example 2s")

    def judge(self, run: Run) -> Verdict:
        title = f"recovers_within {named(self.client)} within {format_duration(self.within)}"
        if not run.fault_spans:
            because = "no fault was planned, so there was nothing to recover from"
            return Verdict(expectation=title, finding="unknown", because=because)
        return each_client(title, run, self.client, None, lambda client, calls: self._part(run, client, calls))

    def _part(self, run: Run, client: str, calls: list[Call]) -> Part:
        end = run.fault_spans[-1][1]
        seen_ns = run.ends - end
        after = [call for call in calls if call.started >= end]
        recovery = run.recovery(client)
        if recovery.lag_ns is None:
            troubled = [call.evidence[-1] for call in calls if call.result != "ok"][-3:]
            if seen_ns < self.within:
                return Part("unknown", f"{client}: not back when the run ended, {_after(seen_ns)}", tuple(troubled))
            return Part("broken", f"{client}: did not recover in the {_after(seen_ns)} that were seen", tuple(troubled))
        if not recovery.noticed:
            if not after:
                return Part("unknown", f"{client}: no trouble, but no call after the fault to show that it is well")
            return Part("held", f"{client}: never noticed the fault", after[0].evidence)
        return Part(
            "held" if recovery.lag_ns <= self.within else "broken",
            f"{client}: well again {format_duration(recovery.lag_ns)} after the end of the fault",
            recovery.evidence,
        )


def _after(ns: int) -> str:
    return f"{format_duration(max(0, ns))} after the fault"
