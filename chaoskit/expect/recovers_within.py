"""``recovers_within``: how soon after the end of a fault a client is well again."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, combine, each_client, named
from chaoskit.journal.calls import Call
from chaoskit.journal.recovery import Recovery
from chaoskit.journal.run import Run
from chaoskit.units import Duration, format_duration
from chaoskit.verdict import Finding, Verdict


@dataclass(frozen=True, slots=True)
class RecoversWithin(Expectation):
    """The client's last trouble is over ``within`` after the end of a fault (``chaoskit.journal.recovery``).

    ``after`` names the injection from whose end it counts; without it, every fault is judged by itself. A client that was well again
    before a fault's end, or never noticed it, has recovered at once. Without ``client`` it must hold for every client. ``unaffected``:
    the client is expected to meet no fault, so that it met none does not spoil the run.
    """

    within: Duration
    client: str | None = None
    after: str | None = None
    unaffected: bool = False

    def __post_init__(self) -> None:
        if self.within < 0:
            raise ValueError("within is below 0; write a duration, for example 2s")

    @property
    def injection(self) -> str | None:
        """The injection that it speaks of, for whoever checks that there is one."""
        return self.after

    def judge(self, run: Run) -> Verdict:
        after = f" after {self.after}" if self.after else ""
        title = f"recovers_within {named(self.client)} within {format_duration(self.within)}{after}"
        if not run.episodes:
            planned = "was due before the run ended" if run.header.experiment.get("timeline") else "was planned"
            because = f"no fault {planned}, so there was nothing to recover from"
            return Verdict(expectation=title, finding="unknown", because=because)
        if self.after and not any(self.after in episode.injections for episode in run.episodes):
            because = f"no injection {self.after!r} was planned"
            return Verdict(expectation=title, finding="unknown", because=because)
        clients = [self.client] if self.client in run.clients else list(run.callers) if self.client is None else []
        parts = [part for client in clients for part in self._parts(run, client)]
        return combine(title, parts) if parts else each_client(title, run, self.client, None, _no_calls)

    def _parts(self, run: Run, client: str) -> list[Part]:
        if not run.calls[client]:
            return [Part("unknown", f"{client} made no call")]
        if self.after:
            recovery = run.recovery_after(client, self.after)
            recoveries: tuple[Recovery, ...] = (recovery,) if recovery else ()
        else:
            recoveries = run.recoveries(client)
        several = len(run.episodes) > 1
        return [self._part(run, client, recovery, several=several) for recovery in recoveries]

    def _part(self, run: Run, client: str, recovery: Recovery, *, several: bool) -> Part:
        episode = recovery.episode
        assert episode is not None
        fault = " and ".join(episode.injections) if several or self.after else "the fault"
        calls = run.calls[client]
        after = [call for call in calls if episode.end <= call.started < episode.until]
        if recovery.status == "not back":
            troubled = [call.evidence[-1] for call in calls if call.number in run.troubled[client]][-3:]
            if episode.seen_ns < self.within:
                because = f"{client}: not back when the run ended, {_after(episode.seen_ns, fault)}"
                return Part("unknown", because, tuple(troubled))
            because = f"{client}: did not recover in the {_after(episode.seen_ns, fault)} that were seen"
            return Part("broken", because, tuple(troubled))
        if recovery.status == "unknown":
            return Part("unknown", f"{client}: nothing shows whether {fault} troubled it")
        if recovery.status in ("unnoticed", "unharmed"):
            if not after:
                return Part("unknown", f"{client}: no trouble, but no call after {fault} to show that it is well")
            words = f"never noticed {fault}" if recovery.status == "unnoticed" else _unharmed(recovery, fault)
            return Part("held", f"{client}: {words}", after[0].evidence)
        assert recovery.lag_ns is not None
        finding: Finding = "held" if recovery.lag_ns <= self.within else "broken"
        return Part(finding, f"{client}: {_lag(recovery, fault)}{_slowed(run, client, recovery)}", recovery.evidence)


def _no_calls(client: str, calls: list[Call]) -> Part:
    return Part("unknown", f"{client}: nothing to judge")


def _unharmed(recovery: Recovery, fault: str) -> str:
    return f"{recovery.met} call{'s' if recovery.met > 1 else ''} of it met {fault}, and none was troubled"


def _lag(recovery: Recovery, fault: str) -> str:
    lag = recovery.lag_ns or 0
    if lag < 0:
        return f"well since {format_duration(-lag)} before the end of {fault}"
    return f"well again {format_duration(lag)} after the end of {fault}"


def _slowed(run: Run, client: str, recovery: Recovery) -> str:
    pace = run.paces[client]
    if recovery.longest_ns is None or pace is None:
        return ""
    return f" (slowed: longest {format_duration(recovery.longest_ns)}, baseline {format_duration(pace.median_ns)})"


def _after(ns: int, fault: str) -> str:
    return f"{format_duration(max(0, ns))} after {fault}"
