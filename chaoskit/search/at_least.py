"""Whether one value holds often enough, asked run by run: it ends as soon as the answer is known. Pure.

Each run holds or fails, independently, with one unknown chance. Two statements may come out: *the chance is at least* ``share``, and *it is
less*. Each is false with probability at most ``1 - confidence``, whatever the chance is, and although it is looked at after every run:
the error that is allowed is spent over the possible ends (an alpha-spending plan as in Lan and DeMets, "Discrete sequential
boundaries for clinical trials", Biometrika 70(3), 1983, here with the exact binomial walk).

For *at least*: with no failure so many passes in a row are needed that a chance of just ``share`` would give them no oftener than the error
allows: 11 for 0.8 with 90 % confidence, as 0.8¹¹ = 0.086. For each further failure half of the error that is left may be spent, which
gives the number of runs at which it suffices. *Less* is the same with passes and failures exchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from chaoskit.errors import InputError

Answer: TypeAlias = Literal["at least", "less", "not shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked: whether at least ``share`` of the runs hold, at ``confidence``, in ``runs_max`` runs at most."""

    share: float = 0.8
    confidence: float = 0.9
    runs_max: int = 40


def read_plan(share: float, confidence: float, runs_max: int) -> Plan:
    """The plan of what the user wrote. Raises ``InputError``."""
    if not 0.5 <= confidence < 1:
        raise InputError(f"--confidence {confidence:g}: write a share from 0.5, below 1, for example 0.9")
    if not 0.5 <= share <= 0.95:
        raise InputError(f"--share {share:g}: write a share from 0.5 to 0.95, for example 0.8")
    if runs_max < 1:
        raise InputError("--most-runs must be at least 1")
    return Plan(share=share, confidence=confidence, runs_max=runs_max)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, and the run after which it was known: ``held`` of ``runs``."""

    answer: Answer
    held: int
    runs: int


def decide(plan: Plan, answers: Sequence[bool]) -> Decision | None:
    """What the runs so far say, in the order in which they were begun; None: make another.

    *not shown* comes when ``runs_max`` runs have been made, or when no further ones could give one of the two statements any more.
    """
    enough = _ends(plan.share, 1 - plan.confidence, plan.runs_max)
    too_few = _ends(1 - plan.share, 1 - plan.confidence, plan.runs_max)
    held = 0
    for runs in range(len(answers) + 1):
        failed = runs - held
        if _reached(enough, failed, runs):
            return Decision("at least", held, runs)
        if _reached(too_few, held, runs):
            return Decision("less", held, runs)
        if failed >= len(enough) and held >= len(too_few):
            return Decision("not shown", held, runs)
        if runs == plan.runs_max:
            return Decision("not shown", held, runs)
        if runs < len(answers):
            held += answers[runs]
    return None


def _reached(ends: tuple[int, ...], against: int, runs: int) -> bool:
    return against < len(ends) and runs >= ends[against]


@lru_cache(maxsize=64)
def _ends(chance: float, error: float, most: int) -> tuple[int, ...]:
    """For each count of results against the statement, from 0, the number of runs at which it still stands; as many as ``most`` allows.

    ``chance`` is that of a result for the statement at the border of its truth. ``walk[k]`` is the probability of ``k`` results against
    it so far on a walk that has not ended yet; all walks that end add up to ``error`` at most.
    """
    ends: list[int] = []
    walk = [1.0]
    for runs in range(1, most + 1):
        longer = [0.0] * (runs + 1)
        for against, probability in enumerate(walk):
            longer[against] += probability * chance
            longer[against + 1] += probability * (1 - chance)
        walk = longer
        against = len(ends)
        spendable = error if against == 0 else error / 2
        # Few results against it are evidence for it only below what the border itself would give.
        if against <= runs * (1 - chance) and walk[against] <= spendable:
            error -= walk[against]
            walk[against] = 0.0
            ends.append(runs)
    return tuple(ends)
