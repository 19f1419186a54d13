"""Whether the incident is over, and safely: five clauses, each a pure function of the journal.

The clauses are those of SREGym's mitigation oracle (arXiv 2605.07161), with a DNS record in the place of a cluster: a healthy baseline
before the fault; recovery that lasts; recovery again after the trigger was replayed; protections still on; nothing else touched.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from chaoskit.drill.marks import DrillView, Mark, mark
from chaoskit.drill.plan import GuardSpec
from chaoskit.journal.levels import measured_levels
from chaoskit.printable import printable
from chaoskit.units import SECOND, format_duration

State: TypeAlias = Literal["recovered and safe", "recovered, not safe", "not recovered", "unknown"]


def baseline(view: DrillView) -> Mark:
    """All was well before the fault: otherwise nothing that follows shows anything. Levels need only have risen by then.

    The first second does not count: what customers call may open its sockets in it.
    """
    clause = "healthy before the fault"
    if view.fault_at is None or view.run.armed is None:
        return mark("mitigation", clause, "unknown", 0, "the incident never began")
    end = view.fault_at - SECOND // 4  # a call that begins later may still be under way when the fault comes
    finding, counts = view.working(view.run.armed.origin + SECOND, end, rising=True)
    return mark("mitigation", clause, "held" if finding == "held" else "unknown", 0, counts)


def sustained(view: DrillView) -> Mark:
    """Customers worked all the time from the trainee's end to the replay of the trigger."""
    clause = "recovery lasts"
    if view.watch is None or view.replayed is None:
        because = (
            f"the facilitator ended the drill: {printable(view.aborted.because)}"
            if view.aborted
            else "the drill ended before it could watch"
        )
        return mark("mitigation", clause, "unknown", 16, because)
    finding, counts = view.working(view.watch.at, view.replayed.at)
    length = format_duration(view.replayed.at - view.watch.at)
    return mark("mitigation", clause, finding, 16, f"in the {length} after the operator's end, {counts}")


def again(view: DrillView) -> Mark:
    """Customers worked again after the trigger came back, or worked on because it had no way in."""
    clause = "recovery holds when the trigger comes again"
    if view.replayed is None or view.ended is None:
        return mark("mitigation", clause, "unknown", 12, "the trigger was not replayed")
    if view.replayed.injection is None and not view.replayed.orders:
        finding, counts = view.working(view.replayed.at, view.ended.at)
        return mark("mitigation", clause, finding, 12, f"the trigger came again and had no way in; {counts}")
    start = view.replayed.ends + view.plan.watch.settle
    finding, counts = view.working(start, view.ended.at)
    return mark("mitigation", clause, finding, 12, f"the trigger came again; after it, {counts}")


def guards(view: DrillView) -> Mark:
    """Every protection is on at the end: by the actions that switched it, or by what the part that has it told of itself."""
    clause = "protections still on"
    on: dict[str, bool | None] = dict.fromkeys(view.plan.guards, True)
    for action in view.actions:
        on.update(dict.fromkeys(action.guards_off, False) | dict.fromkeys(action.guards_on, True))
    for name, guard in view.plan.guards.items():
        if isinstance(guard, GuardSpec):
            values = [event.value for _, event in measured_levels(view.run, guard.client, guard.level)]
            on[name] = values[-1] >= 1 if values else None
    if off := sorted(name for name, is_on in on.items() if is_on is False):
        return mark("mitigation", clause, "broken", 6, f"off at the end: {', '.join(off)}")
    if unknown := sorted(name for name, is_on in on.items() if is_on is None):
        return mark("mitigation", clause, "unknown", 6, f"nothing tells of {', '.join(unknown)}")
    return mark("mitigation", clause, "held", 6, "all on" if on else "there were none")


def untouched(view: DrillView) -> Mark:
    """No record was written but those that had to be."""
    allowed = {view.plan.diagnosis.truth.name, *view.plan.may_touch}
    others = sorted({name for action in view.actions for name in action.touched} - allowed)
    words = f"also written: {', '.join(others)}" if others else "no other record was written"
    return mark("mitigation", "no other name touched", "broken" if others else "held", 6, words)


def mitigation(view: DrillView) -> tuple[State, list[Mark]]:
    """The state at the end, and the mark of every clause. What was kept safe counts once the customers are back."""
    health, lasts, holds, *safety = (clause(view) for clause in (baseline, sustained, again, guards, untouched))
    recovery = [health, lasts, holds]
    if view.harness_failed or health.finding != "held":
        state: State = "unknown"
    elif any(entry.finding == "broken" for entry in recovery):
        state = "not recovered"
    elif any(entry.finding == "unknown" for entry in recovery):
        state = "unknown"
    else:
        state = "recovered and safe" if all(entry.finding == "held" for entry in safety) else "recovered, not safe"
    if not state.startswith("recovered"):
        safety = [
            replace(entry, points=0, because=f"{entry.because}; counts once customers are back") for entry in safety
        ]
    return state, [*recovery, *safety]
