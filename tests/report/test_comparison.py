"""Two runs side by side, a folder of runs, and tables of calls: every figure is the summaries' own."""

import csv
import io
from pathlib import Path

import pytest

from chaoskit.errors import InputError
from chaoskit.journal.run import Run
from chaoskit.report.comparison import Pair, compare, comparison_page
from chaoskit.report.runs_index import list_runs, runs_page
from chaoskit.report.summary import summarize
from chaoskit.report.tables import CALL_COLUMNS, csv_files, write_parquet
from chaoskit.report.write import write_reports
from chaoskit.units import SECOND
from chaoskit.verdict import Outcome, Verdict
from tests.report.journals import Caller, Journals, steady


def small(length: int = 8, keep: bool = False) -> Run:
    journal = Journals(length=length * SECOND, blanks=[(2 * SECOND, 4 * SECOND)], title="<b>blank")
    journal.head()
    journal.ready("app", connection="warm" if keep else "cold")
    journal.arm()
    steady(Caller(journal, "app", keep=keep), every=SECOND)
    journal.end()
    return Run(journal.entries())


def summary(run: Run, finding: str = "held") -> dict[str, object]:
    verdict = Verdict(expectation="recovers_within app", finding=finding, because="because")  # type: ignore[arg-type]
    return summarize(run, [verdict], Outcome.PASSED if finding == "held" else Outcome.FAILED)


def pairs(first: dict[str, object], second: dict[str, object]) -> dict[str, Pair]:
    return {pair.label: pair for section in compare(first, second) for pair in section.pairs}


def test_a_run_is_like_itself() -> None:
    same = summary(small())
    assert not [label for label, pair in pairs(same, same).items() if pair.differs]


def test_what_differs_is_told_and_marked() -> None:
    compared = pairs(summary(small()), summary(small(keep=True), "broken"))
    assert compared["what became of it"] == Pair("what became of it", "went down", "never noticed")
    assert compared["recovers_within app"] == Pair("recovers_within app", "held", "broken")
    assert compared["outcome"].differs
    assert not compared["seed"].differs
    html = comparison_page(compare(summary(small()), summary(small(keep=True), "broken")))
    assert html.count('<tr class="differs">') == sum(pair.differs for pair in compared.values())


def test_a_client_that_one_run_lacks() -> None:
    first = summary(small())
    assert pairs(first, first | {"clients": {}})["what became of it"].second == "no such client"


def test_a_folder_of_runs_is_listed_with_what_is_unknown(tmp_path: Path) -> None:
    run = small()
    for name in ("whole", "cut", "broken", ".hidden", "other"):
        (tmp_path / name).mkdir()
    write_reports(tmp_path / "whole", run, [], Outcome.PASSED)
    (tmp_path / "cut" / "journal.jsonl").write_text("")
    (tmp_path / "broken" / "summary.json").write_text('{"run": 1}')
    listed = {entry.name: entry for entry in list_runs(tmp_path)}
    assert set(listed) == {"whole", "cut", "broken"}
    assert listed["whole"].outcome == "passed"
    assert [name for name, _ in listed["whole"].clients] == ["app"]
    assert listed["cut"].outcome == listed["broken"].outcome == "unknown"
    assert "interrupted, or under way" in listed["cut"].because
    html = runs_page(list(listed.values()), str(tmp_path))
    assert 'href="whole/report.html"' in html
    assert "&lt;b&gt;blank" in html
    assert "<b>blank" not in html
    assert "There is no run here yet" in runs_page([], "runs")


def test_the_table_of_calls_holds_each_call() -> None:
    run = small()
    files = csv_files(run)
    rows = list(csv.DictReader(io.StringIO(files["calls.csv"])))
    assert list(rows[0]) == list(CALL_COLUMNS)
    assert [row["result"] for row in rows] == [call.result for call in run.calls["app"]]
    assert all(float(row["elapsed_s"]) >= 0 for row in rows)
    lookups = list(csv.DictReader(io.StringIO(files["lookups.csv"])))
    assert len(lookups) == len(run.lookups)
    assert {row["addresses"] for row in lookups if row["phase"] == "fault"} == {"0"}


def test_parquet_says_how_to_get_it_or_holds_the_same(tmp_path: Path) -> None:
    run = small()
    try:
        import pyarrow.parquet
    except ImportError:
        with pytest.raises(InputError, match=r"chaoskit\[parquet\]"):
            write_parquet(tmp_path, run)
        return
    calls, _ = write_parquet(tmp_path, run)
    assert pyarrow.parquet.read_table(calls).num_rows == len(run.calls["app"])
