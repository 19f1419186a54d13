"""The reasons: each is said when its evidence is there, and not when it is not."""

import pytest

from chaoskit.journal.run import Run
from chaoskit.report.figures import all_figures
from chaoskit.report.why import Reason, explain
from chaoskit.units import MILLISECOND, SECOND
from tests.report.journals import NO_ADDRESS, Caller, Journals, demo, steady


def reasons(run: Run, client: str) -> tuple[Reason, ...]:
    (figures,) = (figures for figures in all_figures(run) if figures.name == client)
    return explain(run, figures, run.connections)


def words(run: Run, client: str) -> str:
    return " ".join(reason.text for reason in reasons(run, client))


def journal_of(client: str, **options: object) -> Journals:
    journal = Journals(**options)  # type: ignore[arg-type]
    journal.head()
    journal.ready(client)
    journal.arm()
    return journal


@pytest.fixture(scope="module")
def run() -> Run:
    return Run(demo())


def test_cold(run: Run) -> None:
    text = words(run, "cold")
    assert "Every call needed a new connection, so a lookup" in text
    assert "Each call gave up after 1 to 4 attempts" in text
    # 80 calls fail; 35 retries are paid for by the first 12.
    assert "After 35 retries it stopped retrying" in text
    assert "each of the 68 failing calls made one attempt only" in text


def test_warm(run: Run) -> None:
    (reason,) = reasons(run, "warm")
    assert "80 of 80 calls went over a connection opened before it" in reason.text


def test_burst(run: Run) -> None:
    text = words(run, "burst")
    assert "After 12 calls at once at 8.00 s" in text
    assert "64 of 64 sequential calls failed" in text
    assert "1 connection the client had used was still open" in text


def test_legacy(run: Run) -> None:
    text = words(run, "legacy")
    assert "10 attempts in 25.5" in text
    assert "it was in a back-off of 12.8 s, and slept on for another 5.5" in text
    assert "gave up" not in text


def test_every_reasons_evidence_is_in_the_journal(run: Run) -> None:
    for client in run.clients:
        for reason in reasons(run, client):
            assert set(reason.evidence) <= {entry.seq for entry in run.entries}


def test_no_burial_is_claimed_of_connections_that_were_closed() -> None:
    """The same story as a buried pool, but the proxy saw the connection close."""
    for closed in (True, False):
        journal = journal_of("app")
        caller = Caller(journal, "app")
        caller.call(SECOND)
        connection = caller.pool[-1]
        assert connection is not None
        caller.call(6 * SECOND)
        caller.pool.clear()
        if closed:
            journal.close(connection, 6 * SECOND + 500 * MILLISECOND)
        caller.call(7 * SECOND)
        assert ("still open" in words(Run(journal.entries()), "app")) is not closed


def test_no_quota_is_claimed_when_retries_go_on() -> None:
    journal = journal_of("app", blanks=[(5 * SECOND, 7 * SECOND)], length=10 * SECOND)
    steady(Caller(journal, "app", keep=False))
    text = words(Run(journal.entries()), "app")
    assert "gave up after 4 attempts" in text
    assert "quota" not in text


def test_a_connection_opened_in_the_fault_is_not_from_before() -> None:
    """No lookup is in the log (a cache answered), and the connection was opened after the fault began."""
    journal = journal_of("app")
    connection = journal.dial(6 * SECOND)
    for number in (1, 2):
        at = (5 + number) * SECOND
        journal.call("app", number, at)
        journal.request(connection, at + 2 * MILLISECOND, f"app-{number}", 1)
        journal.attempt("app", number, 1, at, 5 * MILLISECOND, "ok")
        journal.finish("app", number, at + 6 * MILLISECOND, "ok")
    text = words(Run(journal.entries()), "app")
    assert "opened before it" not in text
    assert "1 of 2 calls went over a connection opened earlier" in text


def test_a_failure_without_a_lookup_is_not_laid_to_the_record() -> None:
    journal = journal_of("app")
    journal.call("app", 1, 6 * SECOND)
    journal.attempt("app", 1, 1, 6 * SECOND, 5 * MILLISECOND, "failed")
    journal.finish("app", 1, 6 * SECOND + 6 * MILLISECOND, "failed", NO_ADDRESS)
    text = words(Run(journal.entries()), "app")
    assert "no address" not in text
    assert "gave up after 1 attempt" in text


def test_nothing_to_explain() -> None:
    assert "no call during the fault" in words(Run(journal_of("idle").entries()), "idle")
    assert "No fault was planned" in words(Run(journal_of("idle", blanks=[]).entries()), "idle")
