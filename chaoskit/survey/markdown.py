"""A survey as Markdown, for pull requests and wikis."""

from __future__ import annotations

from chaoskit.printable import printable
from chaoskit.survey import words
from chaoskit.survey.result import Survey
from chaoskit.units import format_duration


def markdown(survey: Survey) -> str:
    """The whole document."""
    lines = [
        f"# Survey of `{survey.subject}`",
        "",
        f"{words.headline(survey)}. Without a fault it takes {format_duration(survey.usual_ns)}.",
        "",
        "## What it depends on",
        "",
        *(f"- {words.dependency_line(dependency)}" for dependency in survey.dependencies),
        *(f"- {words.unserved_line(name)}" for name in survey.unserved),
        *(f"- {cache.words}" for cache in survey.in_the_way),
        "",
        "## What each loss does to it",
        "",
        words.LEGEND,
        f"| {' | '.join(words.COLUMNS)} |",
        "|" + "---|" * len(words.COLUMNS),
        *(f"| {' | '.join(map(_cell, words.cells(row)))} |" for row in survey.worst_first),
    ]
    if survey.left_out:
        lines += ["", "## Not tried: no time was left", "", *(f"- {trial.title}" for trial in survey.left_out)]
    return printable("\n".join(lines) + "\n")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
