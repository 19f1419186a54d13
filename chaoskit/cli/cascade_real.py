"""``chaoskit cascade map --real``: the witness that plays a cell with real processes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from chaoskit.cascade.live.real_cell import MOST_TRIES_PER_S, experiment_of, most_tries_per_s, play_s, witness_of
from chaoskit.cascade.map.witnesses import REAL_RUN, RealWitness, Witness
from chaoskit.cascade.system.model import System
from chaoskit.cascade.system.plain import plain_of
from chaoskit.engine import session
from chaoskit.engine.folders import make_folders
from chaoskit.errors import InputError
from chaoskit.experiment.loader import resolve_plain
from chaoskit.interruption import until_signalled
from chaoskit.verdict import GUARDS, Outcome

LONGEST_S = 3600.0


def real_witness(system: System, out: Path, sandbox: str, seed: int) -> RealWitness:
    """The witness; ``system`` is the cell. Raises ``InputError`` for a cell that is too large or too long to be played."""
    if (tries := most_tries_per_s(system)) > MOST_TRIES_PER_S:
        raise InputError(
            f"--real: this cell may come to {tries:.0f} tries a second, and at most {MOST_TRIES_PER_S} are played; "
            "ask about a lower --load"
        )
    if (seconds := play_s(system)) > LONGEST_S:
        raise InputError(
            f"--real: this cell would be played for {seconds / 60:.0f} min, and the longest is {LONGEST_S / 60:.0f} min; "
            "ask about a shorter --outage"
        )

    def play(cell: System, after_s: float) -> Witness:
        experiment = resolve_plain(experiment_of(cell, after_s, plain_of(cell), seed), "a cell of the map")
        typer.echo(
            f"Playing the cell with {len(experiment.spec.clients)} processes for {play_s(cell):.3g} s.", err=True
        )
        running = session.run(experiment, folders=make_folders(out, "cascade-cell"), sandbox=sandbox)
        result = asyncio.run(until_signalled(running))
        typer.echo(f"Its journal: {result.folder / session.JOURNAL}", err=True)
        if result.outcome is Outcome.INVALID:
            reasons = "; ".join(
                verdict.because for verdict in result.verdicts if verdict.kind in GUARDS and verdict.finding != "held"
            )
            return Witness(REAL_RUN, None, 0, 1, f"not heard: the run is invalid: {reasons}")
        return witness_of(cell, after_s, result.run)

    return play
