from __future__ import annotations

import pytest

from chaoskit.journal import events as ev
from chaoskit.journal.recovery import Recovery
from chaoskit.units import MILLISECOND
from tests.journal.story import Story, at


def blank() -> Story:
    """5 s to 7 s empty, 10 s in all, one client."""
    return Story().head("app").fault(5000, 7000)


def lag_ms(story: Story) -> float | None:
    recovery = story.end().run().recovery("app")
    assert recovery.noticed
    return None if recovery.lag_ns is None else recovery.lag_ns / MILLISECOND


class TestPhases:
    @pytest.mark.parametrize(
        ("ms", "phase"),
        [
            (0, "baseline"),
            (4999, "baseline"),
            (5000, "fault"),
            (6999, "fault"),
            (7000, "recovery"),
            (99_000, "recovery"),
        ],
    )
    def test_edges_are_half_open(self, ms: float, phase: str) -> None:
        assert blank().run().phase_at(at(ms)) == phase

    def test_overlapping_and_touching_faults_are_one_span(self) -> None:
        story = (
            Story()
            .head("app")
            .fault(1000, 3000, "a")
            .fault(2000, 4000, "b")
            .fault(4000, 5000, "c")
            .fault(7000, 8000, "d")
        )
        run = story.run()
        assert run.fault_spans == [(at(1000), at(5000)), (at(7000), at(8000))]
        assert run.phase_at(at(6000)) == "recovery"

    def test_a_span_inside_another_does_not_shorten_it(self) -> None:
        assert Story().head().fault(1000, 9000, "a").fault(2000, 3000, "b").run().fault_spans == [(at(1000), at(9000))]

    def test_a_fault_of_no_length_is_no_fault(self) -> None:
        run = Story().head("app").fault(5000, 5000).run()
        assert run.fault_spans == []
        assert run.phase_at(at(6000)) == "baseline"

    def test_a_call_is_of_the_phase_in_which_it_started(self) -> None:
        story = blank()
        story.call("app", 4990, 5500, "failed")
        story.call("app", 6990, 7500)
        run = story.run()
        assert [call.number for call in run.calls_in("app", "baseline")] == [1]
        assert [call.number for call in run.calls_in("app", "fault")] == [2]
        assert len(run.calls_in("app", None)) == 2

    def test_a_call_that_met_a_fault_is_of_it_whenever_it_began(self) -> None:
        story = blank().lookup("app", 5100, 1000, faults=("blank",))
        story.call("app", 4900, 5200, "failed")
        story.call("app", 4950, 5300)
        story.events = [
            event for event in story.events if not isinstance(event, ev.AttemptStarted | ev.AttemptFinished)
        ]
        run = story.run()
        assert [run.phase_of(call) for call in run.calls["app"]] == ["fault", "fault"], (
            "both were under way at its lookup"
        )
        assert run.calls_in("app", "baseline") == []


class TestWhoIsThere:
    def test_the_canary_is_no_client_under_test(self) -> None:
        assert list(Story().head("b", "a").run().clients) == ["b", "a"]

    def test_a_client_without_calls_has_none(self) -> None:
        assert Story().head("app").run().calls == {"app": ()}

    def test_a_run_that_was_never_armed_counts_from_its_head(self) -> None:
        story = Story()
        story.add(*(event for event in Story().head("app").events if not isinstance(event, ev.TimelineArmed)))
        run = story.run()
        assert run.armed is None
        assert run.origin == run.header.at
        assert run.ends == run.entries[-1].event.at


def test_what_met_the_fault_is_in_order_of_the_journal() -> None:
    story = blank().lookup("app", 5500, 1000, faults=("blank",)).lookup("app", 6000, 1001)
    story.add(
        ev.ConnectionOpened(at=at(5600), connection="1", proxy="p", peer="a:1", upstream_peer="b:1", toxics=("blank",)),
        ev.ConnectionClosed(
            at=at(5700), connection="2", proxy="p", bytes_up=0, bytes_down=0, toxics=("other", "blank")
        ),
    )
    run = story.run()
    kinds = [run.entries[seq - 1].event.kind for seq in run.met("blank")]
    assert kinds == ["query", "query", "connection_opened", "connection_closed"]
    assert run.met("none such") == []


