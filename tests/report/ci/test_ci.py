"""JUnit, Markdown, annotations and the comparison with a baseline."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped

from chaoskit.cli.ci import CiOptions
from chaoskit.engine.session import RunResult
from chaoskit.errors import InputError
from chaoskit.journal.run import Run
from chaoskit.report.ci.baseline import Tolerance, compare, parse_tolerance, read_baseline
from chaoskit.report.ci.failure import failure_text
from chaoskit.report.ci.github import annotation_lines
from chaoskit.report.ci.junit import junit
from chaoskit.report.ci.markdown import markdown
from chaoskit.report.summary import summarize
from chaoskit.units import MILLISECOND, SECOND
from chaoskit.verdict import Outcome, Verdict
from tests.report.journals import demo

VERDICTS = [
    Verdict(expectation="success rate ≥ 99%", finding="broken", because="app: 3 of 9 calls | <b>", kind="success_rate"),
    Verdict(expectation="recovers within 5 s", finding="held", because="all did", kind="recovers_within"),
    Verdict(expectation="longest call", finding="unknown", because="no call was seen", kind="longest_call"),
]


def tiny(title: str, findings: list[tuple[str, str, str]]) -> dict[str, Any]:
    """The parts of a summary that are read here."""
    return {
        "run": {"title": title, "id": "x", "seed": 1, "replay": "chaoskit run x", "length_ns": SECOND},
        "outcome": {"word": "failed", "because": ["so it was"]},
        "verdicts": [{"expectation": name, "because": why, "finding": word} for name, why, word in findings],
        "clients": {},
    }


@pytest.fixture(scope="module")
def run() -> Run:
    return Run(demo())


@pytest.fixture(scope="module")
def summary(run: Run) -> dict[str, Any]:
    return summarize(run, VERDICTS, Outcome.FAILED)


def test_junit_reads_back(summary: dict[str, Any]) -> None:
    suites = JUnitXml.fromstring(junit(summary).encode())
    (suite,) = list(suites)
    assert (suite.name, suite.tests, suite.failures, suite.errors) == (summary["run"]["title"], 4, 1, 1)
    results = {case.name: case.result for case in suite}
    assert isinstance(results["success rate ≥ 99%"][0], Failure)
    assert results["success rate ≥ 99%"][0].message == "broken: app: 3 of 9 calls | <b>"
    assert isinstance(results["longest call"][0], Error)
    assert results["recovers within 5 s"] == results["the run counts"] == []


@pytest.mark.parametrize("outcome", [Outcome.NOT_EXERCISED, Outcome.INVALID])
def test_junit_passes_nothing_of_a_run_that_proves_nothing(run: Run, outcome: Outcome) -> None:
    (suite,) = list(JUnitXml.fromstring(junit(summarize(run, VERDICTS[1:2], outcome)).encode()))
    results = {case.name: case.result for case in suite}
    assert isinstance(results["the run counts"][0], Error)
    assert isinstance(results["recovers within 5 s"][0], Skipped)


TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)


@given(TEXT, TEXT, TEXT)
def test_any_text_stays_text(title: str, expectation: str, because: str) -> None:
    summary = tiny(title, [(expectation, because, "broken")])
    root = ElementTree.fromstring(junit(summary).encode())
    assert [len(case) for case in root.iter("testcase")] == [0, 1]
    page = markdown(summary)
    rows = [line for line in page.splitlines() if line.startswith("| ") and "❌" in line]
    assert len(rows) == 1
    assert rows[0].count("|") == 4
    (line,) = annotation_lines(summary, [])
    assert line.startswith("::error title=")
    assert "\n" not in line
    assert "\r" not in line
    assert line.encode(errors="backslashreplace")


@given(st.integers(0, 60), st.integers(0, 60))
def test_annotations_stay_within_ten_a_kind(broken: int, unknown: int) -> None:
    findings = [("e", "b", "broken")] * broken + [("e", "b", "unknown")] * unknown
    lines = annotation_lines(tiny("t", findings), [])
    for kind, count in (("error", broken), ("warning", unknown)):
        shown = [line for line in lines if line.startswith(f"::{kind} ")]
        assert len(shown) == min(count, 10)
        if count > 10:
            assert f"and {count - 9} more" in shown[-1]


@given(st.integers(0, 3000), st.integers(0, 200))
def test_markdown_stays_within_its_bytes(most: int, rows: int) -> None:
    page = markdown(tiny("t", [("é" * 9, "because", "held")] * rows), most_bytes=most)
    assert len(page.encode()) <= most
    assert not page or page.endswith("\n")


def test_markdown_shows_clients_and_the_way_to_run_it_again(summary: dict[str, Any]) -> None:
    page = markdown(summary)
    for name in summary["clients"]:
        assert f"| {name.replace('_', '&#95;')} |" in page
    assert summary["run"]["replay"] in page


@pytest.mark.parametrize(
    ("lag_ns", "words"),
    [
        (-871_000_000, "recovered, 871 ms before its end"),
        (24_000_000, "recovered, 24 ms after the fault"),
        (None, "| recovered |"),
    ],
)
def test_markdown_never_counts_back_from_a_fault(summary: dict[str, Any], lag_ns: int | None, words: str) -> None:
    for client in summary["clients"].values():
        client["recovery"] = {"status": "recovered", "lag_ns": lag_ns}
    assert words in markdown(summary)


def test_a_failure_names_verdicts_attempts_and_lookups(run: Run) -> None:
    text = failure_text(run, VERDICTS, Outcome.FAILED, Path("runs/x"))
    assert "broken: success rate ≥ 99%: app: 3 of 9 calls" in text
    assert "held" not in text
    assert " attempts, " in text
    assert " lookups (" in text


def recovered(lag_ns: int | None, status: str = "recovered") -> dict[str, Any]:
    summary = tiny("t", [])
    summary["clients"]["app"] = {"recovery": {"status": status, "lag_ns": lag_ns}}
    return summary


def got_worse(now: dict[str, Any], before: dict[str, Any], tolerance: Tolerance) -> list[str]:
    return [comparison.text for comparison in compare(now, before, tolerance) if comparison.worse]


@given(st.integers(-10 * SECOND, 60 * SECOND), st.integers(-10 * SECOND, 60 * SECOND), st.integers(0, 10))
def test_worse_is_later_by_more_than_the_tolerance(before: int, now: int, seconds: int) -> None:
    lines = got_worse(recovered(now), recovered(before), parse_tolerance(f"{seconds}s"))
    assert bool(lines) == (max(0, now) > max(0, before) + seconds * SECOND), (
        "whoever was well before the end lost nothing"
    )


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (recovered(None, "not back"), "app: did not come back; in the baseline: well again 1 s after the fault"),
        (recovered(None, "unknown"), "app: its recovery is not known in this run"),
        (None, "app: its recovery is not known in this run"),
    ],
)
def test_what_is_not_seen_is_not_as_good(now: dict[str, Any] | None, text: str) -> None:
    (line,) = got_worse(now or tiny("t", []), recovered(SECOND), parse_tolerance("20%"))
    assert text in line


def test_a_share_is_of_the_baselines_figure() -> None:
    tolerance = parse_tolerance("20%")
    assert not got_worse(recovered(1200 * MILLISECOND), recovered(SECOND), tolerance)
    assert got_worse(recovered(1201 * MILLISECOND), recovered(SECOND), tolerance)


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"summary_version": 2, "outcome": {"word": "passed"}, "clients": {}}']
)
def test_what_is_no_baseline_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"b\.json"):
        read_baseline(text, "b.json")


@pytest.mark.parametrize("text", ["soon", "-1%", "nan%", ""])
def test_what_is_no_tolerance_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="--worse-by"):
        parse_tolerance(text)


def test_a_run_writes_what_was_asked_for(
    run: Run, summary: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = copy.deepcopy(summary)
    for client in earlier["clients"].values():
        client["recovery"] = {"status": "recovered", "lag_ns": -60 * SECOND}
    (tmp_path / "summary.json").write_text(json.dumps(earlier))
    step = tmp_path / "step.md"
    step.write_text("before\n")
    options = CiOptions(
        junit=tmp_path / "j.xml",
        markdown=tmp_path / "m.md",
        baseline=tmp_path / "summary.json",
        environment={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(step)},
    )
    result = RunResult(run=run, verdicts=VERDICTS[1:2], outcome=Outcome.PASSED, folder=tmp_path, files=[])
    assert options.prepare().conclude(result) == 1
    assert JUnitXml.fromfile(str(tmp_path / "j.xml")).failures == 1
    text = (tmp_path / "m.md").read_text()
    assert text.splitlines()[0].endswith(": failed"), "as the exit code says"
    assert "not worse than the baseline" in text
    assert step.read_text().startswith("before\n## ")
    streams = capsys.readouterr()
    output = streams.out.splitlines()
    assert output
    assert f"compared with {tmp_path}" in streams.err.replace("\n", "")
    assert "  WORSE  " in streams.err
    assert all(line.startswith("::error title=worse than the baseline::") for line in output)


@pytest.mark.parametrize("outcome", [Outcome.INVALID, Outcome.NOT_EXERCISED])
def test_a_run_that_proves_nothing_is_not_compared(
    run: Run, summary: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], outcome: Outcome
) -> None:
    earlier = copy.deepcopy(summary)
    earlier["run"]["title"] = "Another"
    for client in earlier["clients"].values():
        client["recovery"] = {"status": "recovered", "lag_ns": -60 * SECOND}
    (tmp_path / "summary.json").write_text(json.dumps(earlier))
    options = CiOptions(baseline=tmp_path / "summary.json", markdown=tmp_path / "m.md", environment={})
    result = RunResult(run=run, verdicts=VERDICTS[2:], outcome=outcome, folder=tmp_path, files=[])
    assert options.prepare().conclude(result) == outcome.exit_code
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "warning: the baseline is a run of another experiment, 'Another'",
        "not compared with the baseline: this run proves nothing",
    ]
    assert "worse by" not in (tmp_path / "m.md").read_text()


def test_a_full_step_summary_gets_no_more(run: Run, tmp_path: Path) -> None:
    step = tmp_path / "step.md"
    step.write_text("x" * (1024 * 1024))
    options = CiOptions(environment={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(step)})
    options.prepare().conclude(RunResult(run=run, verdicts=[], outcome=Outcome.PASSED, folder=tmp_path, files=[]))
    assert step.stat().st_size == 1024 * 1024


def test_bad_files_are_refused_before_a_run(tmp_path: Path) -> None:
    for options in (
        CiOptions(junit=tmp_path),
        CiOptions(markdown=tmp_path / "none" / "m.md"),
        CiOptions(baseline=tmp_path / "none.json"),
    ):
        with pytest.raises(InputError, match=r"--(junit|markdown|baseline) "):
            options.prepare()
