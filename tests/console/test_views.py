"""The views: what they tell as a run goes on, what a drill keeps from them, and that the terminal is given back."""

import io
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from rich.console import Console

from chaoskit.clock import VirtualClock
from chaoskit.console.live import LiveView, make_view
from chaoskit.console.plain import PlainView
from chaoskit.console.state import ClientState, RunState
from chaoskit.journal import events as ev
from chaoskit.journal.events import Entry
from chaoskit.journal.run import Run
from chaoskit.units import SECOND
from tests.effort import examples
from tests.journal.story import ORIGIN, Story, at
from tests.report.anything import HOSTILE, journals
from tests.report.journals import HOST, Journals, demo


def text_console(*, terminal: bool = False, width: int = 100) -> Console:
    return Console(
        file=io.StringIO(),
        width=width,
        height=40,
        force_terminal=terminal,
        color_system=None,
        legacy_windows=False,
        _environ={},
    )


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def plain(entries: Sequence[Entry]) -> list[str]:
    console = text_console()
    with PlainView(console) as view:
        for entry in entries:
            view(entry)
    return written(console).splitlines()


def picture_at(entries: Sequence[Entry], at: int, width: int = 100) -> str:
    """The live view's picture at ``at`` of the experiment, after all that had happened by then."""
    clock = VirtualClock()
    view = LiveView(text_console(terminal=True), clock)
    for entry in entries:
        if entry.event.at <= ORIGIN + at:
            view(entry)
    clock.advance(ORIGIN + at)
    paper = text_console(width=width)
    paper.print(view.picture())
    return written(paper)


def test_a_terminal_gets_the_live_view_and_a_pipe_gets_lines() -> None:
    assert isinstance(make_view(text_console(terminal=True), VirtualClock()), LiveView)
    assert isinstance(make_view(text_console(), VirtualClock()), PlainView)


def test_plain_lines_tell_phases_and_counts() -> None:
    lines = plain(demo())
    assert lines[0] == "Which client survives when DynamoDB's DNS record goes empty?"
    assert "starting: dns ready after 1.2 s (chaoskit (dnslib 0.9.26))" in lines
    phases = [line[10:].strip() for line in lines if " s  " in line and " | " not in line]
    assert phases == [
        "baseline, for 5.0 s",
        f"fault: empty on {HOST}, for 20.0 s",
        "recovery, for 15.0 s",
        "finishing calls",
        "run ended: finished",
    ]
    (last_of_fault,) = (line for line in lines if line.startswith("  25.0 s    record"))
    assert "record EMPTY (NODATA) | cold 0/80 ok, failed: gaierror -5 (1 attempt) | warm 80/80 ok" in last_of_fault
    assert "legacy 0/0 ok, in back-off 7.2 s, attempt 9 failed" in last_of_fault
    assert "record answering" in lines[-3]


def test_a_late_entry_does_not_turn_the_phase_back() -> None:
    entries = demo()
    late = [entry for entry in entries if entry.event.at < ORIGIN + 4 * SECOND][-1]
    cut = next(place for place, entry in enumerate(entries) if entry.event.at > ORIGIN + 6 * SECOND)
    lines = plain([*entries[:cut], late, *entries[cut:]])
    assert sum("baseline" in line for line in lines) == 1
    assert sum("fault: " in line for line in lines) == 1


def test_errors_are_told_once_and_at_once() -> None:
    journal = Journals()
    journal.head()
    journal.arm()
    journal.add(ev.HarnessFailed(at=ORIGIN + SECOND, part="dns", message="it broke [bold]"))
    journal.add(ev.ProcessEnded(at=ORIGIN + 2 * SECOND, process="client warm", exit_code=9, expected=False))
    journal.add(ev.ProcessEnded(at=ORIGIN + 3 * SECOND, process="service", exit_code=0, expected=True))
    errors = [line for line in plain(journal.entries()) if "ERROR" in line]
    assert errors == [
        "   1.0 s  ERROR harness failure: dns: it broke [bold]",
        "   2.0 s  ERROR process client warm ended by itself with exit code 9",
    ]


def test_the_picture_in_the_fault() -> None:
    text = picture_at(demo(), 12 * SECOND)
    assert f"fault: empty on {HOST}" in text
    assert "next change in 13.0 s" in text
    assert "record EMPTY (NODATA)" in text
    rows = {line.split()[0]: line.split() for line in text.splitlines()[4:]}
    assert rows["cold"][1:6] == ["48", "20", "28", "0", "%"]
    assert rows["warm"][1:6] == ["48", "48", "0", "100", "%"]
    assert "attempt 8 failed" in text


def test_the_picture_before_the_run_says_what_is_awaited() -> None:
    entries = [entry for entry in demo() if entry.event.at < ORIGIN - SECOND]
    text = picture_at(entries, -SECOND)
    assert "starting: network ready after" in text


def test_the_picture_fits_80_columns() -> None:
    text = picture_at(demo(), 12 * SECOND, width=80)
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())
    assert "next change in 13.0 s" in text


def test_a_drill_keeps_its_secret_in_both_views() -> None:
    entries = demo(hidden=True)
    told = "\n".join(plain(entries)) + picture_at(entries, 12 * SECOND)
    for secret in ("fault", "empty on", "EMPTY", "NODATA", "recovery", "baseline", "blank", HOST):
        assert secret not in told.replace("record goes empty?", ""), secret
    assert "withheld (drill)" in told
    assert "gaierror -5" in told  # what the application sees is the trainee's to see


