"""What a hunt found, in words for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from chaoskit.hunt.schedule import Schedule
from chaoskit.hunt.search import Break, Hunt, PctBound, Tally
from chaoskit.hunt.trace import Trace, TracedCall

LONGEST = 96


def hunt_text(hunt: Hunt, invariants: Sequence[str]) -> str:
    """The whole account."""
    lines = [_tally(tally, hunt.broken is not None and tally is hunt.tallies[-1]) for tally in hunt.tallies]
    lines += [f"  {'stopped early':<22}{reason}" for reason in hunt.cut]
    if hunt.strangers:
        lines.append(f"  {'let through':<22}{hunt.strangers} calls of processes that belong to none of the programs")
    if hunt.lost:
        lines.append(f"  {'lost':<22}{hunt.lost} calls whose sender waited for no answer any more; they took no effect")
    if hunt.broken is not None:
        return "\n".join([*lines, "", break_text(hunt.broken)])
    if not hunt.observed:
        reason = f"Not exercised: no run gave {', '.join(invariants)} anything to judge."
        return "\n".join([*lines, "", reason, *(_account(hunt.base) if hunt.base else [])])
    return "\n".join([*lines, "", f"Not broken in {hunt.runs} runs: {', '.join(invariants)}", *_failures(hunt.base)])


def _failures(base: Trace | None) -> list[str]:
    """That programs failed, one after the other and undisturbed: then little of them may have been tried."""
    if base is None or not (base.unfinished or any(code for _, code in base.codes)):
        return []
    return ["", "But in the first run in order, which nothing disturbed:", *_ends(base)]


def _account(trace: Trace) -> list[str]:
    """How the programs ended, and every call: what there is to say of a run in which nothing was judged."""
    return [*_ends(trace), "", *call_lines(trace)]


def _ends(trace: Trace) -> list[str]:
    codes, outputs = dict(trace.codes), dict(trace.outputs)
    labels = sorted({*codes, *outputs, *trace.unfinished})
    ends = {label: f"ended with code {codes[label]}" if label in codes else "had not ended" for label in labels}
    return [f"  {label} {ends[label]}" + (f": {_cut(outputs[label])}" if label in outputs else "") for label in labels]


def _tally(tally: Tally, broke: bool) -> str:
    runs = f"{tally.runs} run{'' if tally.runs == 1 else 's'}"
    count = (
        f"{runs} for {tally.possible} seed{'' if tally.possible == 1 else 's'}"
        if tally.bound
        else f"{runs} of {tally.possible}"
    )
    outcome = "broken" if broke else "not broken" if tally.runs else "nothing to try"
    line = f"  {tally.name:<22}{count:<22}{outcome}"
    return f"{line}\n{'':24}{bound_text(tally.bound, broke)}" if tally.bound else line


def bound_text(bound: PctBound, broke: bool) -> str:
    """PCT's bound in words, or that it is vacuous; for all seeds where none of them broke anything."""
    power = f"·{bound.calls}^{bound.depth - 1}" if bound.depth > 1 else ""
    each = (
        f"a seed meets a bug of depth {bound.depth} with probability ≥ 1/({bound.programs}{power}) = {bound.each:.3g}"
    )
    if broke:
        return each
    if bound.is_vacuous:
        return f"{each}, {bound.seeds} with ≥ {bound.all_seeds:.2g}: vacuous"
    return f"{each}, {bound.seeds} with ≥ {_below_one(bound.all_seeds)}"


def _below_one(probability: float) -> str:
    return next(
        (f"{probability:.{digits}f}" for digits in (2, 3, 4, 6) if f"{probability:.{digits}f}" < "1"), "0.999999"
    )


def break_text(broken: Break) -> str:
    """How an invariant was broken: the write, what its author had read, the schedule, and the calls of its run."""
    trace = broken.trace
    assert trace.trip is not None
    lines = [f"Broken: {trace.trip.invariant} ({broken.how})", f"  {trace.trip.because}", "", *trip_lines(trace), ""]
    if not broken.reproduced:
        lines.append(
            "The schedule of that run did not break it again, so nothing was shrunk; this is its whole schedule."
        )
    else:
        runs = f"{broken.shrinking_runs} run{'' if broken.shrinking_runs == 1 else 's'}"
        steps = f"{broken.steps_before} step{'' if broken.steps_before == 1 else 's'}"
        lines.append(f"Shrunk from {steps} to {len(broken.schedule.steps)} in {runs}:")
    lines += schedule_lines(broken.schedule)
    if broken.replays:
        lines.append(f"Replayed {broken.replayed} of {broken.replays} times.")
    return "\n".join([*lines, "", *call_lines(trace)])


def schedule_lines(schedule: Schedule) -> list[str]:
    """A schedule in words."""
    order = ", then ".join(schedule.order)
    steps = [f"  {step}" for step in schedule.steps]
    return [
        *steps,
        f"  {'otherwise' if steps else 'no call is held:'} {order}{', each' if len(schedule.order) > 1 else ''} to its end",
    ]


def trip_lines(trace: Trace) -> list[str]:
    """The write that broke the invariant, what its author had read before, and what had become of that."""
    assert trace.trip is not None
    write = trace.calls[-1]
    own = [call for call in trace.calls[:-1] if call.call.program == write.call.program]
    read = next((call for call in reversed(own) if call.kind == "read"), None)
    before = len(trace.states) - 2 if write.wrote else len(trace.states) - 1
    lines = [f"  the write     {_call(write)}"]
    if read is None:
        return [*lines, "  it had read   nothing"]
    lines.append(f"  it had read   {_call(read)}")
    lines.append(f"                version {read.version}: {_state(trace, read.version)}")
    lines.append(f"  it met        version {before}: {_state(trace, before)}")
    others = [
        call
        for call in trace.calls[trace.calls.index(read) + 1 : -1]
        if call.wrote and call.call.program != write.call.program
    ]
    return [*lines, *(f"  in between    {_call(call)}" for call in others)]


def _state(trace: Trace, version: int) -> str:
    if not 0 <= version < len(trace.states):
        return "unknown"
    return "; ".join(f"{name}: {', '.join(records) or 'nothing'}" for name, records in trace.states[version].items())


def _call(call: TracedCall) -> str:
    return f"{call.call}: {_cut(call.what)} → {call.result}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def call_lines(trace: Trace) -> list[str]:
    """Every call in the order in which they took effect; ``*`` marks those that changed the zone."""
    lines = [
        f"  {call.call.program} {call.call.number:<3} {'*' if call.wrote else ' '} {call.kind:<6}{_cut(call.what)} → {call.result}"
        for call in trace.calls
    ]
    if not lines:
        return ["No program made a call."]
    return ["The calls, in the order in which they took effect (* changed the zone):", *lines]
