"""``chaoskit drill``: list the scenarios, play one blind, and judge a played one again."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.journal_path import journal_at
from chaoskit.cli.lazy import group_with_default, new_app
from chaoskit.cli.options import RUNS, AsJson, JournalPath, RunsFolder, Seed
from chaoskit.errors import InputError
from chaoskit.fold import folded

app = new_app(cls=group_with_default("play"), no_args_is_help=False)


@app.callback(invoke_without_command=True)
def _drill(context: typer.Context) -> None:
    """Train for an incident whose cause you are not told.

    `chaoskit drill` lists the scenarios, `chaoskit drill SCENARIO` plays one.
    """
    if context.invoked_subcommand is None:
        from chaoskit.drill.scenario import load_scenario, scenario_files

        for path in scenario_files():
            typer.echo(folded(f"{path.stem}\n    {load_scenario(path).experiment.spec.title}"))
        typer.echo("\nPlay one: chaoskit drill NAME")


@app.command()
def play(
    scenario: Annotated[str, typer.Argument(help="Scenario file, or the name of a shipped one.")],
    responder: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="Let this program respond to the incident; default: a shell, for you."),
    ] = None,
    out: RunsFolder = RUNS,
    seed: Seed = None,
    team: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Add the score to this team's SQLite file, made if it is not there."),
    ] = None,
    status_page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the status page to this HTML file with each update.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play a scenario. The word `play` may be left out.

    Exit code: 0 recovered and safe, 1 not, 2 bad input, 3 unknown, 125 if chaoskit failed.
    """
    from chaoskit.cli.drill_run import DrillRequest, play_drill
    from chaoskit.cli.exec import check_place, check_program
    from chaoskit.drill.scenario import find_scenario, load_scenario
    from chaoskit.drill.team import check_team
    from chaoskit.engine import preflight

    loaded = load_scenario(find_scenario(scenario), seed)
    check_place("auto")
    preflight.check(loaded.experiment, "namespace")
    if team:
        check_team(team)
    if status_page and not status_page.absolute().parent.is_dir():
        raise InputError(f"--status-page {status_page}: its folder is not there; make it, or name another file")
    words = _words(responder) if responder is not None else []
    if words:
        check_program(words[0], None)
    replay = ["chaoskit", "drill", scenario, "--seed", str(loaded.experiment.spec.seed)]
    request = DrillRequest(
        scenario=loaded,
        responder=tuple(words),
        replay=shlex.join([*replay, *(["--responder", responder] if responder else [])]),
        shell=os.environ.get("SHELL", "/bin/sh"),
        out=out,
        team=team,
        status_page=status_page,
        as_json=as_json,
    )
    raise typer.Exit(play_drill(request))


def _words(responder: str) -> list[str]:
    try:
        words = shlex.split(responder)
    except ValueError as error:
        raise InputError(f"--responder {responder}: {error}") from error
    if not words:
        raise InputError("--responder is empty; name a program, or leave it out for a shell")
    return words


@app.command()
def judge(journal: JournalPath, as_json: AsJson = False) -> None:
    """Judge a played drill again, from its journal alone.

    Exit code: the same as that of the drill.
    """
    from chaoskit.drill.debrief import debrief_lines
    from chaoskit.drill.judge import score_of, view_of
    from chaoskit.journal.store import read_journal

    view = view_of(read_journal(journal_at(journal)))
    score = score_of(view)
    typer.echo(json.dumps(score.plain()) if as_json else folded("\n".join(debrief_lines(view, score))))
    raise typer.Exit(score.exit_code)


@app.command("team")
def team_(
    file: Annotated[Path, typer.Argument(help="The team's file.")],
    as_json: AsJson = False,
) -> None:
    """Print a team's scores over its drills."""
    from chaoskit.drill.team import progress_lines, scores_in

    rows = scores_in(file)
    typer.echo(json.dumps(rows) if as_json else "\n".join(progress_lines(rows)))
