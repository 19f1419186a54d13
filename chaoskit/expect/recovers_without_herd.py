"""``recovers_without_herd``: after the fault the clients come back, and not all at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, combine, named
from chaoskit.expect.recovers_within import RecoversWithin
from chaoskit.journal.events import ConnectionOpened, DialAnswered
from chaoskit.journal.run import Run
from chaoskit.units import MILLISECOND, SECOND, Duration, format_duration
from chaoskit.verdict import Verdict

BIN_NS = 100 * MILLISECOND


@dataclass(frozen=True, slots=True)
class RecoversWithoutHerd(Expectation):
    """Until ``within`` after the end of the last fault no 100 ms bring more than ``peak_at_most`` new connections, nor more lookups.

    Connections are those that a proxy or a participant's own door saw coming, refused ones included; lookups are those of the clients
    (of ``client`` alone, where it is given: connections do not say whose they are). ``refused_at_most``: a participant's door refuses no
    more than so many of them in that time. Each client is well again within the same time, as ``recovers_within`` has it.
    ``unaffected``: the clients are expected to meet no fault.
    """

    peak_at_most: int
    within: Duration
    client: str | None = None
    refused_at_most: int | None = None
    unaffected: bool = False

    def __post_init__(self) -> None:
        if self.peak_at_most < 1:
            raise ValueError("peak_at_most is below 1; write how many may come in 100 ms")
        if self.within < BIN_NS:
            raise ValueError("within is below 100ms; write a duration, for example 20s")
        if self.refused_at_most is not None and self.refused_at_most < 0:
            raise ValueError("refused_at_most is below 0; write how many connections may be refused")

    def judge(self, run: Run) -> Verdict:
        limits = f"at most {self.peak_at_most} in 100 ms, within {format_duration(self.within)}"
        if self.refused_at_most is not None:
            limits += f", at most {self.refused_at_most} refused"
        title = f"recovers_without_herd {named(self.client)} {limits}"
        if not run.episodes:
            because = "no fault was planned, so there was nothing to come back from"
            return Verdict(expectation=title, finding="unknown", because=because)
        end = run.episodes[-1].end
        back = RecoversWithin(self.within, client=self.client).judge(run)
        clients = set(run.clients) if self.client is None else {self.client}
        dials = [(seq, opened.at) for seq, opened in run.of(ConnectionOpened)]
        dials += [(seq, answered.at) for seq, answered in run.of(DialAnswered)]
        lookups = [(lookup.queries[0], lookup.started) for lookup in run.lookups if lookup.client in clients]
        parts = [
            Part(back.finding, back.because, back.evidence),
            self._part("connections", dials, end, run.last_instant),
            self._part("lookups", lookups, end, run.last_instant),
        ]
        if self.refused_at_most is not None:
            parts.append(self._refused(run, self.refused_at_most, end))
        return combine(title, parts)

    def _part(self, what: str, arrivals: list[tuple[int, int]], end: int, last: int) -> Part:
        """The finding on one kind of arrivals, each its event and its instant."""
        bins: dict[int, list[int]] = {}
        for seq, at in arrivals:
            if end <= at < end + self.within:
                bins.setdefault((at - end) // BIN_NS, []).append(seq)
        if not bins:
            return Part("unknown", f"no {what} were seen after the fault")
        counts = Counter({place: len(seqs) for place, seqs in bins.items()})
        place, peak = max(counts.items(), key=lambda item: (item[1], -item[0]))
        because = f"{what}: at most {peak} in 100 ms, {place * BIN_NS / SECOND:.1f} s after the fault"
        if peak > self.peak_at_most:
            return Part("broken", because, tuple(sorted(bins[place]))[:1])
        if last < end + self.within:
            return Part("unknown", f"{because}, and the run ended before the time was over")
        return Part("held", because, tuple(sorted(bins[place]))[:1])

    def _refused(self, run: Run, at_most: int, end: int) -> Part:
        """The finding on the connections that a door refused."""
        answers = [(seq, dial) for seq, dial in run.of(DialAnswered) if end <= dial.at < end + self.within]
        if not answers:
            return Part(
                "unknown", "no door told of connections after the fault, so nobody saw whether any were refused"
            )
        refused = tuple(seq for seq, dial in answers if dial.outcome == "refused")
        because = f"{len(refused)} of {len(answers)} connections were refused"
        if len(refused) > at_most:
            return Part("broken", because, refused[at_most : at_most + 1])
        if run.last_instant < end + self.within:
            return Part("unknown", f"{because}, and the run ended before the time was over")
        return Part("held", because)
