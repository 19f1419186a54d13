"""What expectations share: a finding for each client, and one verdict made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from chaoskit.journal.calls import Call
from chaoskit.journal.run import Phase, Run
from chaoskit.verdict import Finding, Verdict

EVIDENCE_MAX = 10
"""Events that a verdict points at: the most telling ones, not all."""

_WORST_FIRST: tuple[Finding, ...] = ("broken", "unknown", "held")


@dataclass(frozen=True, slots=True)
class Part:
    """The finding on one client or injection."""

    finding: Finding
    because: str
    evidence: tuple[int, ...] = ()


def combine(expectation: str, parts: Sequence[Part]) -> Verdict:
    """One verdict: broken if any part is, held only if every part is; the parts that decided are told first.

    ``parts`` empty means that there was nothing to judge, so it is unknown.
    """
    if not parts:
        return Verdict(expectation=expectation, finding="unknown", because="there was nothing to judge")
    ordered = sorted(parts, key=lambda part: _WORST_FIRST.index(part.finding))
    worst = ordered[0].finding
    # One event of each deciding part, then a second of each …, so that no client hides another's evidence.
    rounds = zip_longest(*(part.evidence for part in ordered if part.finding == worst))
    evidence = [seq for seq in chain.from_iterable(rounds) if seq is not None]
    return Verdict(
        expectation=expectation,
        finding=worst,
        because="; ".join(part.because for part in ordered),
        evidence=tuple(evidence[:EVIDENCE_MAX]),
    )


def each_client(
    expectation: str, run: Run, client: str | None, phase: Phase | None, judge: Callable[[str, list[Call]], Part]
) -> Verdict:
    """Judge the calls of ``client`` (of every client when None) that started in ``phase`` (in any when None).

    A client that is not in the journal, or made no call in that phase, is unknown.
    """
    if client is not None and client not in run.clients:
        known = ", ".join(run.clients) or "none"
        because = f"no client {client!r} became ready; ready were: {known}"
        return Verdict(expectation=expectation, finding="unknown", because=because)
    parts = []
    for name in [client] if client is not None else run.callers:
        calls = run.calls_in(name, phase)
        if calls:
            parts.append(judge(name, calls))
        else:
            parts.append(Part("unknown", f"{name} made no call{in_phase(phase)}"))
    return combine(expectation, parts)


def in_phase(phase: Phase | None) -> str:
    """`` in the baseline``, or nothing."""
    return {None: "", "baseline": " in the baseline", "fault": " in the fault", "recovery": " in the recovery"}[phase]


def named(client: str | None) -> str:
    """A client's name as a verdict's title gives it."""
    return client or "every client"
