"""Whether a margin is worse than that of an earlier search: its ``margin.json`` is the baseline."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from chaoskit.errors import InputError
from chaoskit.input_file import refuse_pipe
from chaoskit.search.bisect import Task
from chaoskit.search.margin import Found
from chaoskit.search.quantity import of_one_kind, quantity


@dataclass(frozen=True, slots=True)
class MarginBaseline:
    """An earlier margin in the field's unit, which way the field is, and how far behind it is no failure."""

    margin: float
    rising: bool
    slack: float

    def worse(self, task: Task, end: Found) -> list[str]:
        """A line if the margin found now is behind by more than the slack, or is of a field that now goes the other way."""
        behind = (end.margin - self.margin) if self.rising else (self.margin - end.margin)
        now, before = task.unit.at(end.margin).shown, task.unit.at(self.margin).shown
        if end.rising != self.rising:
            return [
                f"--baseline: there the expectations hold {'above' if self.rising else 'below'} the margin, here not."
            ]
        if end.ending == "out of runs":
            return ["--baseline: the margin of this search is not known well enough to compare."]
        return [f"--baseline: the margin is {now}; it was {before}."] if behind > self.slack else []


def read_margin(path: Path, worse_by: str, task: Task) -> MarginBaseline:
    """Read an earlier search of the same field. Raises ``InputError``."""
    refuse_pipe(path, "a margin.json")
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        field, margin, rising, ending = stored["field"], stored["margin"], stored["rising"], stored["ending"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"--baseline {path}: is no margin.json of a search with this chaoskit") from error
    if field != task.field:
        raise InputError(f"--baseline {path}: is of {field}, and this search of {task.field}")
    if ending in ("stopped", "out of runs"):
        raise InputError(f"--baseline {path}: that search came to no margin ({ending}); name one that did")
    return MarginBaseline(float(margin), bool(rising), _slack(worse_by, float(margin), task))


def _slack(text: str, margin: float, task: Task) -> float:
    if text.endswith("%"):
        try:
            share = float(text[:-1]) / 100
        except ValueError:
            share = -1
        if not 0 <= share < float("inf"):
            raise InputError(f"--worse-by {text}: write a percentage from 0, for example 20%")
        return abs(margin) * share
    given = quantity(text, "--worse-by")
    alike = of_one_kind(given, task.unit)
    if alike is None or alike[1] != task.unit or given.value < 0:
        raise InputError(f"--worse-by {text}: write a {task.unit.kind.value} from 0, as for --from, or a percentage")
    return given.value
