"""``attempts_per_call``: how often the SDK tried."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._bounds import check_bounds
from chaoskit.expect._findings import Part, each_client, in_phase, named
from chaoskit.journal.calls import Call
from chaoskit.journal.run import Phase, Run
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class AttemptsPerCall(Expectation):
    """Every finished call that started in ``phase`` took that many attempts, the first one counted.

    Without ``client`` it must hold for every client. ``unaffected``: the
    client is expected to meet no fault.
    """

    client: str | None = None
    phase: Phase | None = None
    at_least: int | None = None
    at_most: int | None = None
    exactly: int | None = None
    unaffected: bool = False

    def __post_init__(self) -> None:
        given = [bound for bound in (self.at_least, self.at_most, self.exactly) if bound is not None]
        if not given:
            raise ValueError("nothing is asked; write at_least, at_most or exactly")
        if min(given) < 1:
            raise ValueError("a call takes at least 1 attempt; write a number from 1")
        if self.exactly is not None and len(given) > 1:
            raise ValueError("exactly stands alone; leave at_least and at_most out")
        if self.exactly is None:
            check_bounds(self.at_least, self.at_most)

    def judge(self, run: Run) -> Verdict:
        bounds = [
            f"{word} {bound}"
            for word, bound in (("at least", self.at_least), ("at most", self.at_most), ("exactly", self.exactly))
            if bound is not None
        ]
        title = f"attempts_per_call {named(self.client)}{in_phase(self.phase)} {', '.join(bounds)}"
        return each_client(title, run, self.client, self.phase, self._part)

    def _part(self, client: str, calls: list[Call]) -> Part:
        finished = [call for call in calls if call.finished is not None]
        if not finished:
            return Part("unknown", f"{client}: no call came to an end{in_phase(self.phase)}")
        counted = [call for call in finished if call.attempts]
        wrong = [call for call in counted if not self._allows(len(call.attempts))]
        if len(counted) < len(finished) and not wrong:
            silent = len(finished) - len(counted)
            return Part("unknown", f"{client}: no attempt was reported for {silent} of {len(finished)} calls")
        fewest, most = min(len(call.attempts) for call in counted), max(len(call.attempts) for call in counted)
        counts = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        because = f"{client}: {counts} attempts a call{in_phase(self.phase)}, over {len(counted)} calls"
        if wrong:
            because += f"; {len(wrong)} of them outside the bounds"
        return Part("broken" if wrong else "held", because, tuple(call.evidence[0] for call in wrong or counted))

    def _allows(self, attempts: int) -> bool:
        return (
            (self.exactly is None or attempts == self.exactly)
            and (self.at_least is None or attempts >= self.at_least)
            and (self.at_most is None or attempts <= self.at_most)
        )
