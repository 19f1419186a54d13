"""What apps saw behind Docker's resolver: both ends' evidence side by side."""

from __future__ import annotations

from chaoskit.journal.events import (
    CallFinished,
    CallStarted,
    ClientReady,
    Entry,
    ErrorLink,
    Event,
    QueryAnswered,
    RunStarted,
    SandboxReady,
    TimelineArmed,
)
from chaoskit.journal.run import Run
from chaoskit.report.docker_resolver import Behind, Pair, behind_docker
from chaoskit.units import SECOND
from tests.journal.story import ANSWERED, NAME


def run_in(sandbox: str, *events: Event) -> Run:
    head: list[Event] = [
        RunStarted(at=0, run_id="r", title="t", seed=0, source="x", experiment={}, epoch_ns=0, versions={}, replay=""),
        SandboxReady(at=0, sandbox=sandbox, libc_exercised=True, because=""),
        ClientReady(at=0, client="app", use="boto3", pid=1, versions={}, settings={}),
        TimelineArmed(at=0, origin=0, ends=100 * SECOND),
    ]
    return Run([Entry(seq, event) for seq, event in enumerate([*head, *events], 1)])


def query(at: int, rcode: str, name: str = NAME, answers: int = 0) -> QueryAnswered:
    return ANSWERED.with_fields(at=at, answered_at=at + 1, name=name, rcode=rcode, answers=answers, faults=("i",))


def call(number: int, at: int, rcode: str, errno: int) -> list[Event]:
    error = ErrorLink(type="gaierror", message="", errno=errno)
    outer = ErrorLink(type="EndpointConnectionError", message="")
    return [
        CallStarted(at=at, client="app", call=number, operation="GetItem", due=at),
        query(at + 10, rcode),
        CallFinished(at=at + 20, client="app", call=number, result="failed", errors=(outer, error)),
    ]


CALLS = [*call(1, SECOND, "REFUSED", -3), *call(2, 2 * SECOND, "REFUSED", -3), *call(3, 3 * SECOND, "NOERROR", -5)]


def test_what_was_said_stands_beside_what_the_app_saw() -> None:
    assert behind_docker(run_in("docker", *CALLS)) == Behind(
        pairs=(
            Pair(client="app", said="REFUSED", made="gaierror -3", calls=2),
            Pair(client="app", said="NODATA", made="gaierror -5", calls=1),
        ),
        searched=(),
    )


def test_a_record_without_ipv6_is_not_told_as_empty() -> None:
    started, asked, finished = call(1, SECOND, "NOERROR", -3)
    assert isinstance(asked, QueryAnswered)
    halves = [asked.with_fields(faults=(), rtype=rtype, answers=int(rtype == "A")) for rtype in ("A", "AAAA")]
    behind = behind_docker(run_in("docker", started, *halves, finished))
    assert behind is not None
    assert [pair.said for pair in behind.pairs] == ["addresses"]


def test_search_domains_are_named() -> None:
    behind = behind_docker(run_in("compose", query(5, "NXDOMAIN", f"{NAME}.corp.example"), *CALLS))
    assert behind is not None
    assert behind.searched == (f"{NAME}.corp.example",)


def test_without_docker_there_is_nothing_to_say() -> None:
    assert behind_docker(run_in("namespace", *CALLS)) is None


def test_a_call_that_succeeded_or_asked_nothing_is_not_counted() -> None:
    started, asked, finished = CALLS[:3]
    assert isinstance(finished, CallFinished)
    ok = [started, asked, finished.with_fields(result="ok", errors=())]
    silent = [started, finished]
    for events in (ok, silent):
        behind = behind_docker(run_in("docker", *events))
        assert behind is not None
        assert behind.pairs == ()