def test_an_open_injection_is_shown_beside_a_hidden_one() -> None:
    journal = Journals(hidden=True)
    journal.head()
    journal.arm()
    span = ((ORIGIN + SECOND, ORIGIN + 2 * SECOND),)
    journal.add(
        ev.InjectionPlanned(
            at=ORIGIN - SECOND, injection="slow", plane="network", fault="latency", where="db", spans=span
        )
    )
    called = ORIGIN + 3 * SECOND // 2
    journal.add(ev.CallStarted(at=called, client="cold", call=1, operation="GetItem", due=called))
    journal.add(ev.CallFinished(at=called + 1, client="cold", call=1, result="ok"))
    journal.end()
    phases = "\n".join(plain(journal.entries()))
    assert "fault: latency on db" in phases, "what is not hidden is shown"
    assert "empty" not in phases.replace("goes empty?", "")


def test_the_canary_s_client_and_lookups_are_not_shown() -> None:
    journal = Journals(blanks=[])
    journal.head()
    journal.add(ev.ClientReady(at=ORIGIN - SECOND, client="canary", use="canary", pid=1, versions={}, settings={}))
    journal.arm()
    journal.lookup("canary", SECOND, name="canary.test")
    state = RunState()
    for entry in journal.entries():
        state(entry)
    assert state.clients == {}
    assert state.record == {}


def test_the_terminal_is_given_back_when_the_run_raises() -> None:
    console = text_console(terminal=True)
    view = make_view(console, VirtualClock(ORIGIN))
    with pytest.raises(RuntimeError):
        _watch_and_break(view)
    text = written(console)
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is shown again, last


def _watch_and_break(view: LiveView | PlainView) -> None:
    with view:
        view(demo()[0])
        raise RuntimeError


def test_hostile_text_is_printed_as_it_is() -> None:
    journal = Journals(title=HOSTILE[7], blanks=[])
    journal.head()
    journal.ready(HOSTILE[7])
    journal.arm()
    assert HOSTILE[7] in picture_at(journal.entries(), SECOND)
    assert plain(journal.entries())[0] == HOSTILE[7]


@settings(max_examples=examples(60), deadline=None)
@given(journals())
def test_any_journal_can_be_watched(run: Run) -> None:
    plain(run.entries)
    picture_at(run.entries, 0)


class TestRecord:
    """What the console says of a name, by the last answers of each type since the fault last changed."""

    @staticmethod
    def state(*events: ev.QueryAnswered) -> RunState:
        state = RunState()
        state.clients["app"] = ClientState("app")
        state.blanks["api.test"] = ("empty", ((5 * SECOND, 9 * SECOND),))
        state.spans.append((5 * SECOND, 9 * SECOND, "empty on api.test"))
        for seq, event in enumerate(events, 1):
            state(Entry(seq, event))
        return state

    @staticmethod
    def answer(at: int, rtype: str, answers: int, peer: str = "127.0.0.1:1") -> ev.QueryAnswered:
        return ev.QueryAnswered(
            at=at, answered_at=at, asker="app", peer=peer, transport="udp", name="api.test", rtype=rtype, reply="answer",
            rcode="NOERROR", answers=answers,
        )  # fmt: skip

    def test_an_a_only_name_is_answering_whichever_socket_came_last(self) -> None:
        state = self.state(self.answer(SECOND, "A", 1), self.answer(SECOND, "AAAA", 0, "127.0.0.1:2"))
        state.latest = 2 * SECOND
        assert state.record_words() == "answering"

    def test_a_blank_that_nobody_asked_in_is_not_answering(self) -> None:
        state = self.state(self.answer(SECOND, "A", 1))
        state.latest = 6 * SECOND
        assert state.record_words() == "EMPTY (nobody asked)"

    def test_a_fault_of_another_name_leaves_an_a_only_name_answering(self) -> None:
        state = self.state(self.answer(SECOND, "A", 1), self.answer(2 * SECOND, "AAAA", 0))
        state.blanks.clear()
        for state.latest in (6 * SECOND, 10 * SECOND):
            assert state.record_words() == "answering"

    def test_what_was_answered_in_the_blank_counts_in_it(self) -> None:
        state = self.state(self.answer(SECOND, "AAAA", 1), self.answer(6 * SECOND, "A", 0))
        state.latest = 7 * SECOND
        assert state.record_words() == "EMPTY (NODATA)", "the AAAA of before says nothing of now"


def test_plain_lines_say_how_long_until_a_hold() -> None:
    story = Story(ends=12_000).head("app")
    story.events = [
        e.with_fields(holds=(at(2000),), ends=at(10_000)) if isinstance(e, ev.TimelineArmed) else e
        for e in story.events
    ]
    story.add(
        ev.HoldBegun(at=at(2000), number=1, before="blank"),
        ev.HoldReleased(at=at(3750), number=1, by="a test", resumes=at(4000), ends=at(12_000)),
    )
    story.add(story.fault(4000, 6000).events.pop().with_fields(at=at(3751)))
    for when in (0, 2100, 3800, 4100, 6100, 11_999):
        story.call("app", when, when + 1)
    story.end()
    lines = [line[10:].strip() for line in plain(story.entries()) if " s  " in line and " | " not in line]
    assert [line for line in lines if not line.startswith("record")] == [
        "baseline, for 2.0 s",
        "held before blank, until somebody says go",
        "go, said by a test",
        "fault: empty on dynamodb.us-east-1.amazonaws.com, for 1.9 s",
        "recovery, for 5.9 s",
        "finishing calls",
        "run ended: finished",
    ]
