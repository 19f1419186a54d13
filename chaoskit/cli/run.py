"""``chaoskit run``: check the input, play an experiment in a sandbox, and print its verdicts."""

from __future__ import annotations

import asyncio
import math
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.clients import check_built
from chaoskit.cli.options import RUNS, AnySandbox, ExperimentName, RunsFolder, Seed
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


def run(
    experiment: ExperimentName,
    out: RunsFolder = RUNS,
    sandbox: AnySandbox = "auto",
    time_scale: Annotated[
        float, typer.Option(help="Multiply the experiment's times by this factor, where the file allows it.")
    ] = 1.0,
    seed: Seed = None,
    toxiproxy: Annotated[
        str | None,
        typer.Option(
            metavar="PROGRAM|URL|docker[:IMAGE]",
            help="Use this Toxiproxy; default: the embedded proxy.",
            envvar="CHAOSKIT_TOXIPROXY",
        ),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Print plain lines instead of the live view.")] = False,
) -> None:
    """Run an experiment and judge it.

    Exit code: 0 passed, 1 failed, 2 bad input, 3 not exercised, 4 invalid.
    """
    if sandbox not in CHOICES:
        raise InputError(f"--sandbox {sandbox}: choose one of {', '.join(CHOICES)}")
    if toxiproxy:
        _check_toxiproxy(toxiproxy, sandbox)
    if not math.isfinite(time_scale):
        raise InputError(f"--time-scale {time_scale:g}: write a number, for example 0.5")
    loaded = load(find_experiment(experiment), time_scale, seed)
    for warning in warnings_of(loaded):
        typer.echo(f"warning: {warning}", err=True)
    if toxiproxy:
        _check_own_toxics(loaded, toxiproxy)
    check_stand_ins(loaded, sandbox)
    if loaded.planes["process"] and sandbox == "compose":
        raise InputError(f"{loaded.source}: process faults need an engine to ask; use --sandbox docker")
    check_built(loaded, sandbox)

    def replay(name: str) -> str:
        words = ["chaoskit", "run", experiment, "--sandbox", name, "--seed", str(loaded.spec.seed)]
        words += ["--time-scale", f"{time_scale:g}"] if time_scale != 1.0 else []
        words += ["--toxiproxy", toxiproxy] if toxiproxy else []
        return shlex.join(words)

    playing = _play(loaded, experiment, out, sandbox, replay, toxiproxy, plain=plain)
    raise typer.Exit(asyncio.run(until_signalled(playing)))


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


async def _play(
    experiment: Experiment,
    source: str,
    out: Path,
    sandbox: str,
    replay: Callable[[str], str],
    toxiproxy: str | None,
    *,
    plain: bool,
) -> int:
    """Run and print the verdicts. Returns the exit code; raises ``Interrupted`` after a clean-up."""
    from rich.console import Console

    from chaoskit.console.live import make_view
    from chaoskit.report.terminal import print_verdicts

    console = Console(force_terminal=False) if plain else Console()
    aborted = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(ABORT, aborted.set)
    with make_view(console, WallClock()) as view:
        result = await session.run(
            experiment,
            folders=make_folders(out, Path(experiment.source).stem),
            sandbox=sandbox,
            listener=view,
            source=source,
            replay=replay,
            toxiproxy=toxiproxy,
            aborted=aborted,
        )
    paths = [seen_from_host(path, os.environ) for path in result.files]
    print_verdicts(Console(), result.run, result.verdicts, result.outcome, paths)
    return result.outcome.exit_code


if sys.platform == "win32":  # pragma: no cover
    raise InputError("chaoskit needs Linux or macOS; on Windows run it in WSL")
