"""The words about a program that tells nothing itself, from hand-built journals."""

from __future__ import annotations

from chaoskit.expect import judge
from chaoskit.journal import events as ev
from chaoskit.journal.run import Run
from chaoskit.report.exec_summary import exec_summary
from chaoskit.report.summary import summarize
from chaoskit.verdict import outcome_of
from tests.journal.story import NAME, Story, at


def story(ends: float = 1000) -> Story:
    told = Story(ends=864_000_000).head().ready("command", "exec", -1000).fault(100, 300)
    told.add(ev.CommandStarted(at=at(0), client="command", argv=("app",), folder="/"))
    return told.add(
        ev.CommandFinished(at=at(ends), client="command", exit_code=0),
        ev.RunEnded(at=at(ends + 10), reason="finished"),
    )


def words(run: Run) -> list[str]:
    return [f"{line.what}: {line.words}" for line in exec_summary(run, "command")]


def answered(request: int, when: float, status: int, error: str | None = None) -> ev.RequestAnswered:
    return ev.RequestAnswered(at=at(when), request=request, status=status, error=error)


def test_lookups_connections_requests_and_faults_are_told() -> None:
    told = story().lookup("command", 50, 1).lookup("canary", 60, 9)
    told.lookup("command", 150, 2, answers=0, faults=("blank",)).lookup("command", 160, 3, answers=0, faults=("blank",))
    told.query("command", 400, 4, name="other.test", rcode="REFUSED", answers=0)
    told.add(
        ev.ConnectionOpened(
            at=at(61), connection="c1", proxy="dynamodb@127.0.1.1", peer="127.0.0.1:5", upstream_peer="127.0.0.1:6"
        )
    )
    told.arrival("command", 1, 62).add(answered(1, 63, 200))
    told.arrival("command", 2, 500, attempt=3).add(answered(2, 501, 400, "ThrottlingException"))
    assert words(told.run()) == [
        f"lookups: {NAME}: 1 answered and 2 empty (NODATA); 2 lookups met a fault",
        "lookups: other.test: 1 REFUSED; no zone here serves this name: add it under 'zones', or open it with --allow",
        "connections: dynamodb 1",
        "requests: dynamodb GetItem: 2, of 2 calls; up to attempt 3; 1 × ThrottlingException",
        f"fault: empty on {NAME}, from 0.10 s to 0.30 s: met 4 times",
    ]


def test_what_never_was_is_said() -> None:
    assert words(story().run()) == [
        "lookups: none",
        f"fault: empty on {NAME}, from 0.10 s to 0.30 s: met nothing",
    ]
    assert words(story(ends=50).run())[1] == f"fault: empty on {NAME}: never began: the command ended before"
    assert ", from 0.10 s on: " in words(story(ends=200).run())[1]


def test_reports_do_not_call_it_tested_or_recovered() -> None:
    run = story().lookup("command", 150, 2, answers=0, faults=("blank",)).run()
    verdicts = judge(run, ())
    summary = summarize(run, verdicts, outcome_of(verdicts))
    assert summary["clients"]["command"]["fate"] == "unreported"
    assert summary["clients"]["command"]["why"][0]["text"].startswith("It made 1 lookup in the fault")
    assert summary["run"]["length_ns"] == at(1010) - at(0), "the run was over when the command was"


def test_what_the_mock_cannot_answer_blames_no_command_or_fault() -> None:
    told = story()
    for number in (1, 2):
        broke = ev.RequestAnswered(
            at=at(60 + number), request=number, status=500, error="InternalFailure", broke="moto broke on ec2 X"
        )
        told.arrival("command", number, 60).add(broke)
    line = "mock: moto broke on ec2 X; answered with 500, 2 times: neither your program's fault nor an injected one"
    assert line in words(told.run())
