"""The map of tipping points: its fates, its line, its loop, and the witnesses of one cell."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from chaoskit.cascade.map.changes import Cost, find_loop
from chaoskit.cascade.map.field import draw_field
from chaoskit.cascade.map.grid import Fate, Grid, draw_grid
from chaoskit.cascade.map.page import apart
from chaoskit.cascade.map.prospects import prospect_words, prospects_of
from chaoskit.cascade.map.tipping import Line, find_line, vulnerable_from
from chaoskit.cascade.map.witnesses import Witness, ask
from chaoskit.cascade.system.model import System
from tests.cascade.systems import chain_of, one_service

SMALL = one_service(6)


@pytest.fixture(scope="module")
def small() -> Grid:
    return draw_grid(SMALL, size=24)


@pytest.fixture(scope="module")
def line(small: Grid) -> Line:
    return find_line(small)


def test_a_longer_outage_or_a_higher_load_is_never_better(small: Grid) -> None:
    fates = small.fates
    assert (np.diff(fates, axis=0) >= 0).all()
    assert (np.diff(fates, axis=1) >= 0).all()
    assert {Fate(int(fate)) for fate in np.unique(fates)} == {Fate.RECOVERS, Fate.LATE, Fate.NEVER}


def test_one_retry_is_vulnerable_above_half_of_the_capacity(line: Line) -> None:
    least = vulnerable_from(line)
    assert least == pytest.approx(5, abs=10 / 24)
    assert line.steady


def test_the_line_lies_between_cells_of_different_fate(small: Grid, line: Line) -> None:
    for tip in line.tips:
        column = int(np.abs(small.loads_per_s - tip.load_per_s).argmin())
        for number, length in enumerate(small.outages_s):
            if abs(length - tip.outage_s) > tip.within_s:
                assert (small.fates[number, column] == Fate.NEVER) == (length > tip.outage_s)


def test_noise_puts_a_band_around_the_line(line: Line) -> None:
    band = {round(each.load_per_s, 1): each for each in line.band}
    near = min(band.values(), key=lambda each: abs(each.load_per_s - 6))
    tip = min(line.tips, key=lambda tip: abs(tip.load_per_s - near.load_per_s))
    assert near.low_s is not None
    assert near.middle_s is not None
    assert near.low_s <= near.middle_s
    assert near.low_s / 2 < tip.outage_s < near.middle_s * 3
    assert all(each.middle_s is None for load, each in band.items() if load < 4)


def test_without_retries_nothing_tips() -> None:
    grid = draw_grid(one_service(6, tries=1), size=12)
    assert grid.share(Fate.NEVER) == 0
    assert find_line(grid).tips == ()


def test_an_overload_that_needs_no_outage_is_told_apart() -> None:
    grid = draw_grid(SMALL, size=12, most_load_per_s=20)
    assert (grid.fates[:, grid.loads_per_s > 10.5] == Fate.UNWELL).all()


def test_the_field_points_home_on_one_side_of_the_edge_only() -> None:
    field = draw_field(SMALL, 6.0)
    assert field.note == ""
    least = {retries: waiting for waiting, retries in field.edge}
    assert all(10 < waiting < 40 for waiting in least.values())
    assert list(least.values()) == sorted(least.values(), reverse=True)
    assert field.waiting_drift[0, 3] < 0 < field.waiting_drift[-1, 8]
    assert draw_field(SMALL, 4.0).edge == ()
    assert "nobody retries" in draw_field(one_service(6, tries=1), 6.0).note


def test_labels_of_bands_do_not_lie_on_each_other() -> None:
    ends = [(100.0, 400.0, "5 %", "end"), (104.0, 398.0, "50 %", "middle"), (108.0, 396.0, "95 %", "start")]
    heights = [y for _, y, _, _ in apart(ends)]
    assert heights[0] == 400
    assert all(above <= below - 14 for below, above in pairwise(heights))
    assert apart([ends[0], (300.0, 400.0, "95 %", "start")])[1][1] == 400


def test_a_longer_queue_escapes_less_and_recovers_later() -> None:
    prospects = prospects_of(SMALL, 6.0)
    escape, recovery = prospects.escape[:, 0], prospects.recovery_s[:, 0]
    assert (np.diff(escape) <= 1e-9).all()
    assert (np.diff(recovery) >= -1e-6).all()
    assert (escape[0], recovery[0], escape[-1]) == (1, 0, 0)
    waiting = [waiting for waiting, _ in prospects.half()]
    assert waiting == sorted(waiting, reverse=True)
    assert len(list(prospect_words(prospects))) == 1 + len(prospects.rows())


def test_prospects_that_nobody_can_compute_are_unknown() -> None:
    prospects = prospects_of(chain_of(2, tries=2), 5.0)
    assert prospects.rows() == []
    assert prospects.half() == []
    (sentence,) = prospect_words(prospects)
    assert "unknown" in sentence
    assert "2 services" in sentence


def test_the_loop_is_named_by_its_two_mechanisms() -> None:
    loop = find_loop(SMALL, 6.0, 10.0)
    assert loop.fate == Fate.NEVER
    assert "callers give up on service after 2 s and try again" in loop.retry
    assert "service works off what waits in order" in loop.queue
    assert loop.promising[0].change.cost == Cost.CALLER_SETTING
    (machines,) = [trial for trial in loop.trials if trial.change.cost == Cost.MACHINES]
    assert machines.fate != Fate.NEVER
    assert "1.2" in machines.change.name, "two tries of 6 a second need 12 of 10"
    assert find_loop(SMALL, 3.0, 10.0).trials == ()


def test_a_longer_sleep_is_no_cure_for_one_retry_in_a_full_queue() -> None:
    """Each call still comes twice, only later: 12 a second against 10."""
    trials = {trial.change.name: trial.fate for trial in find_loop(SMALL, 6.0, 10.0).trials}
    (name,) = [name for name in trials if "sleep about" in name]
    assert trials[name] == Fate.NEVER


def test_three_witnesses_agree_on_a_cell_the_fourth_is_not_run() -> None:
    testimony = ask(SMALL, 7.0, 10.0)
    fluid, chain, simulation, real = testimony.witnesses
    assert fluid.well == 0
    assert chain.well is not None
    assert chain.well < 0.02
    assert simulation.well == 0
    assert real.words == "not run"
    assert testimony.disputes == ()


def test_witnesses_who_contradict_each_other_are_told() -> None:
    def liar(system: System, after_s: float) -> Witness:
        return Witness("real run", 1.0, 0.9, 1.0, f"well after {after_s:g} s at {system.load_per_s:g} a second")

    testimony = ask(SMALL, 7.0, 10.0, real=liar)
    assert any("real run" in dispute and "at 7 a second" in dispute for dispute in testimony.disputes)


def test_a_chain_that_cannot_be_asked_says_why() -> None:
    testimony = ask(chain_of(2, tries=2), 5.0, 1.0)
    assert testimony.witnesses[1].well is None
    assert "2 services" in testimony.witnesses[1].words


@pytest.mark.slow
def test_a_hundred_by_a_hundred_cells_take_less_than_ten_seconds() -> None:
    began = time.process_time()
    grid = draw_grid(replace(SMALL, title="for the clock"), size=100)
    assert grid.fates.shape == (100, 100)
    assert time.process_time() - began < 10
