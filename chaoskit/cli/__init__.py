"""The command line. Only typer is imported here; every command imports what it needs when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli import proxy, serving
from chaoskit.cli.cascade import cascade_app
from chaoskit.cli.docker import docker_app
from chaoskit.cli.output import OutputGone, abandon_output, watch_output
from chaoskit.cli.race import race_app
from chaoskit.errors import ChaoskitError, full_disk

app = typer.Typer(
    name="chaoskit",
    help="Rehearse the day an endpoint's DNS record goes away.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Experiment = Annotated[
    str, typer.Argument(help="An experiment file, or the name of a shipped one (see: chaoskit experiments).")
]
JournalPath = Annotated[Path, typer.Argument(help="The journal.jsonl of a run, or the folder it is in.")]

app.add_typer(docker_app, name="docker")
app.add_typer(race_app, name="race")
app.add_typer(cascade_app, name="cascade")


@app.command()
def run(
    experiment: Experiment,
    out: Annotated[Path, typer.Option(help="The folder in which the run's own folder is made.")] = Path("runs"),
    sandbox: Annotated[str, typer.Option(help="auto, namespace, docker or inline.")] = "auto",
    time_scale: Annotated[
        float, typer.Option(help="Shrink or stretch the experiment's times, where the file allows it.")
    ] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Instead of the file's seed.")] = None,
    toxiproxy: Annotated[
        str | None,
        typer.Option(
            metavar="PROGRAM|URL|docker[:IMAGE]",
            help="Toxiproxy instead of the embedded proxy.",
            envvar="CHAOSKIT_TOXIPROXY",
        ),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines instead of the live view.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write the verdicts to this file as JUnit XML.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the result to this file as Markdown.")] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="The summary.json of an earlier run: end with 1 if a client recovers later.")
    ] = None,
    worse_by: Annotated[str, typer.Option(help="How much later is no failure, like 500ms or 20%.")] = "1s",
    github: Annotated[
        bool | None, typer.Option(help="Annotations and a step summary; by default where GITHUB_ACTIONS is true.")
    ] = None,
) -> None:
    """Run an experiment and judge it. Ends with 0 passed, 1 failed, 2 bad input, 3 not exercised, 4 invalid."""
    from chaoskit.cli.ci import CiOptions
    from chaoskit.cli.run import Options, run_experiment

    ci = CiOptions(junit=junit, markdown=markdown, baseline=baseline, worse_by=worse_by, github=github)
    options = Options(experiment, out, sandbox, time_scale, seed, toxiproxy, plain, ci)
    raise typer.Exit(run_experiment(options))


@app.command("exec", context_settings={"allow_interspersed_args": False})
def exec_(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND", help="Any command with its words, best after --.")],
    blank: Annotated[
        list[str],
        typer.Option(
            metavar="NAME@FROM+FOR",
            help="Answer for NAME without records, from so long after the command's start, for so long; may be repeated.",
        ),
    ] = [],  # noqa: B006
    experiment: Annotated[
        str | None, typer.Option(help="Zones, services and faults of this experiment; the command plays its clients.")
    ] = None,
    no_aws: Annotated[bool, typer.Option("--no-aws", help="No mock services: DNS alone.")] = False,
    sandbox: Annotated[str, typer.Option(help="auto or namespace.")] = "auto",
    allow: Annotated[
        list[str],
        typer.Option(
            metavar="HOST:PORT|/SOCKET",
            help="A TCP port or a Unix socket of this machine that the command may reach; may be repeated.",
        ),
    ] = [],  # noqa: B006
    env: Annotated[
        list[str], typer.Option(metavar="NAME=VALUE", help="A variable for the command; may be repeated.")
    ] = [],  # noqa: B006
    out: Annotated[Path, typer.Option(help="The folder in which the run's own folder is made.")] = Path("runs"),
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No summary; a fault that met nothing is told all the same.")
    ] = False,
    must_meet: Annotated[bool, typer.Option("--must-meet", help="End with 3 if a fault met nothing.")] = False,
    keep_arguments: Annotated[
        bool,
        typer.Option(
            "--keep-arguments", help="Write the command's arguments and the values of --env to journal and reports."
        ),
    ] = False,
) -> None:
    """Run any command in the sandbox, unmodified; ends with its exit code, or 125 if chaoskit failed."""
    from chaoskit.cli.exec import Options, run_command

    options = Options(
        tuple(command),
        tuple(blank),
        experiment,
        no_aws,
        sandbox,
        tuple(allow),
        tuple(env),
        out,
        quiet,
        must_meet,
        keep_arguments,
    )
    raise typer.Exit(run_command(options))


@app.command()
def margin(
    experiment: Experiment,
    field: Annotated[
        str | None,
        typer.Option(help="The field to search, like timeline.0.when.for; by default the one fault's length."),
    ] = None,
    low: Annotated[
        str | None, typer.Option("--from", help="The least value: a duration or a number; 1s by default.")
    ] = None,
    high: Annotated[str | None, typer.Option("--to", help="The largest; 60s by default.")] = None,
    resolution: Annotated[str | None, typer.Option(help="How exactly, either way; 500ms by default.")] = None,
    repeats: Annotated[int, typer.Option(help="At least so many runs are made near the margin.")] = 5,
    confidence: Annotated[float, typer.Option(help="Of the interval that is told.")] = 0.9,
    share: Annotated[float, typer.Option(help="It holds where at least this share of runs holds.")] = 0.8,
    most_runs: Annotated[int, typer.Option(help="Stop after so many runs, with what is known then.")] = 40,
    at_least: Annotated[
        str | None,
        typer.Option(help="For CI: end with 1 unless it is at least this; without a range, only this value is run."),
    ] = None,
    at_most: Annotated[
        str | None, typer.Option(help="For fields where more is safer: end with 1 unless it is at most this.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Runs at once, all at one value.")] = 1,
    sandbox: Annotated[str, typer.Option(help="auto, namespace or inline.")] = "auto",
    seed: Annotated[int | None, typer.Option(help="Instead of the file's seed; each run adds its number.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The search's own folder; one that was interrupted goes on there.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="The margin.json of an earlier search: end with 1 if the margin is worse now.")
    ] = None,
    worse_by: Annotated[str, typer.Option(help="How much worse is no failure, like 500ms or 20%.")] = "20%",
) -> None:
    """Find the longest blank for which the expectations hold. Ends with 0 found, 1 below --at-least, 2 bad input, 3 or 4 no answer."""
    from chaoskit.cli.margin import Options, find_margin

    options = Options(
        experiment=experiment,
        field=field,
        low=low,
        high=high,
        resolution=resolution,
        repeats=repeats,
        confidence=confidence,
        share=share,
        most_runs=most_runs,
        at_least=at_least,
        at_most=at_most,
        jobs=jobs,
        sandbox=sandbox,
        seed=seed,
        out=out,
        baseline=baseline,
        worse_by=worse_by,
    )
    raise typer.Exit(find_margin(options))


@app.command()
def sweep(
    experiment: Experiment,
    settings: Annotated[
        list[str],
        typer.Option("--set", metavar="FIELD=V1,V2,…", help="A field and its values (or LOW..HIGH); may be repeated."),
    ] = [],  # noqa: B006
    sample: Annotated[
        int | None,
        typer.Option(help="So many points, spread evenly over values and ranges, instead of the whole grid."),
    ] = None,
    repeats: Annotated[int, typer.Option(help="Runs of each point.")] = 1,
    jobs: Annotated[int, typer.Option(help="Runs at once on this machine.")] = 1,
    dask: Annotated[
        str | None, typer.Option(metavar="tcp://…", help="The scheduler of a Dask cluster to run on.")
    ] = None,
    sandbox: Annotated[str, typer.Option(help="auto, namespace or inline.")] = "auto",
    seed: Annotated[int | None, typer.Option(help="Instead of the file's seed.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The sweep's own folder; one that was interrupted goes on there.")
    ] = None,
) -> None:
    """Run an experiment at many values of its fields, and write one table. Ends with 0, 2 bad input, 4 if a run was invalid."""
    from chaoskit.cli.sweep import Options, sweep_fields

    options = Options(
        experiment=experiment,
        settings=settings,
        sample=sample,
        repeats=repeats,
        jobs=jobs,
        dask=dask,
        sandbox=sandbox,
        seed=seed,
        out=out,
    )
    raise typer.Exit(sweep_fields(options))


@app.command()
def lab(
    quick: Annotated[
        bool, typer.Option("--quick", help="boto3 as it is installed, every fault: two to three minutes.")
    ] = False,
    sdk: Annotated[list[str], typer.Option(help="Only this client program; may be repeated.")] = [],  # noqa: B006
    fault: Annotated[list[str], typer.Option(help="Only this fault of the matrix; may be repeated.")] = [],  # noqa: B006
    connection: Annotated[list[str], typer.Option(help="Only cold, warm or burst; may be repeated.")] = [],  # noqa: B006
    repeats: Annotated[
        int | None, typer.Option(help="Processes for each cell; default 2 with --quick, else 3.")
    ] = None,
    stored: Annotated[
        list[Path], typer.Option("--from", help="Measure nothing; draw these journals, or this folder of them again.")
    ] = [],  # noqa: B006
    out: Annotated[Path, typer.Option(help="The folder in which the lab's own folder is made.")] = Path("runs"),
    sandbox: Annotated[str, typer.Option(help="auto, namespace or inline.")] = "auto",
) -> None:
    """What each real SDK does when its endpoint's name goes away: attempts, sleeps, errors, recovery, as one table."""
    from chaoskit.cli.lab import Options, run_lab

    options = Options(quick, tuple(sdk), tuple(fault), tuple(connection), repeats, out, sandbox, tuple(stored))
    raise typer.Exit(run_lab(options))


