"""The driver of a margin search, on runs that were never made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaoskit.errors import HarnessError, InputError
from chaoskit.experiment.document import Document, read_document
from chaoskit.search.bisect import Step, Stopped, Task, search_margin
from chaoskit.search.margin import Found, Search
from chaoskit.search.margin_report import as_json, as_markdown, sentence
from chaoskit.search.points import FinishedRun, RunRequest, experiment_text
from chaoskit.search.quantity import quantity
from chaoskit.search.store import Store, open_store
from chaoskit.units import SECOND, parse_duration
from tests.search.fakes import making
from tests.search.test_fields import TEXT


def task(**changes: Any) -> Task:
    search = Search(low=1 * SECOND, high=9 * SECOND, resolution=SECOND / 2)
    settings: dict[str, Any] = {"seed": 7, "sandbox": "inline", "jobs": 1} | changes
    document = read_document("x.yaml", TEXT)
    return Task(document=document, field="timeline.blank.when.for", unit=quantity("1s"), search=search, **settings)


def length(order: RunRequest) -> int:
    return parse_duration(yaml.safe_load(order.text)["timeline"][0]["when"]["for"])


def search(
    task: Task, store: Store, outcome_of: Any, seen: list[str] | None = None
) -> tuple[Found | Stopped, list[Step]]:
    return asyncio.run(search_margin(task, store, making(store, outcome_of, seen), lambda *_: None))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "s", {"a": 1}) as store:
        yield store


def below_4s(name: str, order: RunRequest) -> str:
    return "passed" if length(order) < 4.2 * SECOND else "failed"


@pytest.mark.parametrize("jobs", [1, 3])
def test_it_finds_the_margin_and_tells_the_curve(store: Store, jobs: int) -> None:
    end, steps = search(task(jobs=jobs), store, below_4s)
    assert isinstance(end, Found)
    assert end.ending == "found"
    assert end.lower <= 4.2 * SECOND <= end.upper
    told = as_json(task(), end, steps)
    assert sum(point["total"] for point in told["curve"]) == told["runs"] == end.runs == len(steps)
    assert all(point["held"] in (0, point["total"]) for point in told["curve"])
    assert told["versions"] == {"botocore": "1.44.5", "chaoskit": "0"}
    text = as_markdown(task(), end, steps, "chaoskit margin x.yaml")
    assert f"± {quantity('1s').at((end.upper - end.lower) / 2).shown} (90% confidence" in text
    assert f"{end.runs} runs" in text


def test_each_run_has_a_seed_of_its_own() -> None:
    assert [task().order(0, number).seed for number in (1, 2)] == [8, 9]


def test_runs_that_do_not_count_are_neither_held_nor_failed(store: Store) -> None:
    def now_and_then(name: str, order: RunRequest) -> str:
        return "invalid" if int(name[:4]) % 3 == 0 else below_4s(name, order)

    end, steps = search(task(), store, now_and_then)
    assert isinstance(end, Found)
    assert end.lower <= 4.2 * SECOND <= end.upper
    uncounted = [step for step in steps if step.made.outcome == "invalid"]
    assert uncounted
    told = as_json(task(), end, steps)
    assert (told["runs"], told["uncounted_runs"]) == (len(steps) - len(uncounted), len(uncounted))


@pytest.mark.parametrize("outcome", ["invalid", "not exercised"])
def test_three_in_a_row_that_do_not_count_stop_the_search(store: Store, outcome: str) -> None:
    end, steps = search(task(), store, lambda *_: outcome)
    assert isinstance(end, Stopped)
    assert len(steps) == 3
    assert sentence(task(), end) == f"Stopped: at 1 s the runs do not count ({outcome}): As the test wants."
    assert as_json(task(), end, steps)["margin"] is None


def test_it_goes_on_from_the_runs_that_are_there(store: Store) -> None:
    class Break(Exception):
        pass

    def until_the_fifth(name: str, order: RunRequest) -> str:
        if name.startswith("0005"):
            raise Break
        return below_4s(name, order)

    with pytest.raises(Break):
        search(task(), store, until_the_fifth)
    seen: list[str] = []
    end, steps = search(task(), store, below_4s, seen)
    assert seen[0].startswith("0005")
    assert [int(step.name[:4]) for step in steps] == list(range(1, len(steps) + 1))
    again, _ = search(task(), store, lambda *_: pytest.fail("nothing is left to run"))
    assert again == end


def test_after_a_gap_or_runs_that_do_not_count_it_runs_again(store: Store) -> None:
    search(task(), store, below_4s)
    names = store.done()
    (store.run(names[3]) / "summary.json").unlink()
    (store.run(names[3])).rmdir()
    seen: list[str] = []
    search(task(), store, below_4s, seen)
    assert seen[0] == names[3]
    assert len(seen) == len(names) - 3


def test_when_a_run_cannot_be_made_the_others_are_ended(store: Store) -> None:
    ended = []

    async def make(name: str, order: RunRequest) -> FinishedRun:
        if name.startswith("0002"):
            raise HarnessError("no")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(name)
        raise AssertionError

    with pytest.raises(HarnessError, match="no"):
        asyncio.run(search_margin(task(jobs=2), store, make, lambda *_: None))
    assert len(ended) == 1


def test_one_folder_is_one_search(store: Store) -> None:
    with pytest.raises(InputError, match="another search is at work"):
        open_store(store.folder, {"a": 1})
    store.lock.close()
    with pytest.raises(InputError, match=r"holds another search \(it differs in: a\)"):
        open_store(store.folder, {"a": 2})
    (store.folder / "plan.json").unlink()
    with pytest.raises(InputError, match="holds something that is no search"):
        open_store(store.folder, {"a": 1})


def test_a_search_needs_a_folder(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(InputError, match=r"notes\.txt is a file"):
        open_store(tmp_path / "notes.txt", {"a": 1})
    with pytest.raises(InputError, match="cannot write to"):
        open_store(tmp_path / "notes.txt" / "below", {"a": 1})

    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_document_is_written_as_it_is_read() -> None:
    tricky = {
        "a": ["010", "on", "no", "2025-10-20", "1e3", "~", "null", "", "5s", 1e-7, 1e20, "=", "<<", " x"],
        "b": {"c": None},
    }
    assert read_document("x", experiment_text(Document("x", tricky, {}))).data == tricky


def found(**changes: Any) -> Found:
    settings: dict[str, Any] = {
        "ending": "out of runs",
        "margin": 3.5 * SECOND,
        "lower": 3 * SECOND,
        "upper": 4 * SECOND,
        "may_be_below": False,
        "may_be_above": False,
        "rising": False,
        "held": 5,
        "runs": 9,
    }
    return Found(**settings | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "hold up to timeline.blank.when.for = 3.5 s ± 500 ms (90% confidence"),
        ({"may_be_below": True, "lower": SECOND}, "= 4 s at most; whether they hold at 1 s is not shown"),
        ({"may_be_above": True, "upper": 9 * SECOND}, "= 3 s at least; whether they fail at 9 s is not shown"),
        ({"may_be_above": True, "rising": True}, "hold from timeline.blank.when.for = 3 s at least; whether they hold at 9 s"),
        ({"may_be_below": True, "rising": True}, "= 4 s at most; whether they fail at 1 s is not shown"),
        ({"may_be_above": True, "held": 9}, "No failure was seen from timeline.blank.when.for = 1 s to 9 s; where the margin"),
        ({"held": 0}, "No run held from timeline.blank.when.for = 1 s to 9 s"),
        ({"may_be_above": True, "may_be_below": True}, "Some runs held and some failed from timeline.blank.when.for"),
    ],
)  # fmt: skip
def test_no_more_is_said_than_was_shown(changes: dict[str, Any], said: str) -> None:
    text = sentence(task(), found(**changes))
    assert said in text
    assert text.endswith("known to ± 500 ms: allow more with --most-runs.")


def test_the_margin_of_a_whole_number_is_one() -> None:
    whole = replace(task(), unit=quantity("1"), search=Search(low=1, high=9, resolution=1))
    end = found(ending="found", margin=3.5, lower=3, upper=4)
    assert "= 3 (3 to 4) (90%" in sentence(whole, end)
    assert as_json(whole, end, [])["margin"] == 3
    assert as_json(whole, replace(end, rising=True), [])["margin"] == 4
