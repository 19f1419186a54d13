"""``chaoskit race live`` and ``chaoskit race repair``: the race with real parts, again and again, and what an operator does by hand.

Imports what it needs when it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.options import LocalSandbox


def live(
    experiment: Annotated[str, typer.Argument(help="Experiment with a race in it; default: the shipped one.")] = (
        "race/live"
    ),
    latency: Annotated[
        list[str],
        typer.Option(metavar="TIME", help="Latency of the slow enactor's path; may be repeated. Default: the file's."),
    ] = [],  # noqa: B006
    protection: Annotated[
        list[str],
        typer.Option(metavar="NAME", help="A protection to switch on in every enactor; may be repeated."),
    ] = [],  # noqa: B006
    each_protection: Annotated[
        bool, typer.Option("--each-protection", help="Without protections, then with each of them alone.")
    ] = False,
    runs: Annotated[int, typer.Option(help="Number of live runs of each line, each with a seed of its own.")] = 5,
    simulated: Annotated[int, typer.Option(help="Number of simulated runs of each line.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the first run; the others follow it.")] = 1,
    sandbox: LocalSandbox = "auto",
    out: Annotated[
        Path | None, typer.Option(help="Folder of the runs; an interrupted one resumes. Default: below runs.")
    ] = None,
) -> None:
    """Run the race with real parts again and again, and tell how often the record became empty.

    Exit code: 0 done, 1 if a record became empty under protections for which the model proves that none can, 2 bad input, 4 if a run was
    invalid.
    """
    from chaoskit.cli.margin import check_jobs, default_folder, read_experiment
    from chaoskit.cli.race_trials import Trials, run_trials, settings_of
    from chaoskit.errors import InputError

    check_jobs(1, sandbox)
    if runs < 0 or simulated < 0:
        raise InputError("--runs and --simulated: give a number from 0")
    document = read_experiment(experiment)
    settings = tuple(settings_of(document, latency, protection, each=each_protection))
    folder = out or default_folder("race", document.path)
    outcome = run_trials(Trials(settings, runs, simulated, seed, sandbox), folder, typer.echo)
    raise typer.Exit(outcome.exit_code)


def repair(
    endpoint: Annotated[str, typer.Argument(metavar="URL", help="The Route 53 API, such as http://127.0.0.1:5000.")],
    zone: Annotated[str, typer.Argument(help="Name of the hosted zone of the race.")],
    endpoints: Annotated[int, typer.Option(help="How many endpoints the race has.", min=1, max=99)] = 50,
    address: Annotated[
        list[str],
        typer.Option(help="An address for an endpoint that has no tree at all; may be repeated."),
    ] = ["127.0.1.1"],  # noqa: B006
    ca: Annotated[Path | None, typer.Option(help="Certificate file that an https:// API is trusted by.")] = None,
) -> None:
    """Point every endpoint whose record is empty at the newest tree that it has, as an operator would by hand.

    Exit code: 0 done, or nothing was empty; 2 bad input, 4 if the API refused.
    """
    from chaoskit.aws.route53.client import Endpoint
    from chaoskit.race.live.repair import repair as repair_empty
    from chaoskit.race.live.set_up import layout_at

    api = Endpoint(endpoint, str(ca) if ca else None)
    repaired = repair_empty(api, layout_at(api, zone, endpoints, address))
    for outcome in repaired:
        typer.echo(
            f"{outcome.name}: was at plan {outcome.plan}, which has no tree; now at plan {outcome.to} ({outcome.change})"
        )
    if not repaired:
        typer.echo(f"no endpoint of {zone} is empty")
