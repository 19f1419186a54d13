"""``chaoskit operator``: what the trainee does from inside ``chaoskit drill``; a person and a program have the same words."""

from __future__ import annotations

import json
import re
import time
from typing import Annotated, Any

import typer

from chaoskit.cli.lazy import group_with_default, new_app
from chaoskit.cli.options import AsJson
from chaoskit.cli.steer import ask
from chaoskit.errors import InputError
from chaoskit.fold import folded
from chaoskit.units import SECOND, parse_duration

NOT_IN_DRILL = "this is not inside of `chaoskit drill`; list the scenarios with `chaoskit drill`"
DAY_S = 86_400

app = new_app(cls=group_with_default("act"))


@app.callback()
def _operator(
    context: typer.Context,
    role: Annotated[
        str,
        typer.Option(
            envvar="CHAOSKIT_ROLE",
            help="Who you are in a team: operator, communicator, scribe or facilitator, each with verbs of its own; default: all but "
            "the facilitator's.",
        ),
    ] = "alone",
) -> None:
    """Act, diagnose and publish from inside `chaoskit drill`.

    Beside the commands below there are the scenario's own actions: `chaoskit operator ACTION [SUBJECT]`.
    `chaoskit operator brief` lists them.
    """
    context.obj = role


@app.command()
def brief(context: typer.Context, as_json: AsJson = False) -> None:
    """Print what you are told of the incident, and what you can do."""
    _tell(context, {"what": "brief"}, as_json=as_json)


@app.command()
def act(
    context: typer.Context,
    action: Annotated[str, typer.Argument(help="One of the scenario's actions, such as restore.")],
    subject: Annotated[str, typer.Argument(help="What it is done to, where the action has a subject.")] = "",
    as_json: AsJson = False,
) -> None:
    """Do one of the scenario's actions. The word `act` may be left out."""
    _tell(context, {"what": "act", "action": action, "subject": subject}, as_json=as_json)


@app.command()
def diagnose(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="What is broken, from the list of names.")],
    mechanism: Annotated[str, typer.Option(help="How it is broken, from the list of mechanisms.")],
    scope: Annotated[str, typer.Option(help="Who is affected, from the list of scopes.")],
    since: Annotated[str, typer.Option(help="When it began: how long ago, such as 40s, or a time of day, HH:MM:SS.")],
    as_json: AsJson = False,
) -> None:
    """Say what is wrong. The last diagnosis counts."""
    picked = {"name": name, "mechanism": mechanism, "scope": scope}
    _tell(context, {"what": "diagnose", **picked, "ago_ns": ago_ns(since, time.localtime())}, as_json=as_json)


@app.command()
def status(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What customers read.")],
    next_update: Annotated[
        str | None, typer.Option("--next", help="When the next update comes at the latest, such as 10m.")
    ] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Say that the incident is over.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish an update on the status page."""
    next_ns = None if next_update is None else _duration("--next", next_update)
    _tell(context, {"what": "status", "text": text, "next_ns": next_ns, "resolved": resolved}, as_json=as_json)


@app.command()
def page(context: typer.Context, as_json: AsJson = False) -> None:
    """Print the status page as customers read it."""
    _tell(context, {"what": "page"}, as_json=as_json)


@app.command()
def levels(context: typer.Context, as_json: AsJson = False) -> None:
    """Print what the scenario's parts tell of themselves, such as the leases that are held, and from where on that is well."""
    _tell(context, {"what": "levels"}, as_json=as_json)


@app.command()
def alarms(context: typer.Context, as_json: AsJson = False) -> None:
    """Print the alarms that are on."""
    _tell(context, {"what": "alarms"}, as_json=as_json)


@app.command()
def hint(context: typer.Context, as_json: AsJson = False) -> None:
    """Take the next hint, or give it as the facilitator; it costs points."""
    _tell(context, {"what": "hint"}, as_json=as_json)


@app.command()
def note(
    context: typer.Context, text: Annotated[str, typer.Argument(help="What to write down.")], as_json: AsJson = False
) -> None:
    """As the scribe: write down what happens, for the debrief's timeline."""
    _tell(context, {"what": "note", "text": text}, as_json=as_json)


@app.command()
def hold(context: typer.Context, as_json: AsJson = False) -> None:
    """As the facilitator: obey nobody else until `resume`; the time does not count against the team's communication."""
    _tell(context, {"what": "hold"}, as_json=as_json)


@app.command()
def resume(context: typer.Context, as_json: AsJson = False) -> None:
    """As the facilitator: end a hold."""
    _tell(context, {"what": "resume"}, as_json=as_json)


@app.command()
def abort(
    context: typer.Context, because: Annotated[str, typer.Argument(help="Why.")], as_json: AsJson = False
) -> None:
    """As the facilitator: end the drill now, without a watch after it. The journal and the debrief are kept."""
    _tell(context, {"what": "abort", "because": because}, as_json=as_json)


@app.command()
def done(context: typer.Context, as_json: AsJson = False) -> None:
    """Say that the incident is over."""
    _tell(context, {"what": "done"}, as_json=as_json)


def _tell(context: typer.Context, request: dict[str, Any], *, as_json: bool) -> None:
    from chaoskit.drill.roles import ROLES

    role = context.obj
    if role not in ROLES:
        raise InputError(f"--role {role}: choose of {', '.join(ROLES)}")
    answer = ask({"do": "operator", "role": role, **request}, NOT_IN_DRILL)
    typer.echo(json.dumps(answer) if as_json else folded(answer["says"]))


def ago_ns(since: str, now: time.struct_time) -> int:
    """How long ago ``since`` was: a duration, or the last time of day HH:MM:SS before ``now``. Raises ``InputError``."""
    clock = re.fullmatch(r"(\d{1,2}):(\d{2}):(\d{2})", since)
    if clock is None:
        return _duration("--since", since)
    hours, minutes, seconds = map(int, clock.groups())
    if hours > 23 or minutes > 59 or seconds > 59:
        raise InputError(f"--since {since}: this is no time of day")
    then = hours * 3600 + minutes * 60 + seconds
    return (now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec - then) % DAY_S * SECOND


def _duration(option: str, written: str) -> int:
    try:
        return parse_duration(written)
    except ValueError as error:
        raise InputError(f"{option} {written}: {error}") from error
