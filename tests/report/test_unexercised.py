"""A fault that met nothing is told with the reason that the journal shows, and with what would exercise it."""

from chaoskit.journal.events import Entry, InjectionPlanned
from chaoskit.journal.run import Run
from chaoskit.report.figures import all_figures
from chaoskit.report.page import render_page
from chaoskit.report.unexercised import Unexercised, unexercised
from chaoskit.units import SECOND
from chaoskit.verdict import Outcome
from tests.report.journals import HOST, Caller, Journals


def rows(journal: Journals, target: dict[str, object] | None = None) -> tuple[Unexercised, ...]:
    journal.end()
    run = Run([_aimed(entry, target or {"name": HOST}) for entry in journal.entries()])
    return unexercised(run, all_figures(run))


def _aimed(entry: Entry, target: dict[str, object]) -> Entry:
    event = entry.event
    return entry.with_fields(event=event.with_fields(target=target)) if isinstance(event, InjectionPlanned) else entry


def journal(fault: tuple[int, int] = (5 * SECOND, 8 * SECOND)) -> Journals:
    events = Journals(length=20 * SECOND, blanks=[fault])
    events.head()
    events.ready("app", connection="warm")
    events.arm()
    return events


def test_a_name_that_nobody_asked_for() -> None:
    row, client = rows(journal())
    assert "No client asked for the name" in row.why
    assert client.what == "client app"
    assert "more often than every 3 s" in client.remedy


def test_a_name_asked_for_only_before() -> None:
    events = journal()
    events.lookup("app", 1 * SECOND)
    row, _ = rows(events)
    assert "asked for 2 times, but never while the fault was on" in row.why
    assert "connection: cold" in row.remedy


def test_asked_in_the_window_but_not_met() -> None:
    events = journal()
    events.blanks = []
    events.lookup("app", 6 * SECOND)
    row, _ = rows(events)
    assert "2 queries for the name came in its window, and none was changed" in row.why


def test_a_window_after_the_run() -> None:
    row, *_ = rows(journal((30 * SECOND, 40 * SECOND)))
    assert "None of its windows lay within the run" in row.why


def test_a_target_that_says_nothing_is_no_crash() -> None:
    row, _ = rows(journal(), {"nonsense": 1})
    assert "does not say which names" in row.why


def test_what_was_met_is_not_listed_and_the_page_says_so() -> None:
    events = journal()
    caller = Caller(events, "app", keep=False)
    caller.call(6 * SECOND)
    assert rows(events, {"name": HOST}) == ()
    assert "Every fault that was planned met something" in render_page(Run(events.entries()), [], Outcome.PASSED)
