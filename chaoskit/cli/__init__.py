"""The command line: the table of commands, and ``main``. Each command is a module here, imported when it is invoked.

To add a command, write its module and one line in ``COMMANDS``.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from chaoskit.cli.lazy import CommandEntry, lazy_group, new_app
from chaoskit.cli.output import OutputGone, abandon_output, watch_output
from chaoskit.errors import ChaoskitError, full_disk

COMMANDS = {
    "run": CommandEntry("run:run", "Run an experiment and judge it."),
    "go": CommandEntry("go:go", "Let a run that is held before a fault go on."),
    "survey": CommandEntry("survey:app", "Try the loss of everything that an app depends on."),
    "exec": CommandEntry("exec:app", "Run any command, unmodified, in the sandbox."),
    "blank": CommandEntry("steer:blank", "Blank a name from inside `chaoskit exec`."),
    "restore": CommandEntry("steer:restore", "End the faults of a name from inside `chaoskit exec`."),
    "drill": CommandEntry("drill:app", "Train for an incident whose cause you are not told."),
    "operator": CommandEntry("operator:app", "Act, diagnose and publish from inside `chaoskit drill`."),
    "margin": CommandEntry("margin:margin", "Find the longest blank that the expectations survive."),
    "sweep": CommandEntry("sweep:sweep", "Run an experiment at many values of its fields, and write one table."),
    "lab": CommandEntry("lab:lab", "Measure what each SDK does when its endpoint's name goes away."),
    "check": CommandEntry("judge:check", "Judge a stored journal again."),
    "report": CommandEntry("judge:report", "Write report.html and summary.json for a stored journal."),
    "compare": CommandEntry("compare:compare", "Compare two runs: before and after an SDK upgrade, say."),
    "runs": CommandEntry(
        "compare:runs", "List the runs of a folder, the latest first, and write an index page of them."
    ),
    "console": CommandEntry("console:console", "Show a running `chaoskit serve`, or a run, in the browser."),
    "schema": CommandEntry("authoring:schema", "Print the JSON Schema of experiment files, for editors."),
    "init": CommandEntry("authoring:init", "Write a commented starter experiment."),
    "experiments": CommandEntry("authoring:experiments", "List the shipped experiments."),
    "clients": CommandEntry("clients:clients", "List the client programs, or build them."),
    "doctor": CommandEntry(
        "doctor:doctor", "Check which sandbox works here, or what a container's DNS passes through."
    ),
    "compose": CommandEntry("compose:app", "Put a compose project of your own under chaoskit."),
    "attach": CommandEntry("attach:attach", "Play an experiment on a running compose project, then restore it."),
    "docker": CommandEntry("docker:app", "Build the docker sandbox's image, or clean up after runs."),
    "race": CommandEntry(
        "race:race_app",
        "Explore the race that left a DNS record empty, or hunt for one in your own programs.",
    ),
    "cascade": CommandEntry(
        "cascade:cascade_app", "Simulate what follows an outage: a replayed day, tipping points, published results."
    ),
    "serve": CommandEntry("serve:serve", "Answer DNS for your own zones, with faults injected at run time."),
    "queries": CommandEntry("queries:queries", "Print a query log, one query per line."),
    "proxy": CommandEntry("proxy:proxy", "Proxy TCP with toxics, controlled over Toxiproxy's HTTP API."),
    "inject": CommandEntry("control:inject", "Inject a fault into a running `chaoskit serve`."),
    "list": CommandEntry("control:list_injections", "List the injections of a running `chaoskit serve`."),
    "halt": CommandEntry("control:halt", "End all injections of a running `chaoskit serve`, and refuse new ones."),
    "resume": CommandEntry("control:resume", "Accept injections again after `chaoskit halt`."),
}

app = new_app(
    "Rehearse the day an endpoint's DNS record goes away.",
    name="chaoskit",
    cls=lazy_group(COMMANDS),
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
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
            _complain(error)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - a bug of ours must not end with 1, which says that the clients failed
        import traceback

        if known := _known(error):
            _complain(known)
            sys.exit(known.exit_code)
        traceback.print_exc()
        typer.echo("chaoskit: this is a bug in chaoskit; the run is invalid. Please report the lines above.", err=True)
        sys.exit(ChaoskitError.exit_code)


def _complain(error: ChaoskitError) -> None:
    from chaoskit.fold import folded

    typer.echo(folded(f"chaoskit: {error}", sys.stderr), err=True)


def _known(error: Exception) -> ChaoskitError | None:
    """What an exception of Python's own means, where it is no bug of ours."""
    if isinstance(error, ModuleNotFoundError):
        from chaoskit.cli.missing_package import missing_package

        return missing_package(error)
    return full_disk(error) if isinstance(error, OSError) else None
