"""``chaoskit cascade live``: a run of an experiment whose clients are the parts of a cascade, and its account for people."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from pathlib import Path

import typer

from chaoskit.cascade.live.account import lines
from chaoskit.cascade.live.calibration import compare
from chaoskit.cascade.live.calibration import lines as calibration_lines
from chaoskit.cascade.live.page import page_of
from chaoskit.cli.exec_run import tell_what_is_kept
from chaoskit.cli.output import make_console
from chaoskit.clock import WallClock
from chaoskit.console.live import make_view
from chaoskit.engine import preflight, session
from chaoskit.engine.folders import make_folders
from chaoskit.experiment.loader import Experiment, load
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

    return asyncio.run(until_signalled(_play(experiment, name, out, sandbox, replay, calibrate=calibrate)))


async def _play(
    experiment: Experiment,
    source: str,
    out: Path,
    sandbox: str,
    replay: Callable[[str], str],
    *,
    calibrate: bool,
) -> int:
    with make_view(make_console(), WallClock()) as view:
        result = await session.run(
            experiment,
            folders=make_folders(out, Path(experiment.source).stem),
            sandbox=sandbox,
            listener=view,
            source=source,
            replay=replay,
            on_interrupted=tell_what_is_kept,
        )
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
