"""The demo's figures are what was simulated, and no figure claims what the journal does not hold."""

from hypothesis import given, settings

from chaoskit.journal.events import CallFinished, CallStarted
from chaoskit.journal.run import Run
from chaoskit.report.figures import ClientFigures, all_figures, carriage
from chaoskit.report.health import all_injections, carried, health_of
from chaoskit.units import MILLISECOND, SECOND
from tests.effort import examples
from tests.journal.story import ORIGIN
from tests.report.anything import journals
from tests.report.journals import Caller, Journals, demo, steady


def figures_of(run: Run) -> dict[str, ClientFigures]:
    return {figures.name: figures for figures in all_figures(run)}


def test_demo_fates() -> None:
    found = figures_of(Run(demo()))
    assert {name: figures.fate for name, figures in found.items()} == {
        "cold": "down",
        "warm": "unaffected",
        "burst": "partly",
        "legacy": "retried",
    }


def test_cold_gives_up_and_stops_retrying_at_a_spent_quota() -> None:
    cold = figures_of(Run(demo()))["cold"]
    assert (cold.phase("fault").ok, cold.phase("fault").failed) == (0, 80)
    assert cold.attempts_per_failed is not None
    assert (cold.attempts_per_failed.least, cold.attempts_per_failed.most) == (1, 4)
    assert cold.failed_after_ns is not None
    assert cold.failed_after_ns.most < 250 * MILLISECOND
    # 500 tokens at 14 a retry pay for 35 retries: 11 calls of 3 and one of 2.
    assert [step.slept_ns.n for step in cold.sleeps] == [12, 12, 11]
    (error,) = cold.errors
    assert (error.count, error.errno) == (80, -5)
    assert error.meaning is not None
    assert "EAI_NODATA" in error.meaning
    assert cold.pooled == 0


def test_warm_makes_no_lookup_in_the_fault() -> None:
    warm = figures_of(Run(demo()))["warm"]
    assert (warm.phase("fault").ok, warm.phase("fault").calls) == (80, 80)
    assert (warm.lookups, warm.lookups_in_fault) == (1, 0)
    assert (warm.pooled, warm.carried) == (159, 160)
    assert not warm.recovery.noticed
    assert not warm.errors
    assert not warm.sleeps


def test_legacy_waits_out_the_fault() -> None:
    legacy = figures_of(Run(demo()))["legacy"]
    assert [step.slept_ns.middle for step in legacy.sleeps] == [50 * MILLISECOND * 2**n for n in range(9)]
    assert legacy.longest is not None
    assert legacy.longest.elapsed_ns is not None
    assert 25 * SECOND < legacy.longest.elapsed_ns < 26 * SECOND
    assert len(legacy.longest.attempts) == 10
    assert legacy.gap_ns is not None
    assert legacy.gap_ns >= legacy.longest.elapsed_ns
    assert legacy.recovery.lag_ns is not None
    assert 5 * SECOND < legacy.recovery.lag_ns < 6 * SECOND


def test_burst_has_pooled_and_failed_calls() -> None:
    run = Run(demo())
    burst = figures_of(run)["burst"]
    fault = burst.phase("fault")
    assert 0 < fault.ok < fault.failed
    assert all(carriage(call) == "pooled" for call in run.calls_in("burst", "fault") if call.result == "ok")


def test_open_connections_against_new_ones() -> None:
    ways = carried(Run(demo()), "fault")
    assert ways["pooled"].ok == ways["pooled"].calls > 80
    assert ways["dialed"].ok < 10 < ways["dialed"].calls


def test_windows_as_met() -> None:
    (blank,) = all_injections(Run(demo()))
    (span,) = blank.spans
    assert (span.start, span.end) == (ORIGIN + 5 * SECOND, ORIGIN + 25 * SECOND)
    assert span.first is not None
    assert span.last is not None
    assert span.start <= span.first < span.last < span.end
    assert span.met == blank.met > 100
    assert blank.outside == 0


def test_several_windows_and_an_unmet_one() -> None:
    journal = Journals(
        blanks=[(SECOND, 2 * SECOND), (3 * SECOND, 4 * SECOND), (6 * SECOND, 7 * SECOND)], length=8 * SECOND
    )
    journal.head()
    journal.ready("cold")
    journal.arm()
    journal.length = 5 * SECOND
    steady(Caller(journal, "cold", keep=False))
    (blank,) = all_injections(Run(journal.entries()))
    assert [bool(span.met) for span in blank.spans] == [True, True, False]
    assert blank.spans[2].first is None


def test_a_healthy_harness_and_a_sick_one() -> None:
    assert health_of(Run(demo())).well
    journal = Journals(length=2 * SECOND)
    journal.head()
    journal.arm()
    journal.canary(bad=True)
    journal.end()
    health = health_of(Run(journal.entries()))
    assert (health.canary_checks, health.canary_ok) == (2, 0)
    assert not health.well


def test_a_journal_without_an_end_is_not_well() -> None:
    whole = demo()
    assert health_of(Run(whole[:-1])).ended is None
    assert not health_of(Run(whole[:-1])).well


def test_a_call_without_an_end_is_unknown_and_counts_as_waiting() -> None:
    journal = Journals()
    journal.head()
    journal.ready("hung")
    journal.arm()
    journal.call("hung", 1, 6 * SECOND)
    journal.end()
    hung = figures_of(Run(journal.entries()))["hung"]
    assert (hung.unknown, hung.ok, hung.failed) == (1, 0, 0)
    assert hung.fate == "unfinished"
    assert hung.longest is not None
    assert hung.longest.elapsed_ns is None
    assert hung.gap_ns == 34 * SECOND  # from the call to the end of the run


@settings(max_examples=examples(60), deadline=None)
@given(journals())
def test_no_figure_claims_what_the_journal_does_not_hold(run: Run) -> None:
    started = [event for _, event in run.of(CallStarted)]
    finished = [event for _, event in run.of(CallFinished)]
    for figures in all_figures(run):
        mine = {event.call for event in started if event.client == figures.name}
        assert figures.calls == len(mine)
        for result, count in (("ok", figures.ok), ("failed", figures.failed)):
            ended = {e.call for e in finished if e.client == figures.name and e.result == result}
            assert count <= len(ended & mine)
        assert figures.pooled <= figures.carried <= figures.calls
        assert figures.lookups_empty_in_fault <= figures.lookups_in_fault <= figures.lookups
        assert sum(error.count for error in figures.errors) == figures.failed
