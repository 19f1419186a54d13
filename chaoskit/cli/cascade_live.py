"""``chaoskit cascade live``: a run of an experiment whose clients are the parts of a cascade, and its account for people."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path

import typer

from chaoskit.cascade.live.account import lines
from chaoskit.cascade.live.calibration import compare
from chaoskit.cascade.live.calibration import lines as calibration_lines
from chaoskit.cascade.live.page import page_of
from chaoskit.cli.output import make_console
from chaoskit.cli.watched_run import play_watched
from chaoskit.engine import preflight
from chaoskit.engine.session import RunResult
from chaoskit.experiment.loader import load
from chaoskit.experiment.shipped import find_experiment
from chaoskit.interruption import until_signalled
from chaoskit.report.terminal import print_verdicts
from chaoskit.report.write import write_text

PAGE = "cascade.html"


def play_live(name: str, out: Path, sandbox: str, seed: int | None, *, calibrate: bool) -> int:
    """Play the experiment and print its account. Returns the exit code; raises ``InputError`` for a file that is none.

    ``calibrate``: it ends with 1 too when a curve is not the simulation's, or there is none to compare.
    """
    experiment = load(find_experiment(name), 1.0, seed)
    preflight.check(experiment, sandbox, None)

    def replay(opened: str) -> str:
        words = ["chaoskit", "cascade", "live", name, "--sandbox", opened, "--seed", str(experiment.spec.seed)]
        return shlex.join(words)

    async def play() -> int:
        return _conclude(await play_watched(experiment, name, out, sandbox, replay), calibrate=calibrate)

    return asyncio.run(until_signalled(play()))


def _conclude(result: RunResult, *, calibrate: bool) -> int:
    """Write the page, and print verdicts and account. Returns the exit code."""
    comparisons = compare(result.run)
    notes = list(calibration_lines(result.run, comparisons))
    page = write_text(result.folder / PAGE, page_of(result.run, result.verdicts, result.outcome, comparisons, notes))
    print_verdicts(make_console(), result.run, result.verdicts, result.outcome, [*result.files, page])
    typer.echo()
    for line in (*lines(result.run), *notes):
        typer.echo(line)
    if calibrate and result.outcome.exit_code == 0 and not (comparisons and all(each.holds for each in comparisons)):
        return 1
    return result.outcome.exit_code
