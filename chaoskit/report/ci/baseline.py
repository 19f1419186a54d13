"""Whether a run recovers later than an earlier one did: its ``summary.json`` is the baseline. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from chaoskit.errors import InputError
from chaoskit.report.words import since_the_fault
from chaoskit.units import field_duration, format_duration

_WELL = ("unharmed", "recovered")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much worse is still no failure: ``share`` of the baseline's figure, or ``ns``, whichever was written."""

    share: float | None
    ns: int

    def __str__(self) -> str:
        return format_duration(self.ns) if self.share is None else f"{self.share * 100:g}%"

    def allows(self, before_ns: int) -> int:
        """The largest figure that is not worse than ``before_ns``."""
        return before_ns + (self.ns if self.share is None else round(max(before_ns, 0) * self.share))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One client, now and in the baseline, in words; and whether it got ``worse``."""

    text: str
    worse: bool


def parse_tolerance(text: str) -> Tolerance:
    """``500ms`` or ``20%``. Raises ``InputError``."""
    try:
        if text.endswith("%"):
            share = float(text[:-1]) / 100
            if not 0 <= share < float("inf"):
                raise ValueError
            return Tolerance(share, 0)
        return Tolerance(None, field_duration(text))
    except ValueError as error:
        raise InputError(f"--worse-by {text}: write a duration or a percentage, for example 500ms or 20%") from error


def read_baseline(text: str, path: str) -> dict[str, Any]:
    """An earlier ``summary.json``. Raises ``InputError`` for what is none, or a run that proves nothing."""
    try:
        summary = json.loads(text)
        version, word, _ = summary["summary_version"], summary["outcome"]["word"], summary["run"]["title"]
        recoveries = {name: client["recovery"] for name, client in summary["clients"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: is no summary.json of a run; name the one in an earlier run's folder") from error
    if version != 1:
        raise InputError(f"{path}: summary_version {version} is not known here; make the baseline with this chaoskit")
    if word in ("invalid", "not exercised"):
        raise InputError(f"{path}: that run is {word}, so it is no baseline; name one that counts")
    if not any(recovery and recovery["status"] in _WELL for recovery in recoveries.values()):
        raise InputError(f"{path}: no client is known to have come back there, so none can be worse; name another run")
    return dict(summary)


def compare(summary: dict[str, Any], baseline: dict[str, Any], tolerance: Tolerance) -> list[Comparison]:
    """Each client that came back in the baseline, now: worse where it is later by more than ``tolerance``, missing, or no longer known."""
    comparisons = []
    for name, earlier in baseline["clients"].items():
        before = earlier["recovery"]
        if before is None or before["status"] not in _WELL:
            continue  # nothing to fall behind
        client = summary["clients"].get(name)
        now = client and client["recovery"]
        if now is None or now["status"] not in (*_WELL, "not back"):
            text = f"{name}: its recovery is not known in this run; in the baseline: {_words(before)}"
            comparisons.append(Comparison(text, worse=True))
        elif now["status"] == "not back":
            comparisons.append(Comparison(f"{name}: did not come back; in the baseline: {_words(before)}", worse=True))
        else:
            later = max(0, now["lag_ns"] or 0) > tolerance.allows(max(0, before["lag_ns"] or 0))
            comparisons.append(Comparison(f"{name}: {_words(now)}; in the baseline: {_words(before)}", worse=later))
    return comparisons


def _words(recovery: dict[str, Any]) -> str:
    return "unharmed" if recovery["lag_ns"] is None else f"well again {since_the_fault(recovery['lag_ns'])}"
