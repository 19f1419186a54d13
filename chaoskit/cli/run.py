"""``chaoskit run``: folders, signals, sandbox, runner, verdicts, reports, in that order."""

from __future__ import annotations

import asyncio
import math
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from chaoskit.cli.clients import check_built
from chaoskit.clock import WallClock
from chaoskit.engine import session
from chaoskit.engine.folders import make_folders, seen_from_host
from chaoskit.errors import InputError
from chaoskit.experiment.loader import Experiment, load
from chaoskit.experiment.shipped import find_experiment
from chaoskit.experiment.warnings import warnings_of
from chaoskit.interruption import ABORT, until_signalled
from chaoskit.sandbox.choose import CHOICES
from chaoskit.sandbox.docker_toxiproxy import image_of


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


def run_experiment(options: Options) -> int:
    """Run, judge, report. Returns the exit code; raises ``Interrupted`` after a clean-up."""
    if options.sandbox not in CHOICES:
        raise InputError(f"--sandbox {options.sandbox}: choose one of {', '.join(CHOICES)}")
    if options.toxiproxy:
        _check_toxiproxy(options.toxiproxy, options.sandbox)
    if not math.isfinite(options.time_scale):
        raise InputError(f"--time-scale {options.time_scale:g}: write a number, for example 0.5")
    experiment = load(find_experiment(options.experiment), options.time_scale, options.seed)
    for warning in warnings_of(experiment):
        typer.echo(f"warning: {warning}", err=True)
    if options.toxiproxy:
        _check_own_toxics(experiment, options.toxiproxy)
    check_stand_ins(experiment, options.sandbox)
    if experiment.planes["process"] and options.sandbox == "compose":
        raise InputError(f"{experiment.source}: process faults need an engine to ask; use --sandbox docker")
    check_built(experiment, options.sandbox)
    return asyncio.run(until_signalled(_run(options, experiment)))


def check_stand_ins(experiment: Experiment, sandbox: str) -> None:
    """Raises ``InputError`` for a service of the user's own that the sandbox cannot reach."""
    outside = [f"{name} at {one.backend}" for name, one in experiment.spec.services.items() if one.backend]
    if outside and sandbox != "inline":
        raise InputError(
            f"{experiment.source}: {', '.join(outside)} is outside of the namespace sandbox, which has a loopback of its own and no way "
            "out; add --sandbox inline"
        )


def _check_toxiproxy(named: str, sandbox: str) -> None:
    said = f"--toxiproxy {named}" + (
        " (of CHAOSKIT_TOXIPROXY)" if os.environ.get("CHAOSKIT_TOXIPROXY") == named else ""
    )
    if image_of(named):
        if sandbox not in ("inline", "docker"):
            raise InputError(f"{said}: a container is for --sandbox docker or --sandbox inline")
    elif sandbox == "docker":
        raise InputError(f"{said}: in the docker sandbox it is an image: --toxiproxy docker:IMAGE")
    elif "://" in named:
        if sandbox not in ("inline", "compose"):
            raise InputError(
                f"{said}: a running Toxiproxy is outside of the namespace sandbox, which has no way out; "
                "name its program instead of a URL, or add --sandbox inline"
            )
    elif shutil.which(named) is None:
        raise InputError(f"{said}: there is no such program; give its path, or a URL with --sandbox inline")


def _check_own_toxics(experiment: Experiment, named: str) -> None:
    """Raises ``InputError`` for a toxic that Toxiproxy has not. What runs at a URL may be the embedded proxy: it is asked later."""
    own = [injection.id for injection in experiment.planes["network"] if not injection.fault.IN_TOXIPROXY]
    if own and "://" not in named:
        raise InputError(
            f"{experiment.source}: {', '.join(own)}: this toxic is the embedded proxy's own, and Toxiproxy has no such;"
            " leave --toxiproxy out"
        )


async def _run(options: Options, experiment: Experiment) -> int:
    from rich.console import Console

    from chaoskit.console.live import make_view
    from chaoskit.report.terminal import print_verdicts

    console = Console(force_terminal=False) if options.plain else Console()
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
        )
    paths = [seen_from_host(path, os.environ) for path in result.files]
    print_verdicts(Console(), result.run, result.verdicts, result.outcome, paths)
    return result.outcome.exit_code


def _replay(options: Options, experiment: Experiment, sandbox: str) -> str:
    words = ["chaoskit", "run", options.experiment, "--sandbox", sandbox, "--seed", str(experiment.spec.seed)]
    if options.time_scale != 1.0:
        words += ["--time-scale", f"{options.time_scale:g}"]
    if options.toxiproxy:
        words += ["--toxiproxy", options.toxiproxy]
    return shlex.join(words)


if sys.platform == "win32":  # pragma: no cover
    raise InputError("chaoskit needs Linux or macOS; on Windows run it in WSL")
