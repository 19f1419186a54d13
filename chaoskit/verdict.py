"""Verdicts on expectations, and the one outcome of a run that follows from them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Finding: TypeAlias = Literal["held", "broken", "unknown"]

GUARDS = ("harness", "canary_resolves", "not_aborted")
"""The kinds of verdicts that make a run invalid unless they are held."""

EXERCISED = ("fault_exercised", "clients_exercised")
"""The kinds of verdicts that say that something was tested at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one expectation.

    ``kind`` is the expectation's key in YAML (``harness`` for the guard that no file can list); ``expectation`` is its title for people,
    with its limits. ``because`` is a sentence with the measured figures; ``evidence`` are ``seq`` numbers of journal events that show it. A
    checker that crashed, or found nothing to judge, says *unknown*: never *held*.
    """

    expectation: str
    finding: Finding
    because: str
    evidence: tuple[int, ...] = ()
    kind: str = ""


class Outcome(enum.Enum):
    """How a run ended. The value is what reports print."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_EXERCISED = "not exercised"
    INVALID = "invalid"

    @property
    def exit_code(self) -> int:
        """0 passed, 1 failed, 3 not exercised, 4 invalid (2 is bad input)."""
        return {"passed": 0, "failed": 1, "not exercised": 3, "invalid": 4}[self.value]


def outcome_of(verdicts: Sequence[Verdict]) -> Outcome:
    """The run's outcome.

    A broken harness or canary, or an abort, makes every other finding worthless, so *invalid* comes first; a fault that met nothing makes
    the rest worthless too. After these a broken expectation is a failure, and what could not be judged is never a pass.
    """
    by_kind: dict[str, list[Finding]] = {}
    for verdict in verdicts:  # a kind may be listed more than once, with other parameters
        by_kind.setdefault(verdict.kind, []).append(verdict.finding)
    for guard in GUARDS:
        if any(finding != "held" for finding in by_kind.get(guard, ())):
            return Outcome.INVALID
    if any(finding != "held" for finding in by_kind.get("fault_exercised", ("unknown",))):
        return Outcome.NOT_EXERCISED
    if any(finding != "held" for finding in by_kind.get("clients_exercised", ())):
        return Outcome.NOT_EXERCISED
    if any(verdict.finding == "broken" for verdict in verdicts):
        return Outcome.FAILED
    if any(verdict.finding == "unknown" for verdict in verdicts):
        return Outcome.INVALID
    return Outcome.PASSED
