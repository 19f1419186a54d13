"""Sweeps and their tables, on runs that were never made."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaoskit.errors import ExperimentError, InputError
from chaoskit.experiment.document import read_document
from chaoskit.search.parquet import available, write_parquet
from chaoskit.search.plan import points, read_setting
from chaoskit.search.points import FinishedRun, RunRequest
from chaoskit.search.store import Store, open_store
from chaoskit.search.sweep import Sweep, run_sweep
from chaoskit.search.table import Table, Visit, as_csv, as_json, as_lines, make_table
from tests.search.fakes import making, store_run
from tests.search.test_fields import TEXT


def sweep(*settings: str, repeats: int = 2, at_once: int = 2) -> Sweep:
    chosen = points([read_setting(text) for text in settings], None, 0)
    document = read_document("x.yaml", TEXT)
    return Sweep(document=document, points=chosen, repeats=repeats, seed=5, sandbox="inline", at_once=at_once)


TWO = ("timeline.blank.when.for=1s,2500ms", "clients.app.retry_mode=legacy,null")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "s", {"a": 1}) as store:
        yield store


def visits(store: Store, *settings: str, seen: list[str] | None = None, repeats: int = 2) -> list[Visit]:
    make = making(
        store, lambda name, order: "failed" if "2500ms" in order.text or "2.5" in order.text else "passed", seen
    )
    return asyncio.run(run_sweep(sweep(*(settings or TWO), repeats=repeats), store, make, lambda *_: None))


def test_every_point_is_run_as_often_as_asked(store: Store) -> None:
    found = visits(store)
    assert [(visit.point.number, visit.repeat) for visit in found] == [(n, r) for n in (1, 2, 3, 4) for r in (1, 2)]
    assert {visit.seed for visit in found if visit.repeat == 1} == {5}, "points differ in their fields alone"
    assert {visit.seed for visit in found if visit.repeat == 2} == {6}


def test_repeats_are_in_the_order_of_their_numbers(store: Store) -> None:
    found = visits(store, "clients.app.retry_mode=legacy,null", repeats=11)
    assert [(visit.point.number, visit.repeat) for visit in found] == [(n, r) for n in (1, 2) for r in range(1, 12)]


def test_points_that_are_there_run_again_only_if_invalid(store: Store) -> None:
    store_run(store.run("00002-1"), "not exercised")
    store_run(store.run("00003-1"), "invalid")
    seen: list[str] = []
    found = visits(store, seen=seen)
    assert sorted(seen) == ["00001-1", "00001-2", "00002-2", "00003-1", "00003-2", "00004-1", "00004-2"]
    assert next(visit for visit in found if visit.name == "00002-1").made.outcome == "not exercised"
    assert next(visit for visit in found if visit.name == "00003-1").made.outcome == "failed"
    seen.clear()
    assert visits(store, seen=seen) == found
    assert seen == []


def test_no_more_at_once_than_asked(store: Store) -> None:
    under_way, most = 0, 0

    async def make(name: str, order: RunRequest) -> FinishedRun:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return store_run(store.run(name), "passed")

    asyncio.run(run_sweep(sweep(*TWO, at_once=3), store, make, lambda *_: None))
    assert most == 3


def test_a_value_that_cannot_be_is_found_before_anything_runs() -> None:
    with pytest.raises(ExperimentError, match="retry_mode: 'bogus' is not known here"):
        sweep("clients.app.retry_mode=legacy,bogus").experiments()
    with pytest.raises(InputError, match=r"Near: clients\.app\.every"):
        sweep("clients.ap.every=1s").experiments()
    sweep(*TWO).experiments()


def test_one_table_in_three_forms(store: Store, tmp_path: Path) -> None:
    table = make_table(visits(store))
    assert len(table.rows) == 8
    assert table.column("timeline.blank.when.for [s]") == [1, 1, 1, 1, 2.5, 2.5, 2.5, 2.5]
    assert table.column("outcome") == ["passed"] * 4 + ["failed"] * 4
    assert table.column("expect: success_rate app") == ["held"] * 4 + ["broken"] * 4
    assert set(table.column("app.longest_call_s")) == {1.5}
    assert set(table.column("app.gap_s")) == {None}
    assert table.column("run")[0] == "00001-1"
    read = list(csv.DictReader(io.StringIO(as_csv(table))))
    assert [row["outcome"] for row in read] == table.column("outcome")
    assert [row["point"] for row in json.loads(as_json(table))] == table.column("point")
    assert len(as_lines(table, ["outcome"])) == 9


@pytest.mark.skipif(not available(), reason="pyarrow is not installed")
def test_the_table_s_parquet_is_the_table(store: Store, tmp_path: Path) -> None:
    table = make_table(visits(store))
    read_back = (
        pytest.importorskip("pyarrow.parquet").read_table(write_parquet(table, tmp_path / "t.parquet")).to_pydict()
    )
    assert {name: read_back[name] for name in table.columns} == {name: table.column(name) for name in table.columns}


def test_a_column_of_mixed_kinds_is_text_in_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = Table(("a", "b"), ((1, 1), ("x", 0.5), (None, None)))
    read_back = parquet.read_table(write_parquet(table, tmp_path / "t.parquet")).to_pydict()
    assert read_back == {"a": ["1", "x", None], "b": [1.0, 0.5, None]}


def test_a_run_that_could_not_begin_is_a_row_without_figures() -> None:
    lost = FinishedRun(outcome="invalid", because="worker after worker was lost", folder=None)
    visit = Visit(point=sweep(*TWO).points[0], repeat=1, seed=5, name="00001-1", made=lost)
    table = make_table([visit])
    assert table.column("outcome") == ["invalid"]
    assert table.column("run") == [None]
