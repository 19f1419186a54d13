"""Two runs side by side, such as before and after an upgrade of an SDK: what is alike, and what is not. Pure, from their summaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaoskit.charts.files import FOLDER as CHARTS
from chaoskit.page_templates import page_environment
from chaoskit.report.words import FATE_WORDS, duration, percent

ABSENT = "–"


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure of both runs, in words."""

    label: str
    first: str
    second: str

    @property
    def differs(self) -> bool:
        """Whether the two are not the same words."""
        return self.first != self.second


@dataclass(frozen=True, slots=True)
class Section:
    """What belongs together: the runs themselves, their verdicts, or one client."""

    title: str
    pairs: tuple[Pair, ...]


def compare(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Section, ...]:
    """The sections of two summaries (``report.summary.summarize``): the runs, the verdicts, and each client of either."""
    clients = dict.fromkeys([*first["clients"], *second["clients"]])
    return (
        Section("The runs", _runs(first, second)),
        Section("Verdicts", _verdicts(first, second)),
        *(
            Section(f"Client {name}", _client(first["clients"].get(name), second["clients"].get(name)))
            for name in clients
        ),
    )


def _runs(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Pair, ...]:
    pairs = [
        Pair("run", first["run"]["id"], second["run"]["id"]),
        Pair("outcome", first["outcome"]["word"], second["outcome"]["word"]),
        Pair("experiment", first["run"]["title"], second["run"]["title"]),
        Pair("seed", str(first["run"]["seed"]), str(second["run"]["seed"])),
        Pair("sandbox", *(str(summary["harness"]["sandbox"] or "none") for summary in (first, second))),
    ]
    return (*pairs, *_versions("", first["run"]["versions"], second["run"]["versions"]))


def _versions(prefix: str, first: Mapping[str, str], second: Mapping[str, str]) -> list[Pair]:
    """Versions that are not the same in both; those that are say nothing."""
    names = dict.fromkeys([*first, *second])
    pairs = [Pair(f"{prefix}{name}", first.get(name, ABSENT), second.get(name, ABSENT)) for name in names]
    return [pair for pair in pairs if pair.differs]


def _verdicts(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Pair, ...]:
    findings = [
        {verdict["expectation"]: verdict["finding"] for verdict in summary["verdicts"]} for summary in (first, second)
    ]
    titles = dict.fromkeys([*findings[0], *findings[1]])
    return tuple(
        Pair(title, findings[0].get(title, "not asked"), findings[1].get(title, "not asked")) for title in titles
    )


def _client(first: Mapping[str, Any] | None, second: Mapping[str, Any] | None) -> tuple[Pair, ...]:
    pairs = [
        Pair(label, *("no such client" if client is None else words(client) for client in (first, second)))
        for label, words in _FIGURES
    ]
    if first is None or second is None:
        return tuple(pairs[:1])
    return (*_versions("", first["versions"], second["versions"]), *pairs)


def _phase(phase: str) -> Callable[[Mapping[str, Any]], str]:
    def words(client: Mapping[str, Any]) -> str:
        if client["phases"] is None:
            return "unknown"
        count = client["phases"][phase]
        return f"{percent(count['share_ok'])}, {count['ok']} of {count['calls']}" if count["calls"] else "no call"

    return words


def _spread(spread: Mapping[str, int] | None, write: Callable[[int], str]) -> str:
    if spread is None:
        return ABSENT
    if spread["min"] == spread["max"]:
        return write(spread["max"])
    return f"{write(spread['min'])} to {write(spread['max'])}, median {write(spread['median'])}"


def _sleeps(client: Mapping[str, Any]) -> str:
    if client["sleeps"] is None:
        return "unknown"
    steps = [f"{step['after_attempt']}: {duration(step['slept_ns']['median'])}" for step in client["sleeps"]]
    return "; ".join(steps) or "none measured"


def _recovery(client: Mapping[str, Any]) -> str:
    recovery = client["recovery"]
    if recovery is None:
        return "unknown"
    if recovery["lag_ns"] is None:
        return str(recovery["status"])
    when = "after the fault" if recovery["lag_ns"] >= 0 else "before its end"
    return f"{duration(abs(recovery['lag_ns']))} {when}"


def _error(client: Mapping[str, Any]) -> str:
    if client["errors"] is None:
        return "unknown"
    return "; ".join(f"{error['type']} ← {error['root_type']}" for error in client["errors"][:2]) or "none"


_FIGURES: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("what became of it", lambda client: FATE_WORDS[client["fate"]]),
    ("calls ok before the fault", _phase("baseline")),
    ("calls ok in the fault", _phase("fault")),
    ("calls ok after the fault", _phase("recovery")),
    ("attempts per failed call", lambda client: _spread(client["attempts_per_failed"], str)),
    ("failed calls gave up after", lambda client: _spread(client["failed_after_ns"], duration)),
    ("pauses between attempts, median after each", _sleeps),
    ("DNS lookups", lambda client: str(client["lookups"]["all"])),
    ("longest time without a success", lambda client: duration(client["gap_ns"])),
    ("recovery", _recovery),
    ("errors", _error),
)


def comparison_page(sections: tuple[Section, ...]) -> str:
    """The comparison as one self-contained HTML page."""
    environment = page_environment(Path(__file__).parent / "templates", CHARTS)
    html: str = environment.get_template("compare.html.j2").render(sections=sections)
    return html
