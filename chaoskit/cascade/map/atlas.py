"""A map with all that belongs to it: grid, line, field, prospects, loop, and the witnesses of one cell; and its words for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chaoskit.cascade.map.changes import COST_WORDS, Loop, Trial, find_loop
from chaoskit.cascade.map.field import Field, draw_field
from chaoskit.cascade.map.grid import FATE_WORDS, CellsOf, Fate, Grid, cells_here, draw_grid
from chaoskit.cascade.map.prospects import Prospects, prospect_words, prospects_of
from chaoskit.cascade.map.tipping import Line, find_line, own_tip, vulnerable_from
from chaoskit.cascade.map.witnesses import RealWitness, Testimony, Witness, ask, simulate
from chaoskit.cascade.system.model import System
from chaoskit.units import SECOND

SIGNS = {Fate.RECOVERS: "·", Fate.LATE: "o", Fate.NEVER: "#", Fate.UNWELL: "x"}
CHECK_PLAYS = 10
"""Plays of the cheapest change, event by event."""

TERMINAL_COLUMNS, TERMINAL_ROWS = 60, 20


@dataclass(frozen=True, slots=True)
class Check:
    """One change, and what the simulation says of it."""

    trial: Trial
    simulation: Witness

    @property
    def confirmed(self) -> bool:
        """Whether most plays recover."""
        return (self.simulation.well or 0.0) > 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Atlas:
    """``asked``: load and outage of the cell that the witnesses and the loop are about.

    ``checked``: promising changes with their simulation, the cheapest first, up to the first that the simulation confirms.
    """

    system: System
    grid: Grid
    line: Line
    field: Field
    prospects: Prospects
    loop: Loop
    testimony: Testimony
    checked: tuple[Check, ...]
    asked: tuple[float, float]


def draw_atlas(
    system: System,
    *,
    size: int,
    seed: int,
    load_per_s: float | None = None,
    outage_s: float | None = None,
    real: RealWitness | None = None,
    cells_of: CellsOf = cells_here,
) -> Atlas:
    """Everything, for the system's own load and outage or another cell. ``cells_of`` computes the map's cells."""
    load = load_per_s or system.load_per_s
    outage = outage_s or system.outage.for_ns / SECOND
    grid = draw_grid(system, size=size, cells_of=cells_of)
    loop = find_loop(system, load, outage)
    checked: list[Check] = []
    for trial in loop.promising:
        simulation = simulate(trial.change.system, load, outage, seed=seed, plays=CHECK_PLAYS)
        checked.append(Check(trial, simulation))
        if checked[-1].confirmed:
            break
    return Atlas(
        system=system,
        grid=grid,
        line=find_line(grid, seed),
        field=draw_field(system, load),
        prospects=prospects_of(system, load),
        loop=loop,
        checked=tuple(checked),
        testimony=ask(system, load, outage, seed=seed, real=real),
        asked=(load, outage),
    )


def lines(atlas: Atlas) -> Iterator[str]:
    """The map for a terminal."""
    grid = atlas.grid
    yield atlas.system.title
    yield ""
    yield from _drawn(grid)
    yield "  ".join(f"{SIGNS[fate]} {FATE_WORDS[fate]} {grid.share(fate):.0%}" for fate in Fate)
    yield ""
    yield from line_words(atlas)
    yield ""
    yield from loop_words(atlas)
    yield ""
    yield from prospect_words(atlas.prospects)
    yield ""
    load, outage = atlas.asked
    yield f"Witnesses of {load:g} a second and an outage of {outage:g} s:"
    for witness in atlas.testimony.witnesses:
        yield f"  {witness.name}: {witness.words}"
    yield "  " + dispute_words(atlas)


def dispute_words(atlas: Atlas) -> str:
    """Whether the witnesses agree."""
    testimony = atlas.testimony
    if testimony.disputes:
        return "; ".join(testimony.disputes)
    heard = [witness for witness in testimony.witnesses if witness.well is not None]
    return f"{len(heard)} of {len(testimony.witnesses)} witnesses were heard, and they agree"


def _drawn(grid: Grid) -> Iterator[str]:
    size = len(grid.loads_per_s)
    columns, rows = min(TERMINAL_COLUMNS, size), min(TERMINAL_ROWS, size)
    for row in range(rows - 1, -1, -1):
        at = (row * 2 + 1) * size // (2 * rows)
        cells = "".join(
            SIGNS[Fate(int(grid.fates[at, (column * 2 + 1) * size // (2 * columns)]))] for column in range(columns)
        )
        label = f"{grid.outages_s[at]:.3g} s" if row % 4 == rows % 4 - 1 or row in (0, rows - 1) else ""
        yield f"{label:>10} |{cells}"
    low, high = grid.loads_per_s[0], grid.loads_per_s[-1]
    left, right = f"{low:.3g}", f"{high:.3g} a second"
    yield f"{'outage':>10} +{left}{'load'.center(max(4, columns - len(left) - len(right)))}{right}"


def line_words(atlas: Atlas) -> Iterator[str]:
    """Where the tipping line is."""
    least = vulnerable_from(atlas.line)
    if least is None:
        yield "No outage on this map tips the system for good."
        return
    most = atlas.system.most_load_per_s()
    yield f"Vulnerable from a load of about {least:.3g} a second on ({least / most:.0%} of what fills {atlas.system.bottleneck()})."
    if not atlas.line.steady:
        yield "At some loads a longer outage does better than a shorter one: the line is where it first tips."
    tip = own_tip(atlas.system, atlas.line)
    if tip is None:
        yield f"At its own load of {atlas.system.load_per_s:g} a second no outage on the map tips it."
        return
    yield f"At {tip.load_per_s:.3g} a second it tips at an outage of {tip.outage_s:.3g} s (± {tip.within_s:.1g} s, by bisection)."
    near = [band for band in atlas.line.band if abs(band.load_per_s / tip.load_per_s - 1) < 0.1]
    if near:
        band = min(near, key=lambda each: abs(each.load_per_s - tip.load_per_s))
        ends = ["not on the map" if end is None else f"{end:.3g} s" for end in (band.low_s, band.middle_s, band.high_s)]
        yield (
            f"With random arrivals and service at {band.load_per_s:.3g} a second, 5 % of plays never recover from {ends[0]} on, "
            f"half from {ends[1]}, 95 % from {ends[2]}."
        )


def loop_words(atlas: Atlas) -> Iterator[str]:
    """What sustains the collapse, and what ends it."""
    load, outage = atlas.asked
    loop = atlas.loop
    if loop.fate != Fate.NEVER:
        yield f"At {load:g} a second and {outage:g} s it {FATE_WORDS[loop.fate]}: there is no loop to cut."
        return
    if loop.retry and loop.queue:
        yield f"What keeps it down: {loop.retry}; and {loop.queue}. Each feeds the other."
    else:
        only = loop.retry or loop.queue
        yield f"What keeps it down: {only}." if only else "No single mechanism of the list, taken away, ends it."
    for check in atlas.checked:
        trial = check.trial
        what = f"{trial.change.name} ({COST_WORDS[trial.change.cost]}); the simulation: {check.simulation.words}"
        if check.confirmed:
            yield f"Cheapest single change that ends it: {what}."
        else:
            yield f"The fluid says that this ends it, and the simulation does not: {what}."
    if not any(check.confirmed for check in atlas.checked):
        yield "No single change of the list ends it."
    yield "Every change alone, as the fluid has it:"
    for trial in loop.trials:
        yield f"  {FATE_WORDS[trial.fate]:>14}: {trial.change.name} ({COST_WORDS[trial.change.cost]})"
