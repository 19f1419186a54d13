"""``chaoskit exec``: one unmodified command in the sandbox, with the terminal, streams, folder, uid and exit code that it has anyway.

Exit codes are the command's own, 128 + n when signal n ended it. What is not the command's follows env(1), timeout(1) and ``docker run``,
because whoever wraps commands knows these: 125 for a failure of ours, 126 for a command that cannot be executed, 127 for one that does not
exist. Bad input is 2, as everywhere in chaoskit; nothing has been started then. In each of these cases a line that begins
with ``chaoskit:`` says so on standard error. Nothing of ours is ever on standard output.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from chaoskit.aws.services import SERVICES
from chaoskit.cli.blank import WHOLE_TIME, injections_of
from chaoskit.cli.ci import CiOptions
from chaoskit.cli.exec_run import CommandNotReady, ExecRequest, play, say
from chaoskit.cli.lazy import new_app
from chaoskit.cli.options import RUNS, Allowed, Blanks, CommandWords, JunitFile, MarkdownFile, RunsFolder, Variables
from chaoskit.engine.preflight import check_backends
from chaoskit.engine.preflight_own import check_own
from chaoskit.engine.user_command import NOT_EXECUTABLE, NOT_FOUND
from chaoskit.errors import ChaoskitError, ExperimentError, HarnessError, InputError, Problem, full_disk
from chaoskit.expect import EXPECTATIONS
from chaoskit.experiment.allowed import add_allowed, names_service
from chaoskit.experiment.app_spec import check_is_here
from chaoskit.experiment.document import Document
from chaoskit.experiment.loader import Experiment, read, resolve
from chaoskit.experiment.plans import services_of
from chaoskit.experiment.shipped import find_experiment
from chaoskit.journal.codec import as_text
from chaoskit.sandbox.file_sockets import parse_socket
from chaoskit.sandbox.port_forwards import PortForward, parse_port_forward

OUR_FAILURE = 125
HTTPS = 443

LEFT_OUT = "…"
"""What stands for a value that is not kept."""

_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")


After: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Begin 0 s of the timeline when the command answers at this http://localhost:PORT/PATH, or accepts at localhost:PORT; "
        "default: when it is started.",
    ),
]


app = new_app()


@app.command(context_settings={"allow_interspersed_args": False})
def exec_(
    command: CommandWords,
    blank: Blanks = [],  # noqa: B006
    experiment: Annotated[
        str | None,
        typer.Option(help="Use the zones, services and faults of this experiment; the command replaces its clients."),
    ] = None,
    no_aws: Annotated[bool, typer.Option("--no-aws", help="Start no mock services, DNS alone.")] = False,
    sandbox: Annotated[str, typer.Option(help="Where the command runs: auto or namespace.")] = "auto",
    allow: Allowed = [],  # noqa: B006
    env: Variables = [],  # noqa: B006
    after: After = None,
    out: RunsFolder = RUNS,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print no summary, only a warning when a fault met nothing.")
    ] = False,
    must_meet: Annotated[bool, typer.Option("--must-meet", help="Exit with 3 if a fault met nothing.")] = False,
    keep_arguments: Annotated[
        bool, typer.Option("--keep-arguments", help="Write arguments and the values of --env to journal and reports.")
    ] = False,
    junit: JunitFile = None,
    markdown: MarkdownFile = None,
) -> None:
    """Run any command, unmodified, in the sandbox.

    Exit code: the command's own; 125 if chaoskit failed, 2 for bad input.
    """
    check_place(sandbox)
    added = variables_of(env)
    sockets, holes, services = ways_out(allow)
    shown = tuple(command) if keep_arguments else without_values(command)  # arguments may hold secrets
    planned = plan(
        shown, os.environ, blanks=blank, experiment=experiment, no_aws=no_aws, port_forwards=holes, services=services
    )
    check_reachable(planned, holes)
    check_program(command[0], added.get("PATH"))
    _check_after(after)
    request = ExecRequest(
        argv=tuple(command),
        experiment=planned,
        source=experiment or "chaoskit exec",
        replay=_replay(
            shown,
            experiment,
            no_aws,
            keep_arguments,
            {"--blank": blank, "--allow": allow, "--env": env, "--after": [after] if after else []},
        ),
        shown=shown,
        no_aws=no_aws,
        added=added,
        port_forwards=holes,
        sockets=sockets,
        out=out,
        quiet=quiet,
        must_meet=must_meet,
        reports=CiOptions(junit=junit, markdown=markdown, github=False).prepare(),
        after=after,
    )
    raise typer.Exit(_play(request))


def ways_out(allow: Sequence[str]) -> tuple[list[str], list[PortForward], list[str]]:
    """The Unix sockets, the TCP ports and the services that ``--allow`` names. Raises ``InputError``."""
    services = [written for written in allow if names_service(written)]
    ports = [written for written in allow if not written.startswith("/") and written not in services]
    sockets = [parse_socket(written) for written in allow if written.startswith("/")]
    return sockets, [parse_port_forward(written, number) for number, written in enumerate(ports, 1)], services


def _check_after(place: str | None) -> None:
    try:
        if place is not None:
            check_is_here(place)
    except ValueError as error:
        raise InputError(f"--after {place}: {error}") from error


def check_place(sandbox: str) -> None:
    """Raises ``InputError`` where an unmodified command cannot run: in another sandbox, or in a folder that is gone."""
    if sandbox not in ("auto", "namespace"):
        raise InputError(f"--sandbox {sandbox}: an unmodified command needs the namespace sandbox; leave it out")
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise InputError("the current folder is gone; change to one that exists") from error


def _play(request: ExecRequest) -> int:
    """Run the command and print what was seen of it. Returns the exit code."""
    try:
        return play(request)
    except CommandNotReady as error:
        say(f"{error}, so no fault was tried.")
        return OUR_FAILURE
    except HarnessError as error:
        say(f"{error}. The command was not tested; this is no fault of its own.")
        return OUR_FAILURE
    except ChaoskitError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours must not end with a code that the command could have
        if isinstance(error, OSError) and (full := full_disk(error)):
            say(f"{full}. The command was not tested; this is no fault of its own.")
            return OUR_FAILURE
        traceback.print_exc()
        say("this is a bug in chaoskit; the command was not tested. Please report the lines above.")
        return OUR_FAILURE


def check_reachable(planned: Experiment, holes: Sequence[PortForward]) -> None:
    """Raise ``InputError`` for a backend, an app or a hole that cannot be in the sandbox."""
    check_backends(planned, "namespace")
    check_own(planned, "namespace")
    check_holes(planned, holes)


def check_holes(experiment: Experiment, holes: Sequence[PortForward]) -> None:
    """Raises ``InputError`` for two ways out, or one and a mock service, at one address of the sandbox."""
    taken = {address: service for service, addresses in services_of(experiment.spec).items() for address in addresses}
    holes_at: dict[tuple[str, int], PortForward] = {}
    for hole in holes:
        for address in hole.inside:
            if (other := holes_at.setdefault((address, hole.port), hole)) is not hole:
                raise InputError(
                    f"--allow {hole.host}:{hole.port}: --allow {other.host}:{other.port} is already there; remove one of the two"
                )
            if hole.port == HTTPS and address in taken and hole.host != "localhost":
                raise InputError(
                    f"--allow {hole.host}:{hole.port}: there, in the sandbox, is the mock {taken[address]}; "
                    "choose another address, or add --no-aws"
                )


def variables_of(written: Sequence[str]) -> dict[str, str]:
    """The variables that ``--env`` sets. Raises ``InputError``."""
    for variable in written:
        if not re.match(r"[^=]+=", variable):
            raise InputError(f"--env {variable}: write NAME=VALUE")
    return dict(variable.split("=", 1) for variable in written)


def check_program(program: str, path: str | None) -> None:
    """Exit as a shell does for a program that is not there or may not be executed."""
    if refused := _cannot_run(program, path):
        say(f"{program}: {refused[1]}")
        raise typer.Exit(refused[0])


def _cannot_run(program: str, path: str | None) -> tuple[int, str] | None:
    """The exit code and the reason, for a program that is not there or may not be executed."""
    if shutil.which(program, path=path):
        return None
    if os.sep in program and Path(program).exists():
        return NOT_EXECUTABLE, "is a folder" if Path(program).is_dir() else "permission denied"
    return NOT_FOUND, "no such file" if os.sep in program else "command not found"


def plan(
    command: Sequence[str],
    inherited: Mapping[str, str],
    *,
    blanks: Sequence[str] = (),
    experiment: str | None = None,
    no_aws: bool = False,
    port_forwards: Sequence[PortForward] = (),
    services: Sequence[str] = (),
) -> Experiment:
    """The experiment that the command plays in: the file's, without its clients and expectations, or an empty one called like it.

    ``inherited`` is the caller's environment, whose AWS region counts where there is no file. Raises ``InputError``.
    """
    document = read(find_experiment(experiment)) if experiment else _empty(command, inherited)
    data, written = document.data, 0
    if isinstance(data, dict):
        timeline = data.get("timeline")
        written = len(timeline) if isinstance(timeline, list) else 0
        data["expect"] = _without_clients(data.get("expect"))
        data.update({"clients": {}, "duration": WHOLE_TIME, "services": _services(data.get("services"), no_aws)})
        add_allowed(data, services)
        _add_blanks(data, blanks)
        _add_names(data, port_forwards)
    try:
        return resolve(document, time_scale=1.0)
    except ExperimentError as error:
        own_zones = "" if experiment else "Give a file with zones of your own to --experiment,"
        messages = [_message(error.path, problem, written, blanks, own_zones) for problem in error.problems]
        raise InputError("\n".join(messages)) from error


def _without_clients(written: Any) -> Any:
    """The expectations that speak of no client, which are judged; the command stands in place of those that the others speak of."""
    if not isinstance(written, list):
        return written if written is not None else []
    return [entry for entry in written if not _speaks_of_clients(entry)]


def _speaks_of_clients(entry: Any) -> bool:
    kind = next(iter(entry), None) if isinstance(entry, dict) else entry
    if kind not in EXPECTATIONS.kinds:
        return False  # the file's validation tells of it
    return any(field.name == "client" for field in fields(EXPECTATIONS.get(kind)))


def _message(path: str, problem: Problem, written: int, blanks: Sequence[str], own_zones: str) -> str:
    """What is wrong, by its place: a line of the file, whose timeline has ``written`` entries, or a ``--blank``, which come after those.

    ``own_zones`` says how to add zones where there is no file to add them to.
    """
    number = problem.path[1] if problem.path[:1] == ("timeline",) and len(problem.path) > 1 else None
    if isinstance(number, int) and number >= written:
        fix = problem.fix.replace("Add it under 'zones',", own_zones) if own_zones else problem.fix
        return f"--blank {blanks[number - written]}: {problem.message} {fix}".rstrip()
    if problem.about == "client":
        fix = "With exec your command is there in place of the file's clients, so nothing can be aimed at one of them."
        problem = replace(problem, fix=fix)
    return str(ExperimentError(path, [problem]))


def _empty(command: Sequence[str], inherited: Mapping[str, str]) -> Document:
    regions = [inherited[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if name in inherited]
    region = next((region for region in regions if _REGION.fullmatch(region)), "us-east-1")
    return Document("chaoskit exec", {"title": as_text(f"exec {_words(command)}")[:200], "region": region}, {})


def _services(written: Any, no_aws: bool) -> Any:
    """All services, those that the file describes as it does, and with ``no_aws`` only those of the user's own.

    What is wrong in the file is left for its validation.
    """
    if isinstance(written, list):
        written = {name: {} for name in written}
    if no_aws:
        own = written.items() if isinstance(written, dict) else ()
        return {name: service for name, service in own if name not in SERVICES}
    return (
        {**{name: {} for name in SERVICES}, **written}
        if isinstance(written, dict)
        else (written or {name: {} for name in SERVICES})
    )


def _add_blanks(data: dict[str, Any], blanks: Sequence[str]) -> None:
    if not blanks:
        return
    timeline = data.setdefault("timeline", [])
    if isinstance(timeline, list):
        data["timeline"] = [*timeline, *injections_of(blanks, timeline)]
    limits = data.setdefault("limits", {})
    if isinstance(limits, dict):
        limits["longest_fault"] = WHOLE_TIME  # whoever types --blank means it; and it ends with the command


def _add_names(data: dict[str, Any], holes: Sequence[PortForward]) -> None:
    """Add the host names of ``--allow`` to the zones, so that they resolve in the sandbox."""
    zones = data.setdefault("zones", {})
    for hole in holes:
        if hole.named and isinstance(zones, dict):
            if hole.host in zones:
                raise InputError(
                    f"--allow {hole.host}:{hole.port}: the experiment has a zone of this name; remove one of the two"
                )
            zones[hole.host] = {"records": {hole.host: {"A": hole.inside[0]}}}


def without_values(argv: Sequence[str]) -> tuple[str, ...]:
    """The program, and of its arguments nothing but the names of options: ``-H`` and ``--token=…``, but ``…`` for ``-psecret``."""
    shown = []
    for word in argv[1:]:
        name, equals, _ = word.partition("=")
        if re.fullmatch(r"--[a-z][a-z0-9-]*", name):
            shown.append(f"{name}={LEFT_OUT}" if equals else name)
        else:
            shown.append(word if re.fullmatch(r"-[A-Za-z]|--", word) else LEFT_OUT)
    return (argv[0], *shown)


def _words(argv: Sequence[str]) -> str:
    """As a shell would take it; what was left out is no word for a shell, and is not quoted."""
    return " ".join(word if word.endswith(LEFT_OUT) else shlex.quote(word) for word in argv)


def _replay(
    shown: Sequence[str],
    experiment: str | None,
    no_aws: bool,
    keep_arguments: bool,
    repeated: Mapping[str, Sequence[str]],
) -> str:
    """The command line that does the same again; ``repeated`` holds the values of options that may be repeated."""
    words = ["chaoskit", "exec"]
    for name, values in repeated.items():
        for value in values:
            hidden = name == "--env" and not keep_arguments
            words += [name, f"{value.partition('=')[0]}={LEFT_OUT}" if hidden else value]
    if experiment:
        words += ["--experiment", experiment]
    words += [*(["--no-aws"] if no_aws else []), *(["--keep-arguments"] if keep_arguments else [])]
    return as_text(_words([*words, "--", *shown]))
