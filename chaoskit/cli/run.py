"""``chaoskit run``: check the input, play an experiment in a sandbox, and print its verdicts."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shlex
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.ci import CiOptions, CiReports
from chaoskit.cli.options import RUNS, AnySandbox, ExperimentName, JunitFile, MarkdownFile, RunsFolder, Seed
from chaoskit.cli.watched_run import play_watched
from chaoskit.clock import WallClock
from chaoskit.engine import preflight
from chaoskit.engine.folders import seen_from_host
from chaoskit.engine.session import RunResult
from chaoskit.errors import InputError
from chaoskit.experiment.loader import load
from chaoskit.experiment.shipped import find_experiment
from chaoskit.experiment.warnings import warnings_of
from chaoskit.interruption import until_signalled
from chaoskit.journal.store import Listener


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
    allow: Annotated[
        list[str],
        typer.Option(
            metavar="NAME:PORT=ADDRESS:PORT",
            help="Serve this name in the sandbox by a program of this machine, through the proxy; may be repeated.",
        ),
    ] = [],  # noqa: B006
    plain: Annotated[bool, typer.Option("--plain", help="Print plain lines instead of the live view.")] = False,
    console: Annotated[
        bool, typer.Option("--console", help="Serve a live page of the run on 127.0.0.1, and print where.")
    ] = False,
    junit: JunitFile = None,
    markdown: MarkdownFile = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Exit with 1 if a client recovers later than in this summary.json of a run.")
    ] = None,
    worse_by: Annotated[str, typer.Option(help="How much later is no failure, such as 500ms or 20%.")] = "1s",
    github: Annotated[
        bool | None,
        typer.Option(help="Write annotations and a step summary for GitHub; default: where GITHUB_ACTIONS is true."),
    ] = None,
) -> None:
    """Run an experiment and judge it.

    Exit code: 0 passed, 1 failed, 2 bad input, 3 not exercised, 4 invalid.
    """
    if not math.isfinite(time_scale):
        raise InputError(f"--time-scale {time_scale:g}: write a number, for example 0.5")
    loaded = load(find_experiment(experiment), time_scale, seed, allow)
    for warning in warnings_of(loaded):
        typer.echo(f"warning: {warning}", err=True)
    preflight.check(loaded, sandbox, toxiproxy)
    reports = CiOptions(junit=junit, markdown=markdown, baseline=baseline, worse_by=worse_by, github=github).prepare()

    def replay(name: str) -> str:
        words = ["chaoskit", "run", experiment, "--sandbox", name, "--seed", str(loaded.spec.seed)]
        words += ["--time-scale", f"{time_scale:g}"] if time_scale != 1.0 else []
        words += ["--toxiproxy", toxiproxy] if toxiproxy else []
        words += [word for written in allow for word in ("--allow", written)]
        return shlex.join(words)

    page = _page if console else None
    playing = play_watched(loaded, experiment, out, sandbox, replay, toxiproxy=toxiproxy, plain=plain, beside=page)
    raise typer.Exit(asyncio.run(until_signalled(_conclude(playing, reports))))


async def _conclude(playing: Awaitable[RunResult], reports: CiReports) -> int:
    """When the run is over, print its verdicts and write what CI takes. Returns the exit code."""
    from chaoskit.cli.output import make_console
    from chaoskit.report.terminal import print_verdicts

    result = await playing
    paths = [seen_from_host(path, os.environ) for path in result.files]
    print_verdicts(make_console(), result.run, result.verdicts, result.outcome, paths)
    return reports.conclude(result)


@contextlib.contextmanager
def _page(aborted: asyncio.Event) -> Iterator[Listener]:
    """Serve a live page of the run while it goes on, and print where. Its halt ends the run before its time."""
    from chaoskit.console.web.of_run import RunConsole
    from chaoskit.console.web.server import serving

    loop = asyncio.get_running_loop()

    def abort() -> None:
        loop.call_soon_threadsafe(aborted.set)

    console = RunConsole(WallClock().now, abort)
    with serving(console.pages, console.routes(), console.access) as url:
        typer.echo(f"watch it in the browser: {url}")
        yield console


if sys.platform == "win32":  # pragma: no cover
    raise InputError("chaoskit needs Linux or macOS; on Windows run it in WSL")
