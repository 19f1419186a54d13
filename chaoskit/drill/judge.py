"""The score of a drill: a pure function of its journal, so that judging it again gives the same marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chaoskit.clock import Instant
from chaoskit.drill.communication import communication
from chaoskit.drill.diagnosis import diagnosis
from chaoskit.drill.marks import DrillView, Mark
from chaoskit.drill.oracle import State, mitigation
from chaoskit.errors import InputError
from chaoskit.journal.events import DrillBegan, Entry, HintTaken, OperatorActed
from chaoskit.journal.run import Run
from chaoskit.race.live.evidence import empty_spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Lengths from the incident's begin in nanoseconds; None where it did not happen. ``mitigated`` counts only if it lasted."""

    first_word: int | None
    right_name: int | None
    mitigated: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillScore:
    """``points`` of 100, 0 at the least, after the cost of hints."""

    scenario: str
    responder: str
    state: State
    points: float
    marks: tuple[Mark, ...]
    times: Times

    def plain(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)

    @property
    def exit_code(self) -> int:
        """0 recovered and safe, 1 not, 3 unknown."""
        return {"recovered and safe": 0, "unknown": 3}.get(self.state, 1)


def view_of(entries: Sequence[Entry]) -> DrillView:
    """A drill's journal as its judges read it. Raises ``InputError`` for the journal of another run."""
    run = Run(entries)
    if not run.of(DrillBegan):
        raise InputError("this is not the journal of a drill; judge it with `chaoskit check`")
    return DrillView(run)


def score_of(view: DrillView) -> DrillScore:
    """All marks of a drill."""
    state, marks = mitigation(view)
    marks += [*diagnosis(view), *communication(view), *_hints(view)]
    points = max(0.0, sum(entry.points for entry in marks))
    return DrillScore(
        scenario=view.began.scenario,
        responder=view.began.responder,
        state=state,
        points=points,
        marks=tuple(marks),
        times=_times(view, back=state.startswith("recovered")),
    )


def _hints(view: DrillView) -> list[Mark]:
    hints = [event for _, event in view.run.of(HintTaken)]
    cost = sum(hint.cost for hint in hints)
    words = f"{len(hints)} taken" if hints else "none taken"
    return [Mark(part="hints", clause="hints", finding="held", points=-cost, out_of=0, because=words)]


def _times(view: DrillView, *, back: bool) -> Times:
    start = view.fault_at
    right = view.plan.diagnosis.truth.name
    words = min((post.at for post in view.posts), default=None)
    named = min((given.at for given in view.diagnoses if given.name == right), default=None)
    mitigated = _mitigated_at(view) if back else None
    return Times(first_word=_since(start, words), right_name=_since(start, named), mitigated=_since(start, mitigated))


def _mitigated_at(view: DrillView) -> Instant | None:
    """When what had begun the incident was mended: the last action that ended its fault, or the end of the empty record.

    Where neither is, as after a fault that ended by itself, it is the end of the customers' last failed call before the watch; None
    where none failed.
    """
    truth = view.plan.diagnosis.truth
    acts = [event.at for _, event in view.run.of(OperatorActed) if truth.since in event.lifted]
    ends = [end for _, end in empty_spans(view.run, truth.emptied)] if truth.emptied else []
    until = view.watch.at if view.watch else view.run.last_instant
    failures = [call.finished or call.started for call in view.failures if call.started < until]
    return next(reversed(acts or ends or sorted(failures)), None)


def _since(start: Instant | None, at: Instant | None) -> int | None:
    return None if start is None or at is None else at - start
