"""The command line. Only typer is imported here; every command imports what it needs when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.errors import ChaoskitError

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


@app.command()
def run(
    experiment: Experiment,
    out: Annotated[Path, typer.Option(help="The folder in which the run's own folder is made.")] = Path("runs"),
    sandbox: Annotated[str, typer.Option(help="auto, namespace or inline.")] = "auto",
    time_scale: Annotated[
        float, typer.Option(help="Shrink or stretch the experiment's times, where the file allows it.")
    ] = 1.0,
    seed: Annotated[int | None, typer.Option(help="Instead of the file's seed.")] = None,
    toxiproxy: Annotated[
        str | None,
        typer.Option(help="A Toxiproxy program or URL instead of the embedded proxy.", envvar="CHAOSKIT_TOXIPROXY"),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines instead of the live view.")] = False,
) -> None:
    """Run an experiment and judge it. Ends with 0 passed, 1 failed, 2 bad input, 3 not exercised, 4 invalid."""
    from chaoskit.cli.run import Options, run_experiment

    options = Options(experiment, out, sandbox, time_scale, seed, toxiproxy, plain)
    raise typer.Exit(run_experiment(options))


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
    from chaoskit.cli.shipped import print_index

    print_index()


@app.command()
def doctor() -> None:
    """Say which sandbox works on this machine, and why."""
    from chaoskit.cli.doctor import examine

    raise typer.Exit(examine())


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
    try:
        app()
    except ChaoskitError as error:
        typer.echo(f"chaoskit: {error}", err=True)
        sys.exit(error.exit_code)
    except Exception:  # noqa: BLE001 - a bug of ours must not end with 1, which says that the clients failed
        import traceback

        traceback.print_exc()
        typer.echo("chaoskit: this is a bug in chaoskit; the run is invalid. Please report the lines above.", err=True)
        sys.exit(ChaoskitError.exit_code)
