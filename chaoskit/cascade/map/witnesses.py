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
FLUID, REAL_RUN = "fluid (the map)", "real run"
LONGEST_WARM_S, WARM_TIMEOUTS = 30.0, 15.0


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


def warm_s(system: System) -> float:
    """How long a witness plays ``system`` before its outage: fifteen of the longest time-out, at most 30 s."""
    return min(LONGEST_WARM_S, WARM_TIMEOUTS * system.longest_timeout_ns() / SECOND)


def look_s(system: System, after_s: float) -> float:
    """The end of a watch of ``after_s`` in which calls are counted: 10 s or four of the longest time-out, at most a third of the watch."""
    return min(max(10.0, 4 * system.longest_timeout_ns() / SECOND), after_s / 3)


def cell_of(system: System, load_per_s: float | None, outage_s: float | None) -> System:
    """``system`` at another load and with another length of its outage, where these are given."""
    outage = system.outage if outage_s is None else replace(system.outage, for_ns=round(outage_s * SECOND))
    return replace(system, load_per_s=system.load_per_s if load_per_s is None else load_per_s, outage=outage)


def ask(
    system: System, load_per_s: float, outage_s: float, *, seed: int = 1, real: RealWitness | None = None
) -> Testimony:
    """Ask all about ``system`` at this load and outage. The real run takes as long as it takes; without ``real`` it is "not run"."""
    cell = cell_of(system, load_per_s, outage_s)
    after = watch_s(system, outage_s) - outage_s
    witnesses = (
        _fluid(cell),
        _chain(cell, after),
        _simulation(cell, after, seed),
        real(cell, after) if real else Witness(REAL_RUN, None, 0, 1, "not run"),
    )
    return Testimony(load_per_s, outage_s, after, witnesses, _disputes(witnesses))


def simulate(system: System, load_per_s: float, outage_s: float, *, seed: int, plays: int) -> Witness:
    """The simulation alone, for example of a system with one change."""
    cell = cell_of(system, load_per_s, outage_s)
    return _simulation(cell, watch_s(system, outage_s) - outage_s, seed, plays)


def _fluid(cell: System) -> Witness:
    import numpy as np

    fate = Fate(int(fates(cell, np.array([cell.load_per_s]), np.array([cell.outage.for_ns / SECOND]))[0]))
    well = 0.0 if fate == Fate.NEVER else 1.0
    return Witness(FLUID, well, well, well, FATE_WORDS[fate])


def _chain(cell: System, after_s: float) -> Witness:
    import numpy as np

    if reason := unfit(cell):
        return Witness("Markov chain", None, 0, 1, f"not asked: {reason}")
    chain = Chain(cell, cell.load_per_s)
    start = np.zeros_like(chain.fails)
    start[0, 0] = 1.0
    broken = chain.after(chain.after(start, warm_s(cell)), cell.outage.for_ns / SECOND, cell.outage.capacity_left)
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
    begins = warm_s(cell)
    ends = begins + cell.outage.for_ns / SECOND + after_s
    look = max(1, round(look_s(cell, after_s)))
    recovered = 0
    for play in range(plays):
        simulation = Simulation(cell, seed=seed * 1000 + play, outage_at_ns=round(begins * SECOND))
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
        disputes += [
            f"{witness.name} and {other.name} disagree: {witness.words} / {other.words}"
            for other in heard[number + 1 :]
            if _disagree(witness, other)
        ]
    return tuple(disputes)


def _disagree(witness: Witness, other: Witness) -> bool:
    """Whether intervals lie apart. The fluid has no chances, so it is only held to the side on which a sure witness is.

    A real run is one play, whose interval is wide, so it disagrees too with a sure witness of the other side.
    """
    apart = witness.high < other.low or other.high < witness.low
    wells = (witness.well or 0.0, other.well or 0.0)
    sides_differ = (wells[0] > 0.5) != (wells[1] > 0.5) and all(abs(well - 0.5) > 0.25 for well in wells)
    names = {witness.name, other.name}
    if FLUID in names:
        return apart and sides_differ
    return apart or (REAL_RUN in names and sides_differ)


def long_words(seconds: float) -> str:
    """A time of any length in words."""
    if seconds < 600:
        return f"{seconds:.0f} s"
    if seconds < 172_800:
        return f"{seconds / 3600:.1f} h"
    if seconds < 3.15e8:
        return f"{seconds / 86_400:.0f} days"
    return f"more than {min(seconds / 3.15e7, 1e12):.0e} years"
