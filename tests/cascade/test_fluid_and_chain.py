"""The fluid and the Markov chain are held to the event-by-event engine, and each to what can be calculated by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chaoskit.cascade.system.chain import Chain, unfit
from chaoskit.cascade.system.events import Simulation
from chaoskit.cascade.system.fluid import Fluid
from chaoskit.cascade.system.model import System
from chaoskit.units import SECOND
from tests.cascade.systems import chain_of, one_service


def fluid_lag(system: System, until_s: float = 200) -> tuple[float, bool]:
    outage = np.array([system.outage.for_ns / SECOND])
    outcome, _ = Fluid(system, np.array([system.load_per_s]), outage).run(until_s)
    return float(outcome.lag_s[0]), bool(outcome.well[0])


def event_lag(system: System, seed: int, until_s: int = 200) -> float:
    """Seconds from the outage's end until calls end well again; the whole watch if they do not."""
    start = 20
    end = start + system.outage.for_ns // SECOND
    seconds = Simulation(system, seed=seed, outage_at_ns=start * SECOND).run((end + until_s) * SECOND)
    window = 4
    for at in range(end, len(seconds) - window):
        fresh = sum(second.fresh for second in seconds[at : at + window])
        if sum(second.good for second in seconds[at : at + window]) >= 0.95 * fresh:
            return at - end
    return until_s


@pytest.mark.parametrize("load", [60, 120])
def test_recovery_takes_the_fluid_as_long_as_the_simulation(load: int) -> None:
    """One service of 300 a second with one retry: backlog / (300 - 2 * load); a tenth and 3 s apart at most, mean of three seeds."""
    system = one_service(load, capacity_per_s=300, queue=None, timeout_s=1)
    lag, well = fluid_lag(system)
    mean = sum(event_lag(system, seed) for seed in range(3)) / 3
    assert well
    assert mean == pytest.approx(lag, rel=0.1, abs=3)


@pytest.mark.parametrize(("load", "drift"), [(149, -1), (151, 1)])
def test_the_threshold_of_one_retry_is_half_of_the_capacity(load: float, drift: int) -> None:
    system = one_service(load, capacity_per_s=300, queue=None, timeout_s=1)
    outcome, _ = Fluid(system, np.array([load]), np.array([10.0])).run(100)
    assert np.sign(outcome.drift[0]) == drift


@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize(("times", "collapses"), [(0.5, False), (1.5, True)])
def test_layers_collapse_in_the_fluid_as_in_the_simulation(layers: int, times: float, collapses: bool) -> None:
    """Three tries a layer: 3 ** layers times the load against a capacity of 200, without a limit on the queues."""
    system = chain_of(layers, tries=3, load_per_s=times * 200 / 3**layers, queue=None)
    assert fluid_lag(system, 60)[1] is not collapses
    assert (event_lag(system, 1, 60) == 60) is collapses


def test_instant_refusals_without_back_off_leave_no_retries() -> None:
    """A full queue ends all tries of a call at once, in both: so nothing is left to keep the collapse alive."""
    system = chain_of(2, tries=3, load_per_s=33, queue=400)
    assert fluid_lag(system, 60)[1]
    assert event_lag(system, 1, 60) < 10


def test_cells_do_not_touch_each_other() -> None:
    system = one_service(6)
    loads, outages = np.array([4.0, 6.0, 8.0]), np.array([5.0, 10.0, 1.0])
    together, _ = Fluid(system, loads, outages).run(100)
    for number in range(3):
        alone, _ = Fluid(system, loads[number : number + 1], outages[number : number + 1]).run(100)
        assert alone.lag_s[0] == together.lag_s[number]
        assert alone.waiting[0] == pytest.approx(together.waiting[number])


def test_noise_is_replayed_from_its_seed_and_means_the_same() -> None:
    system = one_service(4.0)
    loads, outages = np.full(400, 4.0), np.full(400, 10.0)
    outcome, _ = Fluid(system, loads, outages, noise=7).run(60)
    again, _ = Fluid(system, loads, outages, noise=7).run(60)
    assert np.array_equal(outcome.waiting, again.waiting)
    assert outcome.good_share.mean() == pytest.approx(1.0, abs=0.05)


def test_rows_of_the_chains_generator_sum_to_nothing_new() -> None:
    """Without a retry and with time-outs that never come the chain is M/M/1/K, whose distribution is geometric."""
    system = one_service(6, tries=1, queue=20)
    chain = Chain(system, 6.0)
    start = np.zeros_like(chain.fails)
    start[0, 0] = 1.0
    settled = chain.after(start, 400.0)[:, 0]
    geometric = 0.6 ** np.arange(21)
    assert settled == pytest.approx(geometric / geometric.sum(), abs=1e-6)


def test_hitting_times_agree_with_a_walk_step_by_step() -> None:
    """The mean time to be healthy equals the integral of the chance not to have been healthy yet."""
    chain = Chain(one_service(4.0, queue=14), 4.0)
    _, recovery = chain.hitting()
    goal = chain.healthy()
    for change, rate in chain.changes.items():
        chain.changes[change] = np.where(goal, 0.0, rate)
    chain.serve = np.where(goal, 0.0, chain.serve)
    mass = np.zeros_like(chain.fails)
    mass[-1, 0] = 1.0
    step, mean = 0.5, 0.0
    for _ in range(400):
        after = chain.after(mass, step)
        mean += step * (1 - (mass[goal].sum() + after[goal].sum()) / 2)
        mass = after
    assert mean == pytest.approx(recovery[-1, 0], rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("load", [4.0, 5.0, 6.0, 7.0])
def test_chain_and_simulation_agree_on_the_chance_to_recover(load: float) -> None:
    """Two hundred plays; the difference stays within 0.15, four standard deviations of a share plus the chain's own assumptions."""
    system = one_service(load)
    chain = Chain(system, load)
    start = np.zeros_like(chain.fails)
    start[0, 0] = 1.0
    end = chain.after(chain.after(chain.after(start, 30.0), 10.0, serving=0.0), 120.0)
    chance = float((end * (chain.fails < 0.05)).sum())
    recovered = 0
    for seed in range(200):
        seconds = Simulation(system, seed=seed, outage_at_ns=30 * SECOND).run(161 * SECOND)[140:160]
        recovered += sum(s.good for s in seconds) >= 0.5 * sum(s.fresh for s in seconds)
    assert abs(recovered / 200 - chance) < 0.15


def test_the_chain_says_what_it_cannot_be_asked() -> None:
    assert "2 services" in unfit(chain_of(2, tries=2))
    assert "without a limit" in unfit(one_service(5, queue=None))
    assert "constant" in unfit(one_service(5, law="constant"))
    assert unfit(replace(one_service(5), title="another")) == ""
    with pytest.raises(ValueError, match="queue"):
        Chain(one_service(5, queue=5000), 5.0)
