"""``chaoskit run``: check the input, play an experiment in a sandbox, and print its verdicts."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import os
import shlex
import sys
from collections.abc import Awaitable
from dataclasses import replace

import typer

from chaoskit.cli.ci import CiOptions, CiReports
from chaoskit.cli.facilitator import live_page, read_receivers
from chaoskit.cli.options import RUNS, AnySandbox, ExperimentName, JunitFile, MarkdownFile, RunsFolder, Seed
from chaoskit.cli.run_options import (
    AllowedNames,
    Baseline,
    ConsoleAt,
    ForGithub,
    HoldBeforeFaults,
    LiveConsole,
    Plain,
    TimeScale,
    ToxiproxyPlace,
    WebhookRemote,
    WebhookUrls,
    WorseBy,
)
from chaoskit.cli.watched_run import OpenListener, play_watched
from chaoskit.clock import WallClock
from chaoskit.console.webhook import Webhooks
from chaoskit.engine import preflight
from chaoskit.engine.folders import seen_from_host
from chaoskit.engine.hold_gate import HoldGate
from chaoskit.engine.session import RunResult
from chaoskit.errors import InputError
from chaoskit.experiment.holds import hold_points
from chaoskit.experiment.loader import load
from chaoskit.experiment.shipped import find_experiment
from chaoskit.experiment.warnings import warnings_of
from chaoskit.interruption import until_signalled


def run(
    experiment: ExperimentName,
    out: RunsFolder = RUNS,
    sandbox: AnySandbox = "auto",
    time_scale: TimeScale = 1.0,
    seed: Seed = None,
    toxiproxy: ToxiproxyPlace = None,
    allow: AllowedNames = [],  # noqa: B006
    plain: Plain = False,
    console: LiveConsole = False,
    console_at: ConsoleAt = None,
    hold: HoldBeforeFaults = None,
    webhook: WebhookUrls = [],  # noqa: B006
    webhook_remote: WebhookRemote = False,
    junit: JunitFile = None,
    markdown: MarkdownFile = None,
    baseline: Baseline = None,
    worse_by: WorseBy = "1s",
    github: ForGithub = None,
) -> None:
    """Run an experiment and judge it.

    Exit code: 0 passed, 1 failed, 2 bad input, 3 not exercised, 4 invalid.
    """
    if not math.isfinite(time_scale):
        raise InputError(f"--time-scale {time_scale:g}: write a number, for example 0.5")
    loaded = load(find_experiment(experiment), time_scale, seed, allow)
    for warning in warnings_of(loaded):
        typer.echo(f"warning: {warning}", err=True)
    if hold is not None:
        loaded = replace(loaded, holds=hold_points(loaded.injections) if hold else ())
    gate = HoldGate() if loaded.holds else None
    page = live_page(console, console_at, gate)
    receivers = read_receivers(webhook, webhook_remote)
    preflight.check(loaded, sandbox, toxiproxy)
    reports = CiOptions(junit=junit, markdown=markdown, baseline=baseline, worse_by=worse_by, github=github).prepare()

    def replay(name: str) -> str:
        words = ["chaoskit", "run", experiment, "--sandbox", name, "--seed", str(loaded.spec.seed)]
        words += ["--time-scale", f"{time_scale:g}"] if time_scale != 1.0 else []
        words += ["--toxiproxy", toxiproxy] if toxiproxy else []
        words += [] if hold is None else ["--hold" if hold else "--no-hold"]
        words += [word for written in allow for word in ("--allow", written)]
        return shlex.join(words)

    webhooks = Webhooks(receivers, functools.partial(typer.echo, err=True)) if receivers else None
    beside: list[OpenListener] = [page.open] if page else []
    beside += [lambda _: contextlib.nullcontext(webhooks)] if webhooks else []
    playing = play_watched(
        loaded, experiment, out, sandbox, replay, toxiproxy=toxiproxy, plain=plain, beside=beside, gate=gate
    )
    raise typer.Exit(asyncio.run(until_signalled(_conclude(playing, reports, webhooks))))


async def _conclude(playing: Awaitable[RunResult], reports: CiReports, webhooks: Webhooks | None) -> int:
    """When the run is over, print its verdicts, tell the webhooks, and write what CI takes. Returns the exit code."""
    from chaoskit.cli.output import make_console
    from chaoskit.report.terminal import print_verdicts

    try:
        result = await playing
        if webhooks:
            webhooks.tell_outcome(WallClock().now(), result.outcome.value)
    finally:
        if webhooks:
            webhooks.close()
    paths = [seen_from_host(path, os.environ) for path in result.files]
    print_verdicts(make_console(), result.run, result.verdicts, result.outcome, paths)
    return reports.conclude(result)


if sys.platform == "win32":  # pragma: no cover
    raise InputError("chaoskit needs Linux or macOS; on Windows run it in WSL")
