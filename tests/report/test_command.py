"""The reports of a user's own command: its exit code is its result, and what nobody saw is unknown."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from chaoskit.expect import judge
from chaoskit.journal import events as ev
from chaoskit.journal.command import command_end, requests_as_calls, user_agents
from chaoskit.journal.run import Run
from chaoskit.report.page import render_page
from chaoskit.report.summary import summarize
from chaoskit.report.terminal import print_verdicts
from chaoskit.units import SECOND
from chaoskit.verdict import Outcome, outcome_of
from tests.journal.story import Story, at

AGENT = "Boto3/1.40.1 md/Botocore#1.40.1"


def ran(code: int = 7, *, met: bool = True) -> Run:
    story = Story().head().looks()
    story.add(
        ev.ClientReady(at=at(-100), client="command", use="exec", pid=0, versions={}, settings={"command": "app"}),
        ev.CommandStarted(at=at(0), client="command", argv=("app",), folder="/"),
    )
    story.fault(1000, 864_000_000)
    if met:
        story.lookup("command", 1500, 4000, answers=0, faults=("blank",))
    for number, status in ((1, 200), (2, 503)):
        story.add(
            ev.RequestArrived(
                at=at(2000 + number), request=number, service="dynamodb", operation="GetItem", invocation=None, attempt=None,
                user_agent=AGENT, connection="c", nth=number,
            ),
            ev.RequestAnswered(at=at(2010 + number), request=number, status=status),
        )  # fmt: skip
    story.add(ev.CommandFinished(at=at(9000), client="command", exit_code=code))
    return story.end().run()


def summary(run: Run) -> dict[str, object]:
    verdicts = judge(run, ())
    return summarize(run, verdicts, outcome_of(verdicts))


def test_the_exit_code_is_the_result() -> None:
    run = ran()
    assert summary(run)["outcome"] == {
        "word": "command ended",
        "exit_code": 7,
        "because": ["The command ended with code 7, after 9 s."],
    }
    assert summary(run)["command"] == {"exit_code": 7, "elapsed_ns": 9 * SECOND, "refused": None}


def test_the_page_says_how_it_ended_and_never_passed() -> None:
    run = ran()
    verdicts = judge(run, ())
    page = render_page(run, verdicts, outcome_of(verdicts))
    assert "ended with 7" in page
    assert "✓ Passed" not in page
    assert "864000" not in page, "a fault that is open-ended has no end in days"
    assert AGENT in page
    assert "2 requests at the services" in page


def test_a_fault_that_met_nothing_is_told() -> None:
    assert "blank met nothing, so it tested nothing." in str(summary(ran(met=False))["outcome"])


def test_what_nobody_saw_of_it_is_null() -> None:
    clients = summary(ran())["clients"]
    assert isinstance(clients, dict)
    unknown = {key for key, value in clients["command"].items() if value is None}
    assert {"calls", "phases", "attempts", "longest_call", "pooled", "recovery"} <= unknown


def test_a_signal_and_a_refusal_have_their_words() -> None:
    end = command_end(ran(code=137))
    assert end is not None
    assert end.words == "the command ended with code 137 (as after signal 9)"
    assert replace(end, exit_code=200).words == "the command ended with code 200", "no signal has the number 72"
    assert command_end(Story().head("app").run()) is None


def test_the_terminal_calls_no_command_passed() -> None:
    output = io.StringIO()
    print_verdicts(Console(file=output, width=100), ran(code=7), [], Outcome.PASSED, [])
    text = output.getvalue()
    assert "The command ended with code 7, after 9 s." in text
    assert "PASSED" not in text


def test_requests_are_drawn_as_calls() -> None:
    run = ran()
    assert [(call.number, call.result) for call in requests_as_calls(run, "command")] == [(1, "ok"), (2, "failed")]
    assert user_agents(run) == (AGENT,)
