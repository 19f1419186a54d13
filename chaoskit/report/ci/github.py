"""Annotations of GitHub Actions ("Workflow commands for GitHub Actions"): what is shown beside a pull request. Pure."""

from __future__ import annotations

from typing import Any, Literal

from chaoskit.printable import printable

MOST = 10
"""Annotations of a kind that GitHub shows of one step; more are dropped without a word."""


def annotation_lines(summary: dict[str, Any], worse: list[str]) -> list[str]:
    """Lines for standard output: broken verdicts, and what got worse, as errors, unknown ones as warnings, at most ``MOST`` of each.

    A run that proves nothing is an error too. Where there are more than fit, the last says how many were left out.
    """
    title, outcome = summary["run"]["title"], summary["outcome"]
    errors = [
        (verdict["expectation"], verdict["because"])
        for verdict in summary["verdicts"]
        if verdict["finding"] == "broken"
    ]
    errors += [("worse than the baseline", line) for line in worse]
    if outcome["word"] in ("not exercised", "invalid"):
        errors.insert(0, (f"{title}: {outcome['word']}", " ".join(outcome["because"])))
    warnings = [
        (verdict["expectation"], verdict["because"])
        for verdict in summary["verdicts"]
        if verdict["finding"] == "unknown"
    ]
    return [*_lines("error", errors), *_lines("warning", warnings)]


def _lines(kind: Literal["error", "warning"], entries: list[tuple[str, str]]) -> list[str]:
    if len(entries) > MOST:
        left = len(entries) - MOST + 1
        entries = [*entries[: MOST - 1], ("chaoskit", f"and {left} more; the job's summary has them all")]
    return [f"::{kind} title={_property(title)}::{_data(text)}" for title, text in entries]


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