@app.command()
def check(journal: JournalPath) -> None:
    """Judge a stored journal again; ends with the same code as the run."""
    from chaoskit.cli.judge import check_journal

    raise typer.Exit(check_journal(journal))


@app.command()
def report(
    journal: JournalPath,
    out: Annotated[Path | None, typer.Option(help="The folder to write to; by default the journal's own.")] = None,
) -> None:
    """Write report.html and summary.json of a stored journal."""
    from chaoskit.cli.judge import write_report

    write_report(journal, out)


@app.command()
def schema() -> None:
    """Print the JSON Schema of experiment files, for editors."""
    from chaoskit.cli.authoring import print_schema

    print_schema()


@app.command()
def init(path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("experiment.yaml")) -> None:
    """Write a commented starter experiment."""
    from chaoskit.cli.authoring import write_starter

    write_starter(path)


@app.command()
def experiments() -> None:
    """List the shipped experiments: each one's question and expected outcome."""
    from chaoskit.experiment.shipped import print_index

    print_index()


@app.command()
def clients(
    action: Annotated[str, typer.Argument(metavar="[build]", help="Leave it out to list them.")] = "",
    names: Annotated[list[str], typer.Argument(metavar="[NAME]...", help="Which to build; by default all.")] = [],  # noqa: B006
) -> None:
    """List the client programs, or build those that are built before a run: `chaoskit clients build [NAME]...`."""
    from chaoskit.cli.clients import build_clients, list_clients
    from chaoskit.errors import InputError

    if action not in ("", "build"):
        raise InputError(f"chaoskit clients {action}: did you mean: chaoskit clients build {action}?")
    raise typer.Exit(build_clients(names) if action else list_clients())


