"""The harness, the canary, and the fault: without these no other finding means anything."""

from __future__ import annotations

import pytest

from chaoskit.expect._harness import Harness
from chaoskit.expect.canary_resolves import CanaryResolves
from chaoskit.expect.fault_exercised import FaultExercised
from chaoskit.journal import events as ev
from tests.journal.story import Story, at


def story() -> Story:
    return Story().head("app", "other").fault(5000, 7000)


class TestHarness:
    def test_a_run_to_its_end_is_held(self) -> None:
        ended = ev.ProcessEnded(at=at(10_050), process="app", exit_code=0, expected=True)
        assert Harness().judge(story().add(ended).end().run()).finding == "held"

    @pytest.mark.parametrize(
        ("event", "says"),
        [
            (ev.HarnessFailed(at=at(1), part="dns", message="cannot bind"), "dns: cannot bind"),
            (
                ev.ProcessEnded(at=at(1), process="service", exit_code=1, expected=False),
                "process service ended unasked with code 1",
            ),
        ],
    )
    def test_what_went_wrong_is_told_and_pointed_at(self, event: ev.Event, says: str) -> None:
        run = story().add(event).end().run()
        verdict = Harness().judge(run)
        assert (verdict.finding, verdict.because) == ("broken", says)
        assert [run.entries[seq - 1].event for seq in verdict.evidence] == [event]

    def test_a_mock_that_broke_makes_a_run_invalid(self) -> None:
        answer = ev.RequestAnswered(
            at=at(1), request=5, status=500, error="InternalFailure", broke="moto broke on ec2 X"
        )
        run = story().add(answer).end().run()
        verdict = Harness().judge(run)
        assert (verdict.finding, verdict.because) == ("broken", "request 5 got no honest answer: moto broke on ec2 X")
        assert [run.entries[seq - 1].event for seq in verdict.evidence] == [answer]
        command = ev.CommandStarted(at=at(1), client="command", argv=("x",), folder="/")
        assert Harness().judge(story().add(command, answer).end().run()).finding == "held"

    def test_a_journal_without_its_end(self) -> None:
        verdict = Harness().judge(story().run())
        assert verdict.finding == "broken"
        assert "stops before the end" in verdict.because

    def test_a_run_that_stopped_short(self) -> None:
        verdict = Harness().judge(story().end(reason="interrupted").run())
        assert (verdict.finding, verdict.because) == ("broken", "the run stopped short: interrupted")


class TestStandstill:
    """A stall of the harness is never the client's: the run is invalid."""

    @staticmethod
    def switched(applied: float | None, lifted: float | None) -> Story:
        told = Story().head("app").looks().fault(4000, 6000, "slow", plane="network")
        if applied is not None:
            told.add(ev.InjectionApplied(at=at(applied), injection="slow", due=at(4000)))
        if lifted is not None:
            told.add(ev.InjectionLifted(at=at(lifted), injection="slow", due=at(6000)))
        return told

    @pytest.mark.parametrize(
        ("applied", "lifted", "says"),
        [
            (4010, 6010, None),
            (4010, None, "slow was due to be switched off at 6 s, and was not"),
            (5100, 6010, "slow was switched on 1.1 s late"),
            (4010, 9500, "slow was switched off 3.5 s late"),
        ],
    )
    def test_a_toxic_is_switched_in_time(self, applied: float, lifted: float | None, says: str | None) -> None:
        verdict = Harness().judge(self.switched(applied, lifted).end().run())
        assert (verdict.finding == "held") is (says is None)
        assert says is None or says in verdict.because

    @pytest.mark.parametrize(("since", "until", "held"), [(2000, 5000, False), (-9000, -4000, True)])
    def test_a_plane_that_stood_still(self, since: float, until: float, held: bool) -> None:
        stall = ev.PlaneStalled(at=at(max(until, 1)), plane="network", since=at(since), until=at(until))
        verdict = Harness().judge(story().add(stall).end().run())
        assert (verdict.finding == "held") is held, "what was before 0 s harmed nobody"
        assert held or verdict.because == "network stood still for 3 s from 2 s on"

    @pytest.mark.parametrize(
        ("late_ms", "paused", "because"),
        [
            (1900, False, None),
            (3000, True, None),
            (
                3000, False,
                "app began 1 call more than 2 s late, the latest 3 s after it was due: this machine was too busy for it",
            ),
        ],
    )  # fmt: skip
    def test_a_client_that_the_machine_held_up(self, late_ms: int, paused: bool, because: str | None) -> None:
        told = Story().head("app")
        if paused:
            pause = ev.InjectionPlanned(
                at=at(-60), injection="pause", plane="process", fault="pause", where="app",
                target={"process": "app"}, spans=((at(4000), at(6900)),),
            )  # fmt: skip
            told.add(pause, ev.InjectionApplied(at=at(4000), injection="pause", due=at(4000)))
            told.add(ev.InjectionLifted(at=at(6900), injection="pause", due=at(6900)))
        told.call("app", 4000, 4010)
        started = next(event for event in told.events if isinstance(event, ev.CallStarted))
        told.events.remove(started)
        told.add(started.with_fields(due=at(4000), at=at(4000 + late_ms)))
        verdict = Harness().judge(told.end().run())
        assert verdict.finding == ("held" if because is None else "broken")
        assert because is None or verdict.because == because


