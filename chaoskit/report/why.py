"""Why a client fared as it did: sentences made by rules, each from events that the journal holds.

A rule that finds nothing says nothing. What is inferred, not seen, is worded "consistent with".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaoskit.journal.calls import Attempt, Call
from chaoskit.journal.connections import Connections
from chaoskit.journal.run import Run
from chaoskit.report.figures import ClientFigures, calls_under_fault, carriage
from chaoskit.report.words import duration, plural, seconds
from chaoskit.spread import spread
from chaoskit.units import MILLISECOND, format_duration


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence, and the ``seq`` of the events that bear it out."""

    text: str
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a rule may look at: one client's calls in the fault, in order of start."""

    run: Run
    figures: ClientFigures
    calls: Sequence[Call]
    connections: Connections

    @property
    def failed(self) -> list[Call]:
        """Those that failed."""
        return [call for call in self.calls if call.result == "failed"]

    def at(self, instant: int) -> str:
        """An instant on the experiment's axis."""
        return seconds(instant, self.run.origin)


def explain(run: Run, figures: ClientFigures, connections: Connections) -> tuple[Reason, ...]:
    """Why ``figures.name`` fared as it did, the strongest reason first."""
    if not run.fault_spans:
        return (Reason("No fault was planned, so there was nothing to survive."),)
    if figures.fate == "unreported":
        return (
            Reason(f"It made {plural(figures.lookups_in_fault, 'lookup')} in the fault; its calls are its own affair."),
        )
    calls = calls_under_fault(run, figures.name)
    if not calls:
        return (Reason("It made no call during the fault, so nothing can be said of it."),)
    scene = Scene(run, figures, calls, connections)
    return tuple(reason for rule in _RULES if (reason := rule(scene)) is not None)


def _pooled_through(scene: Scene) -> Reason | None:
    """All calls in the fault over connections opened earlier."""
    if scene.figures.lookups_in_fault:
        return None
    start = scene.run.fault_spans[0][0]
    before = [call for call in scene.calls if call.pooled and scene.connections.opened_before(call, start)]
    pooled = [call for call in scene.calls if call.pooled]
    if before:
        return Reason(
            f"It made no DNS lookup during the fault: {len(before)} of {plural(len(scene.calls), 'call')} went over a "
            "connection opened before it, so the missing record was never asked for.",
            before[0].evidence + before[-1].evidence,
        )
    if pooled:
        return Reason(
            f"It made no DNS lookup during the fault: {len(pooled)} of {plural(len(scene.calls), 'call')} went over a "
            "connection opened earlier.",
            pooled[0].evidence + pooled[-1].evidence,
        )
    if scene.figures.fate not in ("unaffected", "unharmed"):
        return None
    return Reason("It made no DNS lookup during the fault, so the fault had nothing to meet.")


def _gave_up(scene: Scene) -> Reason | None:
    """How failing calls ended: what they asked, after how many attempts, and how soon."""
    failed = scene.failed
    tried = spread(len(call.attempts) for call in failed if call.attempts)
    took = spread(call.elapsed_ns for call in failed if call.elapsed_ns is not None)
    if not failed or took is None:
        return None
    attempts = ""
    if tried and tried.least == tried.most:
        attempts = f" after {plural(tried.most, 'attempt')}"
    elif tried:
        attempts = f" after {tried.least} to {tried.most} attempts"
    subject = f"{len(failed)} of {plural(len(scene.calls), 'call')}" if len(failed) < len(scene.calls) else "Each call"
    text = f"{_lookups_in_vain(scene)}{subject} gave up{attempts}, within {format_duration(took.most)}."
    return Reason(text, failed[0].evidence + failed[-1].evidence)


def _lookups_in_vain(scene: Scene) -> str:
    figures = scene.figures
    if not figures.lookups_empty_in_fault:
        return ""
    vain = f"{figures.lookups_empty_in_fault} of {plural(figures.lookups_in_fault, 'lookup')} in the fault got no address. "
    if all(carriage(call) == "dialed" for call in scene.calls):
        return f"Every call needed a new connection, so a lookup, and {vain}"
    return vain


def _quota(scene: Scene) -> Reason | None:
    """Failing calls that retried at first and then never again."""
    failed = [call for call in scene.failed if call.attempts]
    retried = [place for place, call in enumerate(failed) if len(call.attempts) > 1]
    if not retried:
        return None
    after = failed[retried[-1] + 1 :]
    if len(after) < 3:
        return None
    retries = sum(max(0, len(call.attempts) - 1) for call in scene.calls)
    return Reason(
        f"After {retries} retries it stopped retrying: from call {after[0].number} on, each of the {len(after)} failing calls made "
        "one attempt only. That is consistent with a drained retry quota.",
        failed[retried[-1]].evidence + after[0].evidence,
    )


