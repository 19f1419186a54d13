"""A folder of runs as a list: what each asked, how it ended, and where its page is. Read from the runs' own summaries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaoskit.charts.files import FOLDER as CHARTS
from chaoskit.page_templates import page_environment
from chaoskit.report.words import lag_words_of
from chaoskit.units import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """One run of a folder. ``outcome`` is *unknown* where there is no summary that can be read; ``because`` then says so."""

    name: str
    title: str
    when: str
    epoch_ns: int | None
    outcome: str
    because: str
    seed: int | None
    clients: tuple[tuple[str, str], ...]
    has_page: bool


def list_runs(folder: Path) -> list[ListedRun]:
    """The runs below ``folder``, the latest first: every folder in it that holds a ``journal.jsonl`` or a ``summary.json``."""
    runs = [
        _listed(path)
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and any((path / name).is_file() for name in ("journal.jsonl", "summary.json"))
    ]
    return sorted(runs, key=lambda run: (run.epoch_ns or 0, run.name), reverse=True)


def _listed(path: Path) -> ListedRun:
    try:
        summary = json.loads((path / "summary.json").read_text(encoding="utf-8"))
        return _of_summary(path, summary)
    except FileNotFoundError:
        because = "it has a journal and no summary: interrupted, or under way"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        because = "its summary.json cannot be read; write it again with chaoskit report"
    return ListedRun(
        name=path.name, title=path.name, when="", epoch_ns=None, outcome="unknown", because=because, seed=None, clients=(),
        has_page=(path / "report.html").is_file(),
    )  # fmt: skip


def _of_summary(path: Path, summary: Any) -> ListedRun:
    run, outcome = summary["run"], summary["outcome"]
    clients = [(str(name), lag_words_of(client["recovery"])) for name, client in summary["clients"].items()]
    return ListedRun(
        name=path.name,
        title=str(run["title"]),
        when=datetime.fromtimestamp(run["epoch_ns"] / SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        epoch_ns=int(run["epoch_ns"]),
        outcome=str(outcome["word"]),
        because=" ".join(map(str, outcome["because"])),
        seed=int(run["seed"]),
        clients=tuple(clients),
        has_page=(path / "report.html").is_file(),
    )


def runs_page(runs: list[ListedRun], folder: str) -> str:
    """The list as an HTML page that links to the runs' own pages beside it."""
    environment = page_environment(Path(__file__).parent / "templates", CHARTS)
    html: str = environment.get_template("runs.html.j2").render(runs=runs, folder=folder)
    return html
