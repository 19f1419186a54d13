"""What is written and printed: the summary, the files, the last words in the terminal."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from chaoskit.errors import HarnessError
from chaoskit.journal.run import Run
from chaoskit.report.summary import summarize
from chaoskit.report.terminal import print_verdicts
from chaoskit.report.words import percent
from chaoskit.report.write import write_reports
from chaoskit.verdict import Outcome, Verdict
from tests.effort import examples
from tests.report.anything import journals, verdicts
from tests.report.journals import demo

BROKEN = Verdict(expectation="success_rate cold", finding="broken", because="0 of 80 calls [red]", evidence=(5, 6))


def printed(run: Run, found: list[Verdict], outcome: Outcome, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_verdicts(console, run, found, outcome, [Path("runs") / ("x" * 100) / "report.html"])
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_summary_holds_the_demos_figures() -> None:
    summary = json.loads(json.dumps(summarize(Run(demo()), [BROKEN], Outcome.FAILED)))
    assert summary["outcome"]["exit_code"] == 1
    assert summary["verdicts"][0]["evidence"] == [5, 6]
    cold, warm, legacy = (summary["clients"][name] for name in ("cold", "warm", "legacy"))
    assert cold["phases"]["fault"] == {"calls": 80, "ok": 0, "failed": 80, "unknown": 0, "share_ok": 0.0}
    assert cold["errors"][0]["errno"] == -5
    assert warm["recovery"] == {
        "status": "unnoticed",
        "after": ["blank"],
        "noticed": False,
        "lag_ns": None,
        "evidence": [],
    }
    assert legacy["sleeps"][8] == {
        "after_attempt": 9,
        "slept_ns": {"n": 1, "min": 12_800_000_000, "median": 12_800_000_000, "max": 12_800_000_000},
    }
    assert summary["injections"][0]["windows"][0]["planned_start_at_ns"] == 5_000_000_000
    assert summary["harness"]["well"] is True


def test_files_are_written_whole_and_again(tmp_path: Path) -> None:
    paths = write_reports(tmp_path, demo(), [BROKEN], Outcome.FAILED)
    assert [path.name for path in paths] == ["summary.json", "report.html"]
    before = [path.read_text(encoding="utf-8") for path in paths]
    assert json.loads(before[0])["outcome"]["word"] == "failed"
    assert write_reports(tmp_path, demo(), [BROKEN], Outcome.FAILED) == paths
    assert [path.read_text(encoding="utf-8") for path in paths] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "summary.json"]


def test_a_folder_that_is_not_there_is_a_harness_error(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"cannot write .*summary.json"):
        write_reports(tmp_path / "gone", demo(), [], Outcome.PASSED)


def test_a_file_that_cannot_be_replaced_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "summary.json").mkdir()
    (tmp_path / "summary.json" / "x").touch()
    with pytest.raises(HarnessError, match=r"summary\.json"):
        write_reports(tmp_path, demo(), [], Outcome.PASSED)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


def test_last_words_fit_80_columns_and_take_no_markup() -> None:
    text = printed(Run(demo()), [BROKEN], Outcome.FAILED)
    lines = text.splitlines()
    assert all(len(line.rstrip()) <= 80 for line in lines[:-1])
    assert "0 of 80 calls [red]" in text
    assert "BROKEN" in text
    assert "FAILED  1 of 1 expectation was broken." in text
    assert lines[-1].endswith("/report.html")  # a path is one line, however long
    (legacy,) = (line.split() for line in lines if line.startswith("legacy"))
    assert legacy[:5] == ["legacy", "survived", "by", "retrying", "1/1"]
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "–"), (0.0, "0 %"), (1.0, "100 %"), (0.9999, ">99.9 %"), (0.00001, "<0.1 %"), (0.5, "50 %")],
)
def test_shares_are_never_rounded_to_all_or_none(share: float | None, text: str) -> None:
    assert percent(share) == text


@given(st.floats(0, 1))
def test_only_all_is_100_percent(share: float) -> None:
    assert (percent(share) == "100 %") == (share == 1)
    assert (percent(share) == "0 %") == (share == 0)


@settings(max_examples=examples(40), deadline=None)
@given(journals(), verdicts, st.sampled_from(Outcome))
def test_any_journal_can_be_summed_up_and_printed(run: Run, found: list[Verdict], outcome: Outcome) -> None:
    json.dumps(summarize(run, found, outcome), allow_nan=False)
    printed(run, found, outcome)
