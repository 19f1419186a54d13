"""``answered_with``: the share of calls that were answered with a status."""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, each_client, in_phase, named
from chaoskit.expect._shares import check_shares
from chaoskit.journal.calls import Call
from chaoskit.journal.events import AttemptFinished
from chaoskit.journal.run import Phase, Run
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class AnsweredWith(Expectation):
    """Of the calls that started in ``phase``, the share whose last answer had one of the statuses ``status`` is within bounds.

    A call without an answer had none of them. ``at_least`` and ``at_most`` are shares from 0 to 1. Without ``client`` it must hold for
    every client. ``unaffected``: the client is expected to meet no fault.
    """

    status: int | tuple[int, ...]
    client: str | None = None
    phase: Phase | None = None
    at_least: float | None = None
    at_most: float | None = None
    unaffected: bool = False

    def __post_init__(self) -> None:
        check_shares(self.at_least, self.at_most)
        if not self.statuses:
            raise ValueError("'status' is empty; write one, like 503, or several, like [502, 503]")

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses that count."""
        return (self.status,) if isinstance(self.status, int) else self.status

    def judge(self, run: Run) -> Verdict:
        bounds = [f"at least {self.at_least:.0%}"] if self.at_least is not None else []
        bounds += [f"at most {self.at_most:.0%}"] if self.at_most is not None else []
        words = " or ".join(map(str, self.statuses))
        title = f"answered_with {words} {named(self.client)}{in_phase(self.phase)} {', '.join(bounds)}"
        answers = {(event.client, event.call): event.status for _, event in run.of(AttemptFinished)}
        return each_client(title, run, self.client, self.phase, lambda name, calls: self._part(name, calls, answers))

    def _part(self, client: str, calls: list[Call], answers: dict[tuple[str, int | None], int | None]) -> Part:
        meant = [call for call in calls if answers.get((client, call.number)) in self.statuses]
        share = len(meant) / len(calls)
        too_low = self.at_least is not None and share < self.at_least
        too_high = self.at_most is not None and share > self.at_most
        words = " or ".join(map(str, self.statuses))
        because = f"{client}: {len(meant)} of {len(calls)} calls{in_phase(self.phase)} were answered with {words}"
        others = [call for call in calls if call not in meant]
        telling = others if too_low else meant or others
        return Part("broken" if too_low or too_high else "held", because, tuple(call.evidence[-1] for call in telling))
