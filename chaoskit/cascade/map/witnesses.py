"""One cell asked of several witnesses: the fluid of the map, the Markov chain, the simulation event by event, and a small real run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from chaoskit.cascade.map.grid import FATE_WORDS, Fate, fates, watch_s
from chaoskit.cascade.system.chain import Chain, unfit
from chaoskit.cascade.system.events import Simulation
from chaoskit.cascade.system.fluid import GOOD_SHARE
from chaoskit.cascade.system.model import System
from chaoskit.spread import Z_99, wilson
from chaoskit.units import SECOND

PLAYS = 30
WARM_S = 30.0


@dataclass(frozen=True, slots=True)
class Witness:
    """``well``: the chance (or share of plays) to be well at the end of the watch, from ``low`` to ``high``; None: not asked, and why."""

    name: str
    well: float | None
    low: float
    high: float
    words: str


RealWitness: TypeAlias = Callable[[System, float], Witness]
"""Plays a system with real processes and watches it so many seconds after the outage's end."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """All witnesses of one cell. ``disputes``: who contradicts whom, in words; empty where they agree or nobody can be compared."""

    load_per_s: float
    outage_s: float
    watched_s: float
    witnesses: tuple[Witness, ...]
    disputes: tuple[str, ...]


def ask(
    system: System, load_per_s: float, outage_s: float, *, seed: int = 1, real: RealWitness | None = None
) -> Testimony:
    """Ask all about ``system`` at this load and outage. The real run takes as long as it takes; without ``real`` it is "not run"."""
    cell = replace(system, load_per_s=load_per_s, outage=replace(system.outage, for_ns=round(outage_s * SECOND)))
    after = watch_s(system, outage_s) - outage_s
    witnesses = (
        _fluid(cell),
        _chain(cell, after),
        _simulation(cell, after, seed),
        real(cell, after) if real else Witness("real run", None, 0, 1, "not run"),
    )
    return Testimony(load_per_s, outage_s, after, witnesses, _disputes(witnesses))


def simulate(system: System, load_per_s: float, outage_s: float, *, seed: int, plays: int) -> Witness:
    """The simulation alone, for example of a system with one change."""
    outage = replace(system.outage, for_ns=round(outage_s * SECOND))
    cell = replace(system, load_per_s=load_per_s, outage=outage)
    return _simulation(cell, watch_s(system, outage_s) - outage_s, seed, plays)


def _fluid(cell: System) -> Witness:
    import numpy as np

    fate = Fate(int(fates(cell, np.array([cell.load_per_s]), np.array([cell.outage.for_ns / SECOND]))[0]))
    well = 0.0 if fate == Fate.NEVER else 1.0
    return Witness("fluid (the map)", well, well, well, FATE_WORDS[fate])


def _chain(cell: System, after_s: float) -> Witness:
    import numpy as np

    if reason := unfit(cell):
        return Witness("Markov chain", None, 0, 1, f"not asked: {reason}")
    chain = Chain(cell, cell.load_per_s)
    start = np.zeros_like(chain.fails)
    start[0, 0] = 1.0
    broken = chain.after(chain.after(start, WARM_S), cell.outage.for_ns / SECOND, cell.outage.capacity_left)
    end = chain.after(broken, after_s)
    well = float((end * (chain.fails < 1 - GOOD_SHARE)).sum())
    escape, recovery = chain.hitting()
    escapes, mean = float((broken * escape).sum()), float((broken * recovery).sum())
    words = (
        f"well again after {after_s:g} s with chance {well:.3f}; escapes without a collapse with chance {escapes:.3f}; "
        f"mean time to recover {long_words(mean)}"
    )
    return Witness("Markov chain", well, well, well, words)


def _simulation(cell: System, after_s: float, seed: int, plays: int = PLAYS) -> Witness:
    ends = WARM_S + cell.outage.for_ns / SECOND + after_s
    look = max(10, int(4 * cell.longest_timeout_ns() / SECOND))
    recovered = 0
    for play in range(plays):
        simulation = Simulation(cell, seed=seed * 1000 + play, outage_at_ns=int(WARM_S * SECOND))
        seconds = simulation.run(round(ends * SECOND))[:-1][-look:]
        fresh, good = sum(second.fresh for second in seconds), sum(second.good for second in seconds)
        recovered += good >= 0.5 * fresh
    low, high = wilson(recovered, plays, Z_99)
    words = f"well again in {recovered} of {plays} plays (99 % interval {low:.2f} to {high:.2f})"
    return Witness("simulation", recovered / plays, low, high, words)


def _disputes(witnesses: tuple[Witness, ...]) -> tuple[str, ...]:
    heard = [witness for witness in witnesses if witness.well is not None]
    disputes = []
    for number, witness in enumerate(heard):
        for other in heard[number + 1 :]:
            apart = witness.high < other.low or other.high < witness.low
            both_sure = all(w.well is not None and abs(w.well - 0.5) > 0.25 for w in (witness, other))
            same_side = (witness.well or 0) > 0.5, (other.well or 0) > 0.5
            if witness.name.startswith("fluid") or other.name.startswith("fluid"):
                apart = apart and (same_side[0] != same_side[1]) and both_sure
            if apart:
                disputes.append(f"{witness.name} and {other.name} disagree: {witness.words} / {other.words}")
    return tuple(disputes)


def long_words(seconds: float) -> str:
    """A time of any length in words."""
    if seconds < 600:
        return f"{seconds:.0f} s"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} h"
    if seconds < 3.15e8:
        return f"{seconds / 86_400:.0f} days"
    return f"more than {min(seconds / 3.15e7, 1e12):.0e} years"