@app.command()
def doctor(
    container: Annotated[
        str | None,
        typer.Option(help="Walk from the app in this container to chaoskit, and name each change and bypass."),
    ] = None,
    name: Annotated[list[str], typer.Option(help="A host name to walk with; may be repeated.")] = [],  # noqa: B006
    docker: Annotated[
        bool, typer.Option("--docker", help="Measure what Docker's resolver makes of each kind of answer.")
    ] = False,
) -> None:
    """Say which sandbox works on this machine, and why; or what stands between a container and chaoskit."""
    from chaoskit.cli.doctor import examine, examine_container, measure_docker

    if container is not None:
        raise typer.Exit(examine_container(container, name))
    raise typer.Exit(measure_docker() if docker else examine())


compose = typer.Typer(no_args_is_help=True, help="chaoskit under a compose project of your own.")
app.add_typer(compose, name="compose")


@compose.command()
def overlay(
    files: Annotated[list[Path], typer.Argument(help="Your compose file, or several as for `docker compose -f`.")],
    service: Annotated[
        list[str],
        typer.Option(help="Only this service; may be repeated. By default all that have a network of their own."),
    ] = [],  # noqa: B006
    out: Annotated[Path | None, typer.Option(help="By default chaoskit.override.yaml beside the first file.")] = None,
    subnet: Annotated[
        str, typer.Option(help="A private network (/16 to /24) that nothing else uses, for chaoskit's own.")
    ] = "172.31.253.0/24",
    image: Annotated[str | None, typer.Option(help="Instead of the image that `chaoskit docker build` makes.")] = None,
    region: Annotated[str, typer.Option(help="The region whose endpoints are mocked.")] = "us-east-1",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write an override file that puts services of your compose file under chaoskit, which is not edited."""
    from chaoskit.cli.compose import Options, write_overlay

    write_overlay(Options(files, service, out, subnet, image, region, force))


@app.command()
def attach(
    project: Annotated[str, typer.Option(help="The compose project that runs.")],
    service: Annotated[
        list[str], typer.Option(help="Only this service; may be repeated. By default all that run.")
    ] = [],  # noqa: B006
    experiment: Annotated[str | None, typer.Option(help="An experiment; its clients become your services.")] = None,
    blank: Annotated[
        list[str], typer.Option(metavar="NAME@FROM+FOR", help="Answer for NAME without records; may be repeated.")
    ] = [],  # noqa: B006
    probe: Annotated[
        list[str],
        typer.Option(metavar="SERVICE=URL", help="A URL of the app to ask all the while, such as its health check."),
    ] = [],  # noqa: B006
    out: Annotated[Path, typer.Option(help="The folder in which the run's own folder is made.")] = Path("runs"),
    subnet: Annotated[
        str, typer.Option(help="A private network (/16 to /24) that nothing else uses, for chaoskit's own.")
    ] = "172.31.253.0/24",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be touched, and end.")] = False,
    put_back: Annotated[bool, typer.Option("--put-back", help="Only put back what a killed attach left.")] = False,
) -> None:
    """Play an experiment on a running compose project, and put it back. Ends as `chaoskit run` does."""
    from chaoskit.cli.attach import Options
    from chaoskit.cli.attach import attach as play_on

    raise typer.Exit(play_on(Options(project, service, experiment, blank, probe, out, subnet, yes, dry_run, put_back)))


app.command()(serving.serve)
app.command()(serving.queries)
app.command()(proxy.proxy)
app.command()(serving.inject)
app.command("list")(serving.list_)
app.command()(serving.halt)
app.command()(serving.resume)


@app.callback(invoke_without_command=True)
def _version(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        from chaoskit import __version__

        typer.echo(f"chaoskit {__version__}")
        raise typer.Exit


def main() -> None:
    """The console script: errors of ours become one clear message and their exit code."""
    watch_output()
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except ChaoskitError as error:
        abandon_output()
        if not isinstance(error, OutputGone):
            typer.echo(f"chaoskit: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - a bug of ours must not end with 1, which says that the clients failed
        import traceback

        if isinstance(error, OSError) and (full := full_disk(error)):
            typer.echo(f"chaoskit: {full}", err=True)
            sys.exit(full.exit_code)
        traceback.print_exc()
        typer.echo("chaoskit: this is a bug in chaoskit; the run is invalid. Please report the lines above.", err=True)
        sys.exit(ChaoskitError.exit_code)
