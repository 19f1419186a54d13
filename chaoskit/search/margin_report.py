"""What a margin search found: a sentence, the curve, JSON and Markdown. Every figure is counted from the stored runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.printable import printable
from chaoskit.search.bisect import Step, Stopped, Task
from chaoskit.search.margin import Found
from chaoskit.search.points import read_summary
from chaoskit.search.quantity import Kind, Quantity

BAR = 10
"""Characters of the bar that shows all runs of a value held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """A value, and how many of its runs that count held; ``uncounted`` were not exercised or invalid."""

    value: Quantity
    held: int
    total: int
    uncounted: int

    @property
    def bar(self) -> str:
        """The share as a bar; empty when nothing counts."""
        return "█" * round(BAR * self.held / self.total) if self.total else ""


def curve(task: Task, steps: Sequence[Step]) -> list[CurvePoint]:
    """Every value that was run, in its order."""
    points = []
    for point in sorted({step.point for step in steps}):
        here = [step.made for step in steps if step.point == point]
        counted = [run for run in here if run.counts]
        held = sum(run.outcome == "passed" for run in counted)
        points.append(
            CurvePoint(value=task.value(point), held=held, total=len(counted), uncounted=len(here) - len(counted))
        )
    return points


def sentence(task: Task, end: Found | Stopped) -> str:
    """The result in a sentence: ``The expectations hold up to 12.4 s ± 300 ms of timeline.0.when.for``."""
    unit = task.unit
    if isinstance(end, Stopped):
        return (
            f"Stopped: at {task.value(end.point).shown} the runs do not count ({end.made.outcome}): {end.made.because}"
        )
    rests = f"({task.search.confidence:.0%} confidence, at least {task.search.share:.0%} of runs hold; {end.runs} runs)"
    if end.ending == "holds everywhere":
        bound = unit.at(end.margin).shown
        return f"The expectations hold {'already' if end.rising else 'even'} at {task.field} = {bound} {rests}."
    if end.ending == "fails everywhere":
        bound = unit.at(end.margin).shown
        return f"The expectations fail {'even' if end.rising else 'already'} at {task.field} = {bound} {rests}."
    text = _bounded(task, end, rests)
    if end.ending == "out of runs":
        text += f" The runs were used up before it was known to ± {unit.at(task.search.resolution).shown}: allow more with --most-runs."
    return text


def _bounded(task: Task, end: Found, rests: str) -> str:
    """What the interval says; where it is open on a side, or on both, no more than that."""
    unit, field = task.unit, task.field
    low, high = unit.at(task.search.low).shown, unit.at(task.search.high).shown
    if end.held in (0, end.runs) or (end.may_be_below and end.may_be_above):
        outcomes = {0: "No run held", end.runs: "No failure was seen"}.get(end.held, "Some runs held and some failed")
        return f"{outcomes} from {field} = {low} to {high}; where the margin lies is not yet shown {rests}."
    holds = f"The expectations hold {'from' if end.rising else 'up to'} {field} ="
    if not (end.may_be_below or end.may_be_above):
        spread = unit.at((end.upper - end.lower) / 2).shown
        if unit.kind is Kind.WHOLE:  # halves would be no values of the field
            return f"{holds} {_margin(task, end):g} ({unit.at(end.lower).shown} to {unit.at(end.upper).shown}) {rests}."
        return f"{holds} {unit.at(end.margin).shown} ± {spread} {rests}."
    bound, place = (
        (f"{unit.at(end.upper).shown} at most", low)
        if end.may_be_below
        else (f"{unit.at(end.lower).shown} at least", high)
    )
    verb = "hold" if end.may_be_below != end.rising else "fail"
    return f"{holds} {bound}; whether they {verb} at {place} is not shown {rests}."


def _margin(task: Task, end: Found) -> float:
    """The middle of the interval; of whole numbers the one on the side that holds."""
    if task.unit.kind is not Kind.WHOLE:
        return end.margin
    return math.ceil(end.margin) if end.rising else math.floor(end.margin)


def as_json(task: Task, end: Found | Stopped, steps: Sequence[Step]) -> dict[str, Any]:
    """``margin.json``: figures in the field's unit (nanoseconds for durations), versions, and every run with its folder."""
    return {
        "margin_version": 1,
        "title": task.document.data.get("title", ""),
        "experiment": task.document.path,
        "field": task.field,
        "unit": "ns" if task.unit.kind.value == "duration" else "1",
        "result": sentence(task, end),
        "ending": "stopped" if isinstance(end, Stopped) else end.ending,
        "margin": None if isinstance(end, Stopped) else _margin(task, end),
        "lower": None if isinstance(end, Stopped) else end.lower,
        "upper": None if isinstance(end, Stopped) else end.upper,
        "may_be_below": None if isinstance(end, Stopped) else end.may_be_below,
        "may_be_above": None if isinstance(end, Stopped) else end.may_be_above,
        "rising": None if isinstance(end, Stopped) else end.rising,
        "confidence": task.search.confidence,
        "share": task.search.share,
        "resolution": task.search.resolution,
        "runs": sum(step.made.counts for step in steps),
        "uncounted_runs": sum(not step.made.counts for step in steps),
        "curve": [
            {"value": point.value.written, "held": point.held, "total": point.total, "uncounted": point.uncounted}
            for point in curve(task, steps)
        ],
        "made": [
            {
                "run": step.name,
                "value": task.value(step.point).written,
                "outcome": step.made.outcome,
                "because": step.made.because,
            }
            for step in steps
        ],
        "versions": versions(steps),
    }


def as_markdown(task: Task, end: Found | Stopped, steps: Sequence[Step], replay: str) -> str:
    """``margin.md``."""
    lines = [f"# {task.document.data.get('title', task.document.path)}", "", f"**{sentence(task, end)}**", ""]
    lines += [f"| {task.field} | held | of | |", "|---|---|---|---|"]
    for point in curve(task, steps):
        beside = f" {point.uncounted} not counted" if point.uncounted else ""
        lines.append(f"| {point.value.shown} | {point.held} | {point.total} | {point.bar}{beside} |")
    lines += ["", "Made with " + "; ".join(f"{name} {version}" for name, version in versions(steps).items()) + "."]
    lines += ["", f"Again: `{replay}`. The journal of every run is under `runs/`.", ""]
    return printable("\n".join(lines))


def versions(steps: Sequence[Step]) -> dict[str, str]:
    """Of chaoskit and of what the clients were, as the journals tell; several where runs differ."""
    versions_by_name: dict[str, set[str]] = {}
    for step in steps:
        if step.made.folder is None:
            continue
        summary = read_summary(step.made.folder)
        for reported in (summary["run"]["versions"], *(client["versions"] for client in summary["clients"].values())):
            for name, version in reported.items():
                versions_by_name.setdefault(name, set()).add(version)
    return {
        name: ", ".join(sorted(each)) for name, each in sorted(versions_by_name.items()) if each != {"not installed"}
    }
