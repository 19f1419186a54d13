"""``health_flips``: how soon a health endpoint says that something is wrong, and how soon that it is well again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, combine, named
from chaoskit.journal.events import HealthChecked
from chaoskit.journal.run import Run
from chaoskit.units import Duration, format_duration
from chaoskit.verdict import Verdict

HEALTHY = range(200, 400)
"""The statuses that a load balancer takes for well (Elastic Load Balancing, "Health checks": success codes up to 399)."""


@dataclass(frozen=True, slots=True)
class HealthFlips(Expectation):
    """The endpoint was well before the first fault, unwell ``within`` after its start, and well ``back_within`` after the end of the last.

    Unwell is any status outside 200 to 399, and no answer twice in a row: a single silence may be the machine's, and no load
    balancer goes by one (Elastic Load Balancing, "Health checks": an unhealthy threshold of at least 2).

    Without ``back_within`` nothing is asked of the time after the fault.
    Without ``client`` it must hold for every client that has a health endpoint.
    """

    NEEDS_HEALTH: ClassVar[bool] = True
    """It is only for clients that have a health endpoint."""

    within: Duration
    back_within: Duration | None = None
    client: str | None = None

    def __post_init__(self) -> None:
        for name, limit in (("within", self.within), ("back_within", self.back_within)):
            if limit is not None and limit < 0:
                raise ValueError(f"{name} is below 0; write a duration, for example 5s")

    def judge(self, run: Run) -> Verdict:
        back = f", back within {format_duration(self.back_within)}" if self.back_within is not None else ""
        title = f"health_flips {named(self.client)} within {format_duration(self.within)}{back}"
        if not run.fault_spans:
            because = "no fault was planned, so there was nothing to notice"
            return Verdict(expectation=title, finding="unknown", because=because)
        checks: dict[str, list[tuple[int, HealthChecked]]] = {}
        for seq, check in run.of(HealthChecked):
            checks.setdefault(check.client, []).append((seq, check))
        clients = [self.client] if self.client is not None else [name for name in run.clients if name in checks]
        if not clients:
            return Verdict(
                expectation=title, finding="unknown", because="no client has a health endpoint; see use: app"
            )
        return combine(title, [self._part(run, name, checks.get(name, [])) for name in clients])

    def _part(self, run: Run, client: str, checks: list[tuple[int, HealthChecked]]) -> Part:
        checks, silent = _telling(checks), [check for _, check in checks if check.status is None]
        if not checks:
            return Part("unknown", f"{client}: its health endpoint was never asked")
        start, end = run.fault_spans[0][0], run.fault_spans[-1][1]
        before = [check for check in checks if check[1].at < start]
        if not before or not _well(before[-1][1]):
            answer = f"said {_status(before[-1][1])}" if before else "was not asked"
            return Part(
                "unknown", f"{client}: before the fault it {answer}, so no flip can be seen", _seqs(before[-1:])
            )
        unwell = next((check for check in checks if check[1].at >= start and not _well(check[1])), None)
        if unwell is None:
            silences = sum(start <= check.at < end for check in silent)
            return self._never(client, checks, silences, start, end)
        lag = unwell[1].at - start
        because = f"{client}: {_status(unwell[1])} {format_duration(lag)} after the start of the fault"
        evidence = (before[-1][0], unwell[0])
        if lag > self.within:
            return Part("broken", because, evidence)
        if self.back_within is None:
            return Part("held", because, evidence)
        return self._back(because, evidence, [check for check in checks if check[1].at >= end], end)

    def _never(
        self, client: str, checks: list[tuple[int, HealthChecked]], silences: int, start: Instant, end: Instant
    ) -> Part:
        during = [check for check in checks if start <= check[1].at < end]
        last = max((check.at for _, check in checks), default=start)
        if last - start < self.within:
            return Part(
                "unknown",
                f"{client}: well as long as it was asked, {format_duration(max(0, last - start))} into the fault",
            )
        because = f"{client}: said {_status(checks[-1][1])} all through the fault, {len(during) + silences} times asked"
        if silences:
            because += f", of which {silences} alone without an answer"
        return Part("broken", because, (*_seqs(during[:1]), *_seqs(during[-1:])))

    def _back(
        self, because: str, evidence: tuple[int, ...], after: list[tuple[int, HealthChecked]], end: Instant
    ) -> Part:
        """Whether it was well again for good: the first answer after the last that was unwell."""
        assert self.back_within is not None
        last_unwell = max((number for number, (_, check) in enumerate(after) if not _well(check)), default=-1)
        if last_unwell + 1 >= len(after):
            delay = (after[-1][1].at if after else end) - end
            finding: str = "unknown" if delay < self.back_within else "broken"
            text = f"{because}; not well again in the {format_duration(delay)} that were seen after it"
            return Part("broken" if finding == "broken" else "unknown", text, evidence)
        seq, check = after[last_unwell + 1]
        lag = check.at - end
        text = f"{because}, and well again {format_duration(lag)} after its end"
        return Part("held" if lag <= self.back_within else "broken", text, (*evidence, seq))


def _telling(checks: list[tuple[int, HealthChecked]]) -> list[tuple[int, HealthChecked]]:
    """``checks`` without silences that stand alone."""
    silent = [False, *(check.status is None for _, check in checks), False]
    return [
        check for place, check in enumerate(checks, 1) if not silent[place] or silent[place - 1] or silent[place + 1]
    ]


def _well(check: HealthChecked) -> bool:
    return check.status in HEALTHY


def _status(check: HealthChecked) -> str:
    return "no answer" if check.status is None else str(check.status)


def _seqs(checks: list[tuple[int, HealthChecked]]) -> tuple[int, ...]:
    return tuple(seq for seq, _ in checks)
