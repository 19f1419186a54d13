"""``chaoskit compare``, ``runs``, ``report --also`` and ``console`` as they are invoked; their figures are tested with the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chaoskit.cli import app
from chaoskit.cli.console import _latest
from chaoskit.errors import InputError
from chaoskit.journal.store import Journal
from chaoskit.units import SECOND
from tests.report.journals import HOST, Caller, Journals, steady

EXPERIMENT = {
    "title": "blank",
    "services": {"dynamodb": {}},
    "clients": {"app": {"use": "boto3"}},
    "timeline": [{"id": "blank", "dns": "empty", "where": HOST, "when": {"from": "2s", "for": "2s"}}],
}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name, keep in (("first", False), ("second", True)):
        events = Journals(length=8 * SECOND, blanks=[(2 * SECOND, 4 * SECOND)])
        events.head(EXPERIMENT)
        events.ready("app", connection="warm" if keep else "cold")
        events.arm()
        steady(Caller(events, "app", keep=keep), every=SECOND)
        events.end()
        (tmp_path / name).mkdir()
        with Journal(tmp_path / name / "journal.jsonl") as journal:
            for entry in events.entries():
                journal.append(entry.event)
    return tmp_path


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_two_runs_are_compared(runs: Path) -> None:
    page = runs / "compare.html"
    result = invoke("compare", str(runs / "first"), str(runs / "second"), "--out", str(page), "--json")
    assert result.exit_code == 0, result.output
    sections = json.loads(result.stdout)
    (client,) = [section for section in sections if section["title"] == "Client app"]
    assert {"label": "what became of it", "first": "went down", "second": "never noticed"} in client["pairs"]
    assert "what became of it" in page.read_text()


def test_formats_are_written_and_the_folder_is_listed(runs: Path) -> None:
    result = invoke("report", str(runs / "first"), "--also", "markdown", "--also", "csv")
    assert result.exit_code == 0, result.output
    written = {path.name for path in (runs / "first").iterdir()}
    assert written == {"journal.jsonl", "report.html", "summary.json", "summary.md", "calls.csv", "lookups.csv"}
    result = invoke("runs", str(runs))
    assert result.exit_code == 0, result.output
    assert "first" in result.output
    assert "interrupted, or under way" in result.output, "the second has no summary yet"
    assert 'href="first/report.html"' in (runs / "index.html").read_text()


def test_an_unknown_format_is_refused_before_anything_is_written(runs: Path) -> None:
    result = invoke("report", str(runs / "first"), "--also", "xml")
    assert isinstance(result.exception, InputError)
    assert "known: markdown, csv, parquet" in str(result.exception)
    assert not (runs / "first" / "report.html").exists()


def test_no_such_folder_is_told(tmp_path: Path) -> None:
    assert "no such folder" in str(invoke("runs", str(tmp_path / "none")).exception)
    assert "holds no journal" in str(invoke("console", str(tmp_path)).exception)


def test_the_latest_run_is_the_one_that_was_written_last(runs: Path) -> None:
    with pytest.raises(InputError, match="chaoskit run first/ten-seconds"):
        _latest(runs / "first", "127.0.0.1:1")
    (runs / ".under-way").mkdir()
    hidden = runs / ".under-way" / "journal.jsonl"
    hidden.write_text("")
    assert _latest(runs, "127.0.0.1:1") == hidden


def test_reach_needs_the_console_and_the_console_a_tcp_address(tmp_path: Path) -> None:
    zone = tmp_path / "z.db"
    zone.write_text("@ 5 A 192.0.2.1\n")
    words = ("serve", "--zone", f"a.example={zone}", "--listen", "127.0.0.1:0")
    result = invoke(*words, "--reach", "a.example=127.0.0.1:1")
    assert "add --console" in str(result.exception)
    result = invoke(*words, "--console", "--control", f"unix:{tmp_path / 'control'}")
    assert "that a browser can open" in str(result.exception)
