"""The last diagnosis against the sealed plan: name, mechanism, scope and since when, each of equal weight."""

from __future__ import annotations

from chaoskit.drill.marks import DrillView, Mark, mark
from chaoskit.units import format_duration

EACH = 7.5


def diagnosis(view: DrillView) -> list[Mark]:
    """A mark for each of the four."""
    if not view.diagnoses:
        clauses = ("name", "mechanism", "scope", "since when")
        return [mark("diagnosis", clause, "broken", EACH, "no diagnosis was given") for clause in clauses]
    given, truth = view.diagnoses[-1], view.plan.diagnosis.truth
    pairs = (
        ("name", given.name, truth.name),
        ("mechanism", given.mechanism, truth.mechanism),
        ("scope", given.scope, truth.scope),
    )
    marks = [
        mark("diagnosis", clause, "held" if picked == right else "broken", EACH, f"picked {picked}; it was {right}")
        for clause, picked, right in pairs
    ]
    if view.fault_at is None:
        return [*marks, mark("diagnosis", "since when", "unknown", EACH, "the incident never began")]
    off = given.since - view.fault_at
    direction = "too late" if off > 0 else "too early"
    held = abs(off) <= view.plan.diagnosis.since_within
    allowed = format_duration(view.plan.diagnosis.since_within)
    words = f"{format_duration(abs(off))} {direction}; {allowed} either way is right"
    return [*marks, mark("diagnosis", "since when", "held" if held else "broken", EACH, words)]