def _buried(scene: Scene) -> Reason | None:
    """Sequential calls that dialed, and failed, although connections used before were still open."""
    start = scene.run.fault_spans[0][0]
    used, earlier = scene.connections.used(), deque(scene.run.calls[scene.figures.name])
    rode = False
    for place, call in enumerate(scene.calls):
        rode = rode or any(c.pooled for c in scene.calls[max(0, place - 1) : place])
        if not rode or call.concurrent or call.result != "failed" or not call.lookups:
            continue
        while earlier and earlier[0].started < call.started:
            if (before := earlier.popleft()).result == "ok":
                used.add(before)
        alive = used.open_at(call.started)
        if not alive:
            continue
        pooled = [c for c in scene.calls[:place] if c.pooled]
        burst = [c for c in scene.calls[:place] if c.concurrent]
        rest = [c for c in scene.calls[place:] if not c.concurrent and c.started >= call.started]
        failed = sum(c.result == "failed" for c in rest)
        when = (
            f"After {len(_together(burst))} calls at once at {scene.at(_together(burst)[0].started)}"
            if burst
            else f"From {scene.at(call.started)} on"
        )
        earlier_than = sum(scene.connections.opened_before(c, start) for c in pooled)
        kind = "from before the fault" if earlier_than == len(pooled) else "already open"
        return Reason(
            f"{plural(len(pooled), 'call')} rode on connections {kind}. {when}, {failed} of {plural(len(rest), 'sequential call')} "
            f"failed: call {call.number} looked the name up although {plural(alive, 'connection')} the client had used "
            f"{'was' if alive == 1 else 'were'} still open, which is consistent with a pool that hides live connections under "
            "empty slots.",
            call.evidence,
        )
    return None


def _together(burst: Sequence[Call]) -> list[Call]:
    """The calls of the last burst: those due at one instant."""
    return [call for call in burst if call.due == burst[-1].due]


def _outlasted(scene: Scene) -> Reason | None:
    """A call that retried until the fault was over."""
    end = scene.run.fault_spans[-1][1]
    outlasting = [
        c for c in scene.calls if c.result == "ok" and c.finished is not None and c.finished > end and c.troubled
    ]
    if not outlasting:
        return None
    call = max(outlasting, key=lambda c: c.elapsed_ns or 0)
    longest = max((a.slept_ns for a in call.attempts if a.slept_ns is not None), default=None)
    assert call.finished is not None
    text = (
        f"Call {call.number} did not give up: it made {len(call.attempts)} attempts in {duration(call.elapsed_ns)}, with pauses of up "
        f"to {duration(longest)}, and succeeded {format_duration(call.finished - end)} after the fault was over."
    )
    overslept = _overslept(call, end)
    if overslept is not None:
        text += (
            f" When the fault ended, it was in a back-off of {duration(overslept.slept_ns)}, and slept on for another "
            f"{format_duration(overslept.started - end)}."
        )
    if len(scene.calls) == 1:
        text += " It made no other call in the fault."
    return Reason(text, call.evidence + (overslept.evidence if overslept else ()))


def _overslept(call: Call, end: int) -> Attempt | None:
    """The attempt of ``call`` whose back-off was under way when the fault ended."""
    for attempt in call.attempts:
        slept = attempt.slept_ns
        if slept is not None and slept > 100 * MILLISECOND and attempt.started - slept < end < attempt.started:
            return attempt
    return None


def _retried(scene: Scene) -> Reason | None:
    """Calls that retried and succeeded within the fault."""
    end = scene.run.fault_spans[-1][1]
    saved = [c for c in scene.calls if c.result == "ok" and c.troubled and c.finished is not None and c.finished <= end]
    if not saved:
        return None
    return Reason(f"Retries saved {plural(len(saved), 'call')} while the fault was still on.", saved[0].evidence)


def _hung(scene: Scene) -> Reason | None:
    """Calls that never ended."""
    hung = [call for call in scene.calls if call.finished is None]
    if not hung:
        return None
    return Reason(f"{plural(len(hung), 'call')} had not ended when the run did.", hung[0].evidence)


def _found(scene: Scene) -> Reason | None:
    """Lookups in the fault that did get an address, where nothing failed."""
    figures = scene.figures
    got = figures.lookups_in_fault - figures.lookups_empty_in_fault
    if scene.figures.fate not in ("unaffected", "unharmed") or not got:
        return None
    return Reason(f"{got} of its {plural(figures.lookups_in_fault, 'lookup')} in the fault did get an address.")


def _slowed(scene: Scene) -> Reason | None:
    """Calls that succeeded far slower than the client's own pace."""
    slow = [call for call in scene.calls if call.number in scene.run.slow[scene.figures.name] and call.result == "ok"]
    pace = scene.figures.pace
    if not slow or pace is None:
        return None
    call = max(slow, key=lambda call: call.elapsed_ns or 0)
    return Reason(
        f"{plural(len(slow), 'call')} succeeded far slower than usual: the longest took {duration(call.elapsed_ns)}, "
        f"against {format_duration(pace.median_ns)} in the median of {plural(pace.calls, 'undisturbed call')}.",
        call.evidence,
    )


_RULES: tuple[Callable[[Scene], Reason | None], ...] = (
    _pooled_through,
    _buried,
    _outlasted,
    _gave_up,
    _quota,
    _retried,
    _slowed,
    _found,
    _hung,
)
