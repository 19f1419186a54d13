"""A run as a page of Markdown, for a job's summary or a comment. Pure."""

from __future__ import annotations

import re
from typing import Any

from chaoskit.printable import printable
from chaoskit.report.words import since_the_fault

SUMMARY_BYTES = 1024 * 1024
"""A step summary larger than this is lost as a whole (GitHub, "Workflow commands": job summaries)."""

_CUT = "\n\n… cut to fit; all of it is in the run's report.\n"
_SIGNS = {"held": "✅ held", "broken": "❌ broken", "unknown": "❔ unknown"}


def markdown(summary: dict[str, Any], notes: list[str] | None = None, most_bytes: int = SUMMARY_BYTES) -> str:
    """Outcome, verdicts, clients and the command that runs it again, in at most ``most_bytes`` of UTF-8.

    ``notes`` are lines on the comparison with a baseline.
    """
    run, outcome = summary["run"], summary["outcome"]
    lines = [f"## {_cell(run['title'] or run['id'])}: {outcome['word']}", ""]
    lines += [f"{_cell(sentence)}  " for sentence in outcome["because"]]
    lines += [f"- {_cell(note)}" for note in notes or []]
    if summary["verdicts"]:
        lines += ["", "| expectation | finding | because |", "|---|---|---|"]
        for verdict in summary["verdicts"]:
            lines.append(
                f"| {_cell(verdict['expectation'])} | {_SIGNS[verdict['finding']]} | {_cell(verdict['because'])} |"
            )
    if summary["clients"]:
        lines += ["", "| client | calls | failed | attempts | lookups | recovery |", "|---|---:|---:|---:|---:|---|"]
        lines += [_client(name, client) for name, client in summary["clients"].items()]
    if run["replay"]:
        lines += ["", f"Again: {_code(run['replay'])}"]
    return _fitted("\n".join(lines) + "\n", most_bytes)


def _client(name: str, client: dict[str, Any]) -> str:
    calls, recovery = client["calls"], client["recovery"]
    back = "unknown" if recovery is None else recovery["status"]
    if recovery is not None and recovery["lag_ns"] is not None:
        back += f", {since_the_fault(recovery['lag_ns'])}"
    attempts = "unknown" if client["attempts"] is None else client["attempts"]
    figures = ("unknown", "unknown") if calls is None else (calls["all"], calls["failed"])
    return f"| {_cell(name)} | {figures[0]} | {figures[1]} | {attempts} | {client['lookups']['all']} | {back} |"


def _cell(text: str) -> str:
    """As it stands in a line or a cell: nothing of it is Markdown, HTML, a mention or a link."""
    flat = " ".join(printable(text).split())
    return re.sub(r"([\\`*_{}\[\]<>|#~@&])", lambda match: f"&#{ord(match[0])};", flat)


def _code(text: str) -> str:
    flat = " ".join(printable(text).split())
    fence = "`" * (max((len(run) for run in re.findall("`+", flat)), default=0) + 1)
    return f"{fence} {flat} {fence}" if "`" in flat else f"{fence}{flat}{fence}"


def _fitted(text: str, most_bytes: int) -> str:
    """Whole lines up to the limit, and a line that says that some were left out."""
    data = text.encode(errors="backslashreplace")
    if len(data) <= most_bytes:
        return data.decode()
    head = data[: max(most_bytes - len(_CUT.encode()), 0)].decode(errors="ignore")
    return head[: head.rfind("\n")] + _CUT if "\n" in head else ""
