"""The query log as lines."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
import typer

from chaoskit.cli.queries import queries
from chaoskit.dns.spool import Spool
from chaoskit.errors import InputError, JournalError
from chaoskit.journal.events import QueryAnswered
from chaoskit.journal.spool import HEAD, pack_block
from tests.cli.serving import command
from tests.journal.story import ANSWERED


def print_queries(log: Path, *, as_json: bool = False, count: bool = False, wall: bool = False) -> int:
    with pytest.raises(typer.Exit) as end:
        queries(log, as_json=as_json, count=count, wall=wall)
    return end.value.exit_code


def query(at: int, name: str = "a.test", faults: tuple[str, ...] = ()) -> QueryAnswered:
    answers = 0 if faults else 1
    return ANSWERED.with_fields(
        at=at, answered_at=at + 40_000, asker="serve", name=name, answers=answers, faults=faults
    )


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
    refused = query(10**9, name="b.test").with_fields(rcode="REFUSED", answers=0)
    for event in (refused, refused.with_fields(faults=("i1",)), refused.with_fields(rtype="AXFR")):
        spool.record(event)
    spool.close()
    print_queries(tmp_path / "q.spool", as_json=False, count=False)
    told = [line.partition("REFUSED 0 answers")[2] for line in capsys.readouterr().out.splitlines()]
    assert ["no zone here answers for it" in line for line in told] == [True, False, False]


def test_the_time_of_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before_s, spool = time.time(), Spool(tmp_path / "q.spool")
    spool.record(query(time.monotonic_ns()))
    spool.close()
    assert print_queries(tmp_path / "q.spool", wall=True) == 0
    stamp, _, line = capsys.readouterr().out.partition("  ")
    assert before_s - 1 < datetime.fromisoformat(stamp).timestamp() < time.time() + 1
    assert line.startswith("    0.000000 s  127.0.0.1:4000")


def test_a_log_without_the_time_of_day(log: Path, tmp_path: Path) -> None:
    data = log.read_bytes()
    older = tmp_path / "older"
    older.write_bytes(data[:8] + data[32:])  # the head and what follows the moment
    assert data[:8] == pack_block(HEAD)
    assert data[8:12] == b"wall"
    assert print_queries(older) == 0
    with pytest.raises(InputError, match="without the time of day; leave --wall out"):
        queries(older, wall=True)


@pytest.mark.parametrize(
    ("words", "cure"), [({"count": True, "follow": True}, "--follow"), ({"as_json": True, "wall": True}, "--wall")]
)
def test_options_that_exclude_each_other(log: Path, words: dict[str, bool], cure: str) -> None:
    with pytest.raises(InputError, match=f"leave {cure} out"):
        queries(log, **words)


@contextmanager
def following(log: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command("queries", str(log), "--follow"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def rest(process: subprocess.Popen[str]) -> tuple[str, str, int]:
    """What it prints until its end on both streams, and its exit code; ``communicate`` would lose what ``next_line`` has buffered."""
    assert process.stdout is not None
    assert process.stderr is not None
    return process.stdout.read(), process.stderr.read(), process.wait()


def test_follow_prints_what_comes_until_its_end_or_ctrl_c(tmp_path: Path) -> None:
    log = tmp_path / "q.spool"
    spool = Spool(log)
    spool.record(QUERIES[0])
    with following(log) as interrupted, following(log) as to_the_end:
        for number, process in enumerate((interrupted, to_the_end), 1):
            assert "a.test A" in next_line(process)
            spool.record(query(QUERIES[0].at + number * 10**9, name="b.test"))
        assert "1.000000 s" in next_line(interrupted)
        assert "2.000000 s" in next_line(interrupted)
        interrupted.send_signal(signal.SIGINT)
        assert rest(interrupted) == ("", "3 queries, none lost so far\n", 130)
        spool.close()
        out, err, exit_code = rest(to_the_end)
        assert (out.count("b.test A"), err, exit_code) == (2, "3 queries, none lost\n", 0)


def test_follow_ends_when_nobody_reads_any_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "q.spool")
    spool.record(QUERIES[0])
    with following(tmp_path / "q.spool") as process:
        assert "a.test A" in next_line(process)
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr is not None
        assert process.stderr.read() == ""
    spool.close()
