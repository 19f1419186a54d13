"""``chaoskit survey``: what a command depends on, and what the loss of each dependency does to it, as one table."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.exec import check_holes, check_place, check_program, plan, variables_of, ways_out, without_values
from chaoskit.cli.lazy import new_app
from chaoskit.cli.options import RUNS, Allowed, CommandWords, Variables
from chaoskit.engine.folders import new_folder
from chaoskit.engine.preflight import check_backends
from chaoskit.engine.user_program import ProgramRequest
from chaoskit.errors import InputError
from chaoskit.report.write import write_text
from chaoskit.search.guard import run_guarded
from chaoskit.survey.markdown import markdown
from chaoskit.survey.measure import Surveyor, SurveyRequest
from chaoskit.survey.page import page
from chaoskit.survey.result import Survey
from chaoskit.survey.terminal import UNKNOWN_WIDTH, print_survey
from chaoskit.units import SECOND, parse_duration

QUICK_BUDGET_NS = 170 * SECOND
"""How long --quick may take: no run begins that would end later."""

FAULT_NS, QUICK_FAULT_NS = 15 * SECOND, 12 * SECOND
TAIL_NS, QUICK_TAIL_NS = 10 * SECOND, 4 * SECOND

app = new_app()


@app.command(context_settings={"allow_interspersed_args": False})
def survey(
    command: CommandWords,
    quick: Annotated[
        bool, typer.Option("--quick", help="Try the telling faults only, and finish in under three minutes.")
    ] = False,
    experiment: Annotated[str | None, typer.Option(help="Use the zones and services of this experiment.")] = None,
    no_aws: Annotated[bool, typer.Option("--no-aws", help="Start no mock services, DNS alone.")] = False,
    allow: Allowed = [],  # noqa: B006
    env: Variables = [],  # noqa: B006
    fault: Annotated[
        str | None, typer.Option("--for", help="Length of each fault; default: 15s, with --quick 12s.")
    ] = None,
    longest: Annotated[str, typer.Option(help="Longest time that the command may take without a fault.")] = "60s",
    jobs: Annotated[int | None, typer.Option(help="Number of runs side by side; default: one for each core.")] = None,
    out: Annotated[Path, typer.Option(help="Parent folder of the new folder that this survey writes to.")] = RUNS,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the table as JSON to this file too.")] = None,
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", help="Write the table as Markdown to this file too.")
    ] = None,
) -> None:
    """Try the loss of everything that a command depends on.

    Runs it once, lists the names that it looks up and the connections that it opens, then tries one fault after the other on each. Prints a
    table, worst first, with the cause and the known cure. Exit code: 0 done, 2 bad input, 4 if chaoskit failed.
    """
    from chaoskit.cli.output import make_console

    check_place("auto")
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs {jobs}: at least 1")
    sockets, holes = ways_out(allow)
    shown = without_values(command)
    base = plan(shown, os.environ, experiment=experiment, no_aws=no_aws, port_forwards=holes)
    check_backends(base, "namespace")
    check_holes(base, holes)
    added = variables_of(env)
    check_program(command[0], added.get("PATH"))
    _check_files(json_file, markdown_file)
    lengths = [_duration("--for", fault, QUICK_FAULT_NS if quick else FAULT_NS), _duration("--longest", longest, 0)]
    folder = new_folder(out, "survey")
    request = SurveyRequest(
        base=base,
        program=ProgramRequest(
            argv=tuple(command),
            shown=shown,
            region=base.spec.region,
            no_aws=no_aws,
            added=added,
            port_forwards=holes,
            sockets=sockets,
        ),
        shown=" ".join(shown),
        folder=folder,
        quick=quick,
        fault_ns=lengths[0],
        tail_ns=QUICK_TAIL_NS if quick else TAIL_NS,
        longest_ns=lengths[1],
        budget_ns=QUICK_BUDGET_NS if quick else None,
        at_once=jobs or len(os.sched_getaffinity(0)),
    )
    console = make_console(width=None if sys.stdout.isatty() else UNKNOWN_WIDTH)
    result = run_guarded(Surveyor(request, lambda line: typer.echo(line, err=True)).survey(), folder)
    print_survey(console, result)
    for path in _write(result, folder, json_file, markdown_file):
        typer.echo(str(path))


def _write(result: Survey, folder: Path, json_file: Path | None, markdown_file: Path | None) -> list[Path]:
    """Write the files. Returns their paths; raises ``HarnessError`` when the disk refuses."""
    texts = {
        folder / "survey.json": result.text(),
        folder / "survey.md": markdown(result),
        folder / "survey.html": page(result),
    }
    texts |= {json_file: result.text()} if json_file else {}
    texts |= {markdown_file: markdown(result)} if markdown_file else {}
    return [write_text(path, text) for path, text in texts.items()]


def _check_files(*paths: Path | None) -> None:
    for path in paths:
        if path is not None and (path.is_dir() or not os.access(path.absolute().parent, os.W_OK)):
            raise InputError(f"{path}: cannot be written there; name a file in a folder that exists")


def _duration(option: str, text: str | None, default_ns: int) -> int:
    if text is None:
        return default_ns
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise InputError(f"{option} {text}: {error}") from error
    if length < SECOND:
        raise InputError(f"{option} {text}: at least 1s, for nothing shorter can be told from a busy machine")
    return length
