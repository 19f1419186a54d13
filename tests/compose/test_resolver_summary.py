"""What is told of Docker's resolver after a run: our answers counted from the journal, read through what was measured."""

from __future__ import annotations

from typing import Any

import pytest

from chaoskit.compose.helper import Row
from chaoskit.compose.probe import Answered, Libc
from chaoskit.compose.resolver_summary import resolver_summary
from chaoskit.journal.answer_kind import answer_kind, searched
from chaoskit.journal.events import ClientReady, Entry, Event, QueryAnswered, RunStarted
from chaoskit.journal.run import Run
from chaoskit.units import SECOND

NAME = "dynamodb.us-east-1.amazonaws.com"


def query(**changes: Any) -> QueryAnswered:
    plain: dict[str, Any] = {
        "at": 0,
        "answered_at": 1000,
        "asker": "web",
        "peer": "10.0.0.1:1",
        "transport": "udp",
        "name": NAME,
        "rtype": "A",
        "reply": "answer",
        "rcode": "NOERROR",
        "answers": 1,
    }
    return QueryAnswered(**plain | changes)


def row(case: str, direct: str, through: str, code: int) -> Row:
    return Row(
        case,
        Answered("s", "n", "A", direct, (), 1.0),
        Answered("d", "n", "A", through, (), 1.0),
        Libc("n", code, (), 1.0),
    )


@pytest.mark.parametrize(
    ("changes", "case"),
    [
        ({}, "honest"),
        ({"answers": 0}, "empty"),
        ({"rcode": "NXDOMAIN", "answers": 0}, "nxdomain"),
        ({"rcode": "REFUSED", "answers": 0}, "refused"),
        ({"reply": "drop", "rcode": "", "answers": 0}, "dropped"),
        ({"answered_at": 5 * SECOND}, "late-4500ms"),
        ({"reply": "raw", "rcode": ""}, None),
        ({"rcode": "FORMERR", "answers": 0}, None),
    ],
)
def test_each_answer_is_the_case_that_was_measured(changes: dict[str, Any], case: str | None) -> None:
    assert answer_kind(query(**changes)) == case


def test_counts_come_from_the_journal_words_from_measuring() -> None:
    head = RunStarted(
        at=0, run_id="r", title="t", seed=0, source="s", experiment={}, epoch_ns=0, versions={}, replay=""
    )
    ready = ClientReady(at=0, client="web", use="container", pid=0, versions={}, settings={})
    refused = query(rcode="REFUSED", answers=0)
    events: list[Event] = [
        head,
        ready,
        query(answers=0),
        query(answers=0, at=SECOND, answered_at=SECOND),
        refused,
        query(asker="other"),
        query(rtype="TXT"),
    ]
    run = Run([Entry(number, event) for number, event in enumerate(events, 1)])
    rows = [row("empty", "NOERROR", "NOERROR", -5), row("refused", "REFUSED", "SERVFAIL", -3)]
    assert resolver_summary(run, rows, "28", [NAME])[1:] == [
        "  web: 2 × NODATA: passed on; glibc's getaddrinfo gives EAI -5",
        "  web: 1 × REFUSED: handed on as SERVFAIL; glibc's getaddrinfo gives EAI -3",
    ]


def test_names_that_a_search_domain_made_are_told() -> None:
    asked = [query(), query(name=f"{NAME}.corp.example"), query(name="api.example.com")]
    assert searched(asked, [NAME]) == [f"{NAME}.corp.example"]


def summary(*queries: QueryAnswered) -> list[str]:
    head = RunStarted(
        at=0, run_id="r", title="t", seed=0, source="s", experiment={}, epoch_ns=0, versions={}, replay=""
    )
    ready = ClientReady(at=0, client="web", use="container", pid=0, versions={}, settings={})
    events: list[Event] = [head, ready, *queries]
    run = Run([Entry(number, event) for number, event in enumerate(events, 1)])
    rows = [
        row("honest", "NOERROR", "NOERROR", 0),
        row("empty", "NODATA", "NODATA", -5),
        row("dropped", "silence", "silence", -3),
        row("aaaa-dropped", "silence", "silence", 0),
    ]
    return [line.removeprefix("  web: ") for line in resolver_summary(run, rows, "28", [NAME])[1:]]


def both(at: int, aaaa: dict[str, Any] | None = None, **changes: Any) -> list[QueryAnswered]:
    """A lookup as it comes through Docker's resolver: A and AAAA from two sockets."""
    when: dict[str, Any] = {"at": at, "answered_at": at + 1000}
    changed = changes | (aaaa if aaaa is not None else {"answers": 0})
    return [query(**when | changes), query(**when | {"rtype": "AAAA", "peer": "10.0.0.1:2", "at": at + 10} | changed)]


def test_a_name_without_aaaa_is_not_told_as_empty() -> None:
    """Of six lookups two met the fault; the AAAA of all six were empty."""
    blank: dict[str, Any] = {"answers": 0, "faults": ("blank",)}
    honest: dict[str, Any] = {}
    queries = [one for number in range(6) for one in both(number * SECOND, **(blank if number in (2, 3) else honest))]
    assert summary(*queries) == [
        "4 × addresses: passed on; glibc's getaddrinfo gives addresses",
        "2 × NODATA: passed on; glibc's getaddrinfo gives EAI -5",
    ]


def test_what_aaaa_alone_met_is_told() -> None:
    dropped = both(0, {"reply": "drop", "rcode": "", "answers": 0, "faults": ("drop",)})
    emptied = both(SECOND, {"answers": 0, "faults": ("half",)})
    assert summary(*dropped, *emptied) == [
        "2 × addresses: passed on; glibc's getaddrinfo gives addresses",
        "1 × nothing for AAAA alone: passed on; glibc's getaddrinfo gives addresses",
        "1 × NODATA for AAAA alone: passed on",
    ]


def test_an_aaaa_that_nobody_asked_a_beside_stands_alone() -> None:
    assert summary(query(rtype="AAAA", answers=0)) == ["1 × NODATA for AAAA alone: passed on"]
