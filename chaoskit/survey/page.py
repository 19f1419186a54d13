"""A survey as one self-contained HTML page."""

from __future__ import annotations

from pathlib import Path

from chaoskit.page_templates import page_environment
from chaoskit.survey import words
from chaoskit.survey.result import Survey
from chaoskit.units import format_duration


def page(survey: Survey) -> str:
    """The page's HTML; it opens from disk and loads nothing."""
    environment = page_environment(Path(__file__).parent / "templates")
    return environment.get_template("survey.html.j2").render(
        survey=survey,
        headline=words.headline(survey),
        usual=format_duration(survey.usual_ns),
        dependencies=[words.dependency_line(dependency) for dependency in survey.dependencies],
        unserved=[words.unserved_line(name) for name in survey.unserved],
        in_the_way=[cache.words for cache in survey.in_the_way],
        columns=words.COLUMNS,
        lines=[(row.observation.status.replace(" ", "-"), words.cells(row), row.folder) for row in survey.worst_first],
        left_out=[trial.title for trial in survey.left_out],
        legend=words.LEGEND.replace("*", ""),
    )