class TestCanary:
    def test_all_looks_good(self) -> None:
        verdict = CanaryResolves().judge(story().looks().run())
        assert verdict.finding == "held"
        assert "all 10 looks at canary.test" in verdict.because

    def test_one_bad_look_breaks_it(self) -> None:
        run = story().looks(failed=[6000]).run()
        verdict = CanaryResolves().judge(run)
        assert verdict.finding == "broken"
        assert "1 of 10 looks at canary.test failed, first: gaierror -3" in verdict.because
        (seq,) = verdict.evidence
        event = run.entries[seq - 1].event
        assert isinstance(event, ev.CanaryChecked)
        assert not event.ok

    def test_no_look_at_all(self) -> None:
        verdict = CanaryResolves().judge(story().run())
        assert (verdict.finding, verdict.because) == ("broken", "the canary name was never looked up")

    def test_a_phase_without_a_look(self) -> None:
        verdict = CanaryResolves().judge(story().looks(missing=[5000, 6000]).end().run())
        assert (verdict.finding, verdict.because) == ("broken", "no look fell into the fault of 2 s")

    def test_one_look_in_a_phase_is_enough(self) -> None:
        assert CanaryResolves().judge(story().looks(missing=[5000]).end().run()).finding == "held"

    def test_a_phase_too_short_for_a_look_needs_none(self) -> None:
        short = Story().head("app").fault(5100, 5900).looks()
        assert CanaryResolves().judge(short.end().run()).finding == "held"

    def test_a_look_that_spans_a_phase_is_a_look_in_it(self) -> None:
        slow = story().looks(missing=[5000, 6000])
        slow.add(ev.CanaryChecked(at=at(7100), name="canary.test", ok=True, detail="", latency_ns=1_900_000_000))
        assert CanaryResolves().judge(slow.end().run()).finding == "held"

    def test_a_look_that_was_answered_late_breaks_it(self) -> None:
        slow = story().looks()
        slow.add(ev.CanaryChecked(at=at(7100), name="canary.test", ok=True, detail="", latency_ns=2_200_000_000))
        verdict = CanaryResolves().judge(slow.end().run())
        assert (verdict.finding, verdict.because) == ("broken", "a look at canary.test was answered only after 2.2 s")

    def test_a_pause_between_looks_breaks_it(self) -> None:
        verdict = CanaryResolves().judge(Story().head("app").looks(missing=[3000, 4000, 5000, 6000]).end().run())
        assert (verdict.finding, verdict.because) == ("broken", "there was no look at canary.test for 5 s")

    def test_a_run_that_stopped_early_owes_no_look_after_that(self) -> None:
        stopped = Story().head("app").fault(5000, 7000)
        for second in range(3):
            stopped.add(ev.CanaryChecked(at=at(second * 1000), name="c", ok=True, detail="", latency_ns=1))
        assert CanaryResolves().judge(stopped.run()).finding == "held"


class TestFaultExercised:
    def test_who_met_it_and_who_did_not(self) -> None:
        run = story().lookup("app", 5500, 1000, faults=("blank",)).run()
        verdict = FaultExercised().judge(run)
        assert verdict.finding == "held"
        assert verdict.because == "blank met 2 queries (app 2); never met by other"
        assert [run.entries[seq - 1].event.kind for seq in verdict.evidence] == ["query", "query"]

    def test_queries_that_it_did_not_touch_do_not_count(self) -> None:
        verdict = FaultExercised().judge(story().lookup("app", 5500, 1000).run())
        assert verdict.finding == "broken"
        assert "blank met no query, no connection and no request" in verdict.because

    def test_toxiproxy_is_silent_and_the_verdict_says_so(self) -> None:
        ready = ev.PlaneReady(at=0, plane="network", silent=True, implementation="Toxiproxy 2.5.0", addresses={}, pid=1)
        verdict = FaultExercised("slow").judge(story().fault(8000, 9000, "slow", "network").add(ready).run())
        assert verdict.finding == "broken"
        assert "Toxiproxy does not tell whether a toxic met it" in verdict.because
        assert "Toxiproxy" not in FaultExercised("blank").judge(story().add(ready).run()).because

    def test_every_injection_must_be_met(self) -> None:
        run = story().fault(8000, 9000, "second").lookup("app", 5500, 1000, faults=("blank",)).run()
        assert FaultExercised().judge(run).finding == "broken"
        assert FaultExercised().judge(run).because.startswith("second met no")
        assert FaultExercised("blank").judge(run).finding == "held"
        assert FaultExercised("second").judge(run).finding == "broken"

    def test_a_run_that_ended_before_its_faults_were_planned(self) -> None:
        early = Story().head("app")
        early.events = [
            event.with_fields(experiment={"timeline": [{"dns": "empty"}]})
            if isinstance(event, ev.RunStarted)
            else event
            for event in early.events
        ]
        verdict = FaultExercised().judge(early.run())
        assert (verdict.finding, "ended before" in verdict.because) == ("unknown", True)
        assert FaultExercised().judge(Story().head("app").run()).finding == "broken"

    def test_an_injection_that_was_not_planned(self) -> None:
        assert FaultExercised("gone").judge(story().run()).finding == "unknown"

    def test_nothing_planned_is_nothing_tested(self) -> None:
        assert FaultExercised().judge(Story().head("app").run()).finding == "broken"

    def test_a_connection_counts_once_though_seen_twice(self) -> None:
        proxied = Story().head("app").fault(5000, 7000, "slow", "network")
        proxied.add(
            ev.ConnectionOpened(
                at=at(5100), connection="1", proxy="p", peer="a:1", upstream_peer="b:1", toxics=("slow",)
            ),
            ev.ConnectionClosed(at=at(5200), connection="1", proxy="p", bytes_up=1, bytes_down=1, toxics=("slow",)),
        )
        verdict = FaultExercised().judge(proxied.run())
        assert (verdict.finding, verdict.because) == ("held", "slow met 1 connection")
