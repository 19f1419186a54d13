"""The query log as lines."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from chaoskit.cli.queries import queries
from chaoskit.dns.spool import Spool
from chaoskit.errors import JournalError
from chaoskit.journal.events import QueryAnswered
from tests.journal.story import ANSWERED


def print_queries(log: Path, *, as_json: bool, count: bool) -> int:
    with pytest.raises(typer.Exit) as end:
        queries(log, as_json=as_json, count=count)
    return end.value.exit_code


def query(at: int, name: str = "a.test", faults: tuple[str, ...] = ()) -> QueryAnswered:
    answers = 0 if faults else 1
    return replace(ANSWERED, at=at, answered_at=at + 40_000, asker="serve", name=name, answers=answers, faults=faults)


QUERIES = [query(10**9), query(2 * 10**9, faults=("i1",)), query(3 * 10**9)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "q.spool"
    spool = Spool(path)
    for one in QUERIES:
        spool.record(one)
    assert spool.close() == 0
    return path


def test_lines_for_people(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_queries(log, as_json=False, count=False) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1] == "    1.000000 s  127.0.0.1:4000  udp a.test A  NOERROR 0 answers  met i1  0.04 ms"
    assert err == "3 queries, none lost\n"


def test_lines_for_programs_are_the_journals_own_events(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_queries(log, as_json=True, count=False) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["kind"], line["at"], line.get("faults", [])) for line in lines] == [
        ("query", 10**9, []),
        ("query", 2 * 10**9, ["i1"]),
        ("query", 3 * 10**9, []),
    ]


def test_counts(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_queries(log, as_json=False, count=True) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["2", "1"]


def test_a_log_that_was_cut_short_says_so(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.write_bytes(log.read_bytes()[:-10])
    assert print_queries(log, as_json=False, count=False) == 4
    assert "how many more are missing is not known" in capsys.readouterr().err


def test_what_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    with pytest.raises(JournalError, match="not a query log"):
        print_queries(tmp_path / "x", as_json=False, count=False)


def test_why_a_name_of_no_zone_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spool = Spool(tmp_path / "q.spool")
    refused = replace(query(10**9, name="b.test"), rcode="REFUSED", answers=0)
    for event in (refused, replace(refused, faults=("i1",)), replace(refused, rtype="AXFR")):
        spool.record(event)
    spool.close()
    print_queries(tmp_path / "q.spool", as_json=False, count=False)
    told = [line.partition("REFUSED 0 answers")[2] for line in capsys.readouterr().out.splitlines()]
    assert ["no zone here answers for it" in line for line in told] == [True, False, False]