@pytest.mark.parametrize(
    ("opened", "closed", "met"),
    [
        (4000, 4999, False),
        (4000, 5001, True),
        (5500, 5600, True),
        (6999, 9000, True),
        (7000, 7400, False),
        (7005, None, False),
    ],
)
def test_a_connection_outside_the_window_has_not_met_the_toxic(opened: int, closed: int | None, met: bool) -> None:
    story = blank()
    story.add(
        ev.ConnectionOpened(
            at=at(opened), connection="1", proxy="p", peer="a:1", upstream_peer="b:1", toxics=("blank",)
        )
    )
    if (
        closed is not None
    ):  # the toxic was put on a little early and lifted a little late, so it says that it touched it
        ended = ev.ConnectionClosed(
            at=at(closed), connection="1", proxy="p", bytes_up=0, bytes_down=0, toxics=("blank",)
        )
        story.add(ended)
    assert bool(story.run().met("blank")) is met


class TestRecovery:
    def test_without_a_fault_no_recovery_is_known(self) -> None:
        story = Story().head("app")
        story.call("app", 0, 10, "failed")
        assert story.run().recovery("app") == Recovery(status="unknown")

    def test_a_client_that_never_noticed_is_well_at_once(self) -> None:
        story = blank()
        for when in range(0, 10_000, 250):
            story.call("app", when, when + 5)
        recovery = story.end().run().recovery("app")
        assert (recovery.status, recovery.lag_ns) == ("unnoticed", None)

    def test_trouble_before_the_fault_is_not_the_faults(self) -> None:
        story = blank()
        story.call("app", 0, 10, "failed")
        story.call("app", 8000, 8005)
        assert not story.run().recovery("app").noticed

    def test_lag_ends_with_the_first_success_after_the_last_failure(self) -> None:
        story = blank()
        story.call("app", 5100, 5200, "failed")
        story.call("app", 6990, 7100, "failed")
        story.call("app", 7250, 7260)
        story.call("app", 7500, 7510)
        assert lag_ms(story) == 260

    def test_a_success_before_a_later_failure_is_not_yet_recovery(self) -> None:
        story = blank()
        story.call("app", 6900, 6950, "failed")
        story.call("app", 7000, 7010)
        story.call("app", 7250, 7300, "failed")
        story.call("app", 7500, 7510)
        assert lag_ms(story) == 510

    def test_a_call_that_outlasts_the_fault_recovers_when_it_ends(self) -> None:
        story = blank()
        story.call("app", 5100, 9400, tries=[(5100, 5110), (9390, 9400)])
        story.call("app", 9500, 9510)
        assert lag_ms(story) == 2400

    def test_while_a_call_is_still_retried_the_client_is_not_well(self) -> None:
        story = blank()
        story.call("app", 5100, 9000, tries=[(5100, 5110), (8990, 9000)], concurrent=True)
        story.call("app", 7100, 7110)
        assert lag_ms(story) == 2000

    def test_failing_to_the_end_is_no_recovery(self) -> None:
        story = blank()
        story.call("app", 5100, 5200, "failed")
        story.call("app", 7100, 7110)
        story.call("app", 9000, 9100, "failed")
        assert lag_ms(story) is None

    def test_a_call_that_hangs_is_no_recovery(self) -> None:
        story = blank()
        story.call("app", 5100, None)
        story.call("app", 7100, 7110)
        assert lag_ms(story) is None

    def test_a_call_that_ended_with_its_killed_process_does_not_hang(self) -> None:
        story = killed(5500)
        story.call("app", 5400, None)
        story.call("app", 7100, 7110)
        assert lag_ms(story) == 110
        assert [call.cut for call in story.run().calls["app"]] == [at(5500), None]

    def test_a_client_that_was_killed_has_noticed_also_between_calls(self) -> None:
        assert lag_ms(killed(5500)) is None, "it never came back"
        story = killed(5500)
        story.call("app", 7100, 7110)
        story.add(ev.ProcessEnded(at=at(9900), process="app", exit_code=0, expected=True))
        recovery = story.end().run().recovery("app")
        assert (recovery.noticed, recovery.lag_ns) == (True, 110 * MILLISECOND)

    def test_each_fault_is_judged_by_itself(self) -> None:
        story = blank().fault(8000, 8500, "second")
        story.call("app", 5100, 5200, "failed")
        story.call("app", 7100, 7110)
        story.call("app", 8100, 8110)
        story.call("app", 8600, 8610)
        assert lag_ms(story) == 110

    def test_a_retry_before_the_end_counts_as_noticed(self) -> None:
        story = blank()
        story.call("app", 5100, 5200, tries=[(5100, 5110), (5190, 5200)])
        story.call("app", 7250, 7260)
        recovery = story.end().run().recovery("app")
        assert recovery.noticed
        assert recovery.evidence


