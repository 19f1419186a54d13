"""``chaoskit run``: folders, signals, sandbox, runner, verdicts, reports, in that order."""

from __future__ import annotations

import asyncio
import math
import os
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

import typer

from chaoskit.cli.ci import CiOptions, CiReports
from chaoskit.cli.exec_run import tell_what_is_kept
from chaoskit.clock import WallClock
from chaoskit.engine import preflight, session
from chaoskit.engine.folders import make_folders, seen_from_host
from chaoskit.errors import InputError
from chaoskit.experiment.loader import Experiment, load
from chaoskit.experiment.shipped import find_experiment
from chaoskit.experiment.warnings import warnings_of
from chaoskit.interruption import ABORT, until_signalled


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said on the command line."""

    experiment: str
    out: Path
    sandbox: str
    time_scale: float
    seed: int | None
    toxiproxy: str | None
    plain: bool
    ci: CiOptions = field(default_factory=CiOptions)


def run_experiment(options: Options) -> int:
    """Run, judge, report. Returns the exit code; raises ``Interrupted`` after a clean-up."""
    if not math.isfinite(options.time_scale):
        raise InputError(f"--time-scale {options.time_scale:g}: write a number, for example 0.5")
    experiment = load(find_experiment(options.experiment), options.time_scale, options.seed)
    for warning in warnings_of(experiment):
        typer.echo(f"warning: {warning}", err=True)
    preflight.check(experiment, options.sandbox, options.toxiproxy)
    return asyncio.run(until_signalled(_run(options, experiment, options.ci.prepare())))


async def _run(options: Options, experiment: Experiment, reports: CiReports) -> int:
    from chaoskit.cli.output import make_console
    from chaoskit.console.live import make_view
    from chaoskit.report.terminal import print_verdicts

    console = make_console(force_terminal=False) if options.plain else make_console()
    aborted = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(ABORT, aborted.set)
    with make_view(console, WallClock()) as view:
        result = await session.run(
            experiment,
            folders=make_folders(options.out, Path(experiment.source).stem),
            sandbox=options.sandbox,
            listener=view,
            source=options.experiment,
            replay=lambda name: _replay(options, experiment, name),
            toxiproxy=options.toxiproxy,
            aborted=aborted,
            kept=tell_what_is_kept,
        )
    paths = [seen_from_host(path, os.environ) for path in result.files]
    print_verdicts(make_console(), result.run, result.verdicts, result.outcome, paths)
    return reports.conclude(result)


def _replay(options: Options, experiment: Experiment, sandbox: str) -> str:
    words = ["chaoskit", "run", options.experiment, "--sandbox", sandbox, "--seed", str(experiment.spec.seed)]
    if options.time_scale != 1.0:
        words += ["--time-scale", f"{options.time_scale:g}"]
    if options.toxiproxy:
        words += ["--toxiproxy", options.toxiproxy]
    return shlex.join(words)


if sys.platform == "win32":  # pragma: no cover
    raise InputError("chaoskit needs Linux or macOS; on Windows run it in WSL")
