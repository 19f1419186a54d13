"""The day's file, its mechanism, its fit and its table: what is arithmetic comes out exactly, what is a prior says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chaoskit.cascade.day.counterfactuals import Effect, Table, table_of
from chaoskit.cascade.day.fit import BLOCKS, Fit, fit_day, published_lengths
from chaoskit.cascade.day.mechanism import Actions, collapse, course_of
from chaoskit.cascade.day.plan import Day, read_day
from chaoskit.errors import ExperimentError
from chaoskit.experiment.document import read_document

FILE = Path(__file__).parents[2] / "experiments" / "outage" / "us-east-1-2025-10-20.yaml"
TEXT = FILE.read_text()


def read(text: str) -> Day:
    return read_day(read_document("day.yaml", text))


@pytest.fixture(scope="module")
def day() -> Day:
    return read(TEXT)


@pytest.fixture(scope="module")
def fit(day: Day) -> Fit:
    return fit_day(day, draws=25_000)


@pytest.fixture(scope="module")
def table(fit: Fit) -> Table:
    return table_of(fit)


@pytest.fixture(scope="module")
def effect(table: Table) -> Callable[[str], Effect]:
    return lambda name: next(each for each in table.effects if each.change.name == name)


def test_the_phases_have_their_published_lengths(day: Day) -> None:
    assert published_lengths(day) == {
        "negative_tail": 15, "drain": 74, "latency_rise": 53, "network": 308, "launches": 147,
    }  # fmt: skip
    assert day.events == {
        "record_emptied": 0, "record_back": 157, "throttled": 266, "failover_off": 588, "relaxed": 695,
    }  # fmt: skip


def test_the_clock_is_the_days_own(day: Day) -> None:
    assert [day.clock(minutes) for minutes in (0, 12, 340, 1440 + 13)] == ["23:48", "00:00", "05:28", "00:01 +1 d"]
    assert day.load(0) == 0.6
    assert day.load(12) == 0.55


def test_no_row_is_a_prediction_and_every_role_is_there(day: Day) -> None:
    assert day.predicted == ()
    assert {row.role for row in day.rows} == {"input", "fitted", "sign"}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('at: "05:28"', 'at: "5.28"', "rows[7].at: '5.28' is no time of day. Write one like 05:28."),
        ("phase: drain", "phase: drian", "there is no phase 'drian'. Known: negative_tail"),
        ("phase: drain, ", "", "phase 'drain' must stand in one row."),
        ("event: throttled", "event: throttle", "there is no event 'throttle'"),
        ("lease: {from: 30, to: 2880", "lease: {from: 30, to: 3", "parameters.lease: 'to' must be above 'from'."),
        ("  lease: {", "  leese: {", "parameters.leese: there is no such parameter."),
        ("role: sign", "role: sing", "'sing' is not known here."),
    ],
)
def test_a_wrong_file_is_told_with_line_and_field(before: str, after: str, message: str) -> None:
    assert before in TEXT
    with pytest.raises(ExperimentError) as refused:
        read(TEXT.replace(before, after, 1))
    assert message in str(refused.value)
    assert "day.yaml:" in str(refused.value)


@pytest.mark.parametrize("time_out", [1.0, 5.0, 15.0])
def test_the_loop_ends_alone_where_the_period_outweighs_the_rest(time_out: float) -> None:
    """By hand: a share T / (R - r) is in time before the queue is too long; the rest needs R (1 - share) a period of r + T."""
    release = 60.0
    periods = np.arange(0.3, 1.15, 0.05) * release
    retry = periods - time_out
    _, missing = collapse(
        np.full_like(retry, release), np.full_like(retry, time_out), retry, np.full_like(retry, 2_000.0)
    )
    for period, r, left in zip(periods, retry, missing, strict=True):
        if r <= 0:
            continue
        share = time_out / (release - r) if r < release else 1.0
        margin = period / release - (1 - min(1.0, share))
        if abs(margin) > 0.04:
            assert (left < 0.01) == (margin > 0), (period, left)


def test_a_time_out_longer_than_the_whole_queue_never_collapses() -> None:
    spent, missing = collapse(np.array([20.0]), np.array([21.0]), np.array([0.5]), np.array([100.0]))
    assert missing[0] == 0
    assert spent[0] == pytest.approx(20, abs=1)


def test_the_fit_reproduces_what_the_day_pins_down(fit: Fit) -> None:
    low, middle, high = fit.pinned["network load ÷ spare capacity"]
    assert low == pytest.approx(0.82, abs=0.01)
    assert high == pytest.approx(0.99, abs=0.01)
    assert middle == pytest.approx(308 / 340, abs=0.02)
    course = course_of(fit.draws, Actions.published(fit.day))
    assert np.abs(course.leases_held - course.throttled - 74).max() <= 7.4 + 1e-6
    assert not course.alone.any()
    assert min(fit.accepted[block] for block in BLOCKS) > 400


def test_what_nobody_published_stays_not_identified(fit: Fit) -> None:
    verdicts = {marginal.range.name: marginal.verdict for marginal in fit.marginals}
    assert {name for name, verdict in verdicts.items() if verdict == "pinned"} == {
        "negative_ttl", "network_load", "rise", "launch_load",
    }  # fmt: skip
    for name in ("lease", "retry", "throttle", "full_release", "repair", "utilisation"):
        assert verdicts[name] == "not identified", name


def test_a_phase_held_out_would_be_met_by_nearly_anything(fit: Fit) -> None:
    for held in fit.held_out:
        assert held.low < held.published < held.high
        assert held.high / held.low > 10


def test_intervals_hold_the_truth_on_days_made_from_the_prior(fit: Fit) -> None:
    assert 0.85 <= fit.coverage <= 0.95


def test_equal_seeds_give_equal_fits_and_other_seeds_others(day: Day) -> None:
    fit, again, other = (fit_day(day, seed=seed, draws=8_000) for seed in (3, 3, 4))
    assert fit.accepted == again.accepted != other.accepted
    assert all(np.array_equal(fit.draws[name], again.draws[name]) for name in fit.draws)


def test_the_throttle_half_an_hour_sooner_is_arithmetic(effect: Callable[[str], Effect]) -> None:
    sooner = effect("the throttle half an hour sooner")
    assert sooner.change.kind == "arithmetic"
    assert [round(value) for value in sooner.launches_earlier] == [55, 57, 60]


def test_a_throttle_by_queue_length_gains_hours_in_every_draw(effect: Callable[[str], Effect]) -> None:
    throttle = effect("throttle by queue length")
    assert throttle.values.min() > 100
    assert throttle.launches_earlier[0] == pytest.approx(210, abs=25)
    assert throttle.launches_earlier[1] == pytest.approx(290, abs=25)
    assert throttle.alone == 1


def test_without_the_race_nothing_of_the_day_is_left(effect: Callable[[str], Effect]) -> None:
    for name in ("the race is fixed", "all together"):
        left = effect(name).left
        assert all(values is not None and max(values) == 0 for values in left.values())


def test_priors_reach_from_nothing_to_hours(effect: Callable[[str], Effect]) -> None:
    for name in ("leases × 4", "retry period × 10"):
        low, _, high = effect(name).launches_earlier
        assert effect(name).change.kind == "prior"
        assert low == pytest.approx(0, abs=1)
        assert high > 250


def test_short_negative_ttl_and_velocity_control_move_no_launch(effect: Callable[[str], Effect]) -> None:
    for name in ("negative TTL of 60 s", "velocity control", "jitter of the same mean"):
        assert effect(name).launches_earlier == (0, 0, 0)
    tail = effect("negative TTL of 60 s").left["DynamoDB"]
    assert tail is not None
    assert tail[1] == pytest.approx(1 - (15 - 1) / 2 / (157 + 7.5), abs=0.01), "of 157 minutes and half of a tail of 15"


def test_an_order_is_given_only_where_it_holds(table: Table) -> None:
    effects = {each.change.name: each.values for each in table.effects}
    for number, group in enumerate(table.worth):
        for better in group:
            for worse in [name for later in table.worth[number + 1 :] for name in later]:
                assert (effects[better] > effects[worse]).mean() >= 0.95, (better, worse)
    assert table.worth[0] == ("the race is fixed",)
    assert len(table.worth[-1]) > 3


def test_elasticities_have_the_signs_of_the_mechanism(table: Table) -> None:
    assert table.elasticities["throttle"][2] < 0
    assert table.elasticities["network_load"][0] > 0.8
    assert table.elasticities["full_release"][0] > 0
    low, middle, high = table.period_threshold
    assert 0.3 < low < middle < high <= 1.01


def test_twice_as_long_an_outage_is_never_better(fit: Fit) -> None:
    base = Actions.published(fit.day)
    longer = course_of(fit.draws, replace(base, record_back=2 * base.record_back))
    assert (longer.recovered >= course_of(fit.draws, base).recovered).all()