def killed(when: float) -> Story:
    """The process of ``app`` is killed then, by a fault from 5 s to 7 s."""
    story = blank()
    story.events = [
        event.with_fields(plane="process", where="app", target={"process": "app"})
        if isinstance(event, ev.InjectionPlanned)
        else event
        for event in story.events
    ]
    return story.add(ev.ProcessEnded(at=at(when), process="app", exit_code=-9, expected=True))


class TestProcessFaults:
    """What shows that a fault of a process was felt: the process's own end for a client, calls under it for a plane."""

    @staticmethod
    def story(target: str, *, called: float = 5500) -> Story:
        story = Story().head("app", "other").fault(5000, 7000, "hit", plane="process")
        story.events = [
            event.with_fields(where=target, target={"process": target})
            if isinstance(event, ev.InjectionPlanned)
            else event
            for event in story.events
        ]
        story.add(ev.InjectionApplied(at=at(5001), injection="hit", due=at(5000)))
        story.call("app", called, called + 10)
        return story

    def test_a_client_is_hit_when_the_fault_was_applied(self) -> None:
        run = self.story("app", called=1000).run()
        assert [run.entries[seq - 1].event for seq in run.met("hit")] == [run.of(ev.InjectionApplied)[0][1]]

    def test_a_plane_is_hit_only_by_calls_under_it(self) -> None:
        assert self.story("service", called=1000).run().met("hit") == []
        assert len(self.story("service", called=5500).run().met("hit")) == 2

    @pytest.mark.parametrize(
        ("target", "process", "died"), [("app", "app", 1), ("other", "app", 0), ("app", "other", 0)]
    )
    def test_only_the_target_s_own_end_is_its_death(self, target: str, process: str, died: int) -> None:
        story = self.story(target, called=1000)
        story.add(ev.ProcessEnded(at=at(5002), process=process, exit_code=-9, expected=True))
        assert len(story.run().deaths("app")) == died


def test_a_slow_baseline_hides_no_proven_toxic() -> None:
    """Toxiproxy tells nothing of a connection that was open already; two requests in a row over it prove a latency."""
    silent = ev.PlaneReady(at=at(-2500), plane="network", implementation="Toxiproxy", addresses={}, pid=1, silent=True)
    story = Story().head("app", "cold").add(silent)
    latency = ev.InjectionPlanned(
        at=at(-60),
        injection="slow",
        plane="network",
        fault="latency",
        where="dynamodb",
        target={"service": "dynamodb"},
        spans=((at(5000), at(7000)),),
        parameters={"latency": 300 * MILLISECOND, "jitter": 0},
    )
    story.add(latency, ev.InjectionApplied(at=at(5010), injection="slow", due=at(5000)))
    story.add(ev.InjectionLifted(at=at(7010), injection="slow", due=at(7000)))
    for nth, (start, length) in enumerate([(1000, 110), (5500, 320), (6000, 320), (8000, 15)], 1):
        number = story.call("app", start, start + length)
        story.arrival("app", number, start + 5, nth=nth)
    run = story.run()
    assert run.exposures("app") == {"slow"}
    assert run.exposures("cold") == frozenset()
