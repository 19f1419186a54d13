"""``chaoskit exec``: one unmodified command in the sandbox, with the terminal, streams, folder, uid and exit code that it has anyway.

Exit codes are the command's own, 128 + n when signal n ended it. What is not the command's follows env(1), timeout(1) and ``docker run``,
because whoever wraps commands knows these: 125 for a failure of ours, 126 for a command that cannot be executed, 127 for one that does not
exist. Bad input is 2, as everywhere in chaoskit; nothing has been started then. In each of these cases a line that begins
with ``chaoskit:`` says so on standard error. Nothing of ours is ever on standard output.
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from chaoskit.aws.services import SERVICES
from chaoskit.cli.exec_run import ExecRequest, play, say
from chaoskit.engine.preflight import check_backends
from chaoskit.engine.user_command import NOT_EXECUTABLE, NOT_FOUND
from chaoskit.errors import ChaoskitError, ExperimentError, HarnessError, InputError, Problem, full_disk
from chaoskit.expect import EXPECTATIONS
from chaoskit.experiment.document import Document
from chaoskit.experiment.loader import Experiment, read, resolve
from chaoskit.experiment.plans import services_of
from chaoskit.experiment.shipped import find_experiment
from chaoskit.journal.codec import as_text
from chaoskit.sandbox.file_sockets import parse_socket
from chaoskit.sandbox.port_forwards import PortForward, parse_port_forward
from chaoskit.units import parse_duration

OUR_FAILURE = 125
HTTPS = 443

LEFT_OUT = "…"
"""What stands for a value that is not kept."""

WHOLE_TIME = "240h"
"""How long a run may last that ends with its command: ten days stand for ever."""

_BLANK = re.compile(r"(?P<name>[^@\s]+)(?:@(?P<start>[^+]*)(?:\+(?P<length>.+))?)?")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said on the command line."""

    argv: tuple[str, ...]
    blanks: tuple[str, ...]
    experiment: str | None
    no_aws: bool
    sandbox: str
    allow: tuple[str, ...]
    environment: tuple[str, ...]
    out: Path
    quiet: bool
    must_meet: bool = False
    keep_arguments: bool = False


def run_command(options: Options) -> int:
    """Run the command and tell what was seen of it. Returns the exit code; raises ``InputError`` before anything is started."""
    if options.sandbox not in ("auto", "namespace"):
        raise InputError(
            f"--sandbox {options.sandbox}: an unmodified command needs the namespace sandbox; leave it out"
        )
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise InputError("the current folder is gone; change to one that exists") from error
    added = _environment(options.environment)
    sockets = [parse_socket(written) for written in options.allow if written.startswith("/")]
    ports = [written for written in options.allow if not written.startswith("/")]
    holes = [parse_port_forward(written, number) for number, written in enumerate(ports, 1)]
    experiment = plan(options, os.environ, holes)
    check_backends(experiment, "namespace")
    _check_holes(experiment, holes)
    if refused := _cannot_run(options.argv[0], added.get("PATH")):
        say(f"{options.argv[0]}: {refused[1]}")
        return refused[0]
    request = ExecRequest(
        argv=options.argv,
        experiment=experiment,
        source=options.experiment or "chaoskit exec",
        replay=_replay(options),
        shown=_shown(options),
        no_aws=options.no_aws,
        added=added,
        port_forwards=holes,
        sockets=sockets,
        out=options.out,
        quiet=options.quiet,
        must_meet=options.must_meet,
    )
    try:
        return play(request)
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


def _check_holes(experiment: Experiment, holes: Sequence[PortForward]) -> None:
    taken = {address: service for service, addresses in services_of(experiment.spec).items() for address in addresses}
    seen: dict[tuple[str, int], PortForward] = {}
    for hole in holes:
        for address in hole.inside:
            if (other := seen.setdefault((address, hole.port), hole)) is not hole:
                raise InputError(
                    f"--allow {hole.host}:{hole.port}: --allow {other.host}:{other.port} is already there; remove one of the two"
                )
            if hole.port == HTTPS and address in taken and hole.host != "localhost":
                raise InputError(
                    f"--allow {hole.host}:{hole.port}: there, in the sandbox, is the mock {taken[address]}; "
                    "choose another address, or add --no-aws"
                )


def _environment(written: Sequence[str]) -> dict[str, str]:
    for one in written:
        if not re.match(r"[^=]+=", one):
            raise InputError(f"--env {one}: write NAME=VALUE")
    return dict(one.split("=", 1) for one in written)


def _cannot_run(program: str, path: str | None) -> tuple[int, str] | None:
    """The exit code and the reason, for a program that is not there or may not be executed."""
    if shutil.which(program, path=path):
        return None
    if os.sep in program and Path(program).exists():
        return NOT_EXECUTABLE, "is a folder" if Path(program).is_dir() else "permission denied"
    return NOT_FOUND, "no such file" if os.sep in program else "command not found"


def plan(options: Options, inherited: Mapping[str, str], holes: Sequence[PortForward] = ()) -> Experiment:
    """The experiment that the command plays in: the file's, without its clients and expectations, or an empty one."""
    document = read(find_experiment(options.experiment)) if options.experiment else _empty(options, inherited)
    data, written = document.data, 0
    if isinstance(data, dict):
        timeline = data.get("timeline")
        written = len(timeline) if isinstance(timeline, list) else 0
        data["expect"] = _without_clients(data.get("expect"))
        data.update(
            {"clients": {}, "duration": WHOLE_TIME, "services": _services(data.get("services"), options.no_aws)}
        )
        _add_blanks(data, options.blanks)
        _add_names(data, holes)
    try:
        return resolve(document, time_scale=1.0)
    except ExperimentError as error:
        raise InputError(
            "\n".join(_told(error.path, problem, written, options) for problem in error.problems)
        ) from error


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


def _told(path: str, problem: Problem, written: int, options: Options) -> str:
    """What is wrong, by its place: a line of the file, whose timeline has ``written`` entries, or a ``--blank``, which come after those."""
    number = problem.path[1] if problem.path[:1] == ("timeline",) and len(problem.path) > 1 else None
    if isinstance(number, int) and number >= written:
        fix = problem.fix
        if not options.experiment:
            fix = fix.replace("Add it under 'zones',", "Give a file with zones of your own to --experiment,")
        return f"--blank {options.blanks[number - written]}: {problem.message} {fix}".rstrip()
    if problem.about == "client":
        fix = "With exec your command is there in place of the file's clients, so nothing can be aimed at one of them."
        problem = replace(problem, fix=fix)
    return str(ExperimentError(path, [problem]))


def _empty(options: Options, inherited: Mapping[str, str]) -> Document:
    regions = [inherited[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if name in inherited]
    region = next((region for region in regions if _REGION.fullmatch(region)), "us-east-1")
    return Document("chaoskit exec", {"title": as_text(f"exec {_words(_shown(options))}")[:200], "region": region}, {})


def _services(written: Any, no_aws: bool) -> Any:
    """All services, those that the file describes as it does; what is wrong in the file is left for its validation."""
    if no_aws:
        return {}
    if isinstance(written, list):
        written = {name: {} for name in written}
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


def injections_of(blanks: Sequence[str], timeline: Iterable[Any]) -> list[dict[str, Any]]:
    """What each ``--blank`` means, with an id that nothing in ``timeline`` has. Raises ``InputError``."""
    taken = {entry.get("id") for entry in timeline if isinstance(entry, dict)}
    free = (number for number in itertools.count(1) if f"blank-{number}" not in taken)
    return [blank(written, number) for written, number in zip(blanks, free, strict=False)]


def blank(written: str, number: int) -> dict[str, Any]:
    """The injection that ``NAME``, ``NAME@FROM`` or ``NAME@FROM+FOR`` means. Raises ``InputError``."""
    found = _BLANK.fullmatch(written)
    if found is None:
        raise InputError(f"--blank {written}: write NAME, NAME@FROM or NAME@FROM+FOR, like example.com@5s+30s")
    start, length = found["start"] or "0", found["length"] or WHOLE_TIME
    for part in (start, length):
        try:
            parse_duration(part)
        except ValueError as error:
            raise InputError(f"--blank {written}: {error}") from error
    return {"id": f"blank-{number}", "dns": "empty", "where": found["name"], "when": {"from": start, "for": length}}


def _add_names(data: dict[str, Any], holes: Sequence[PortForward]) -> None:
    """Let the sandbox's DNS know the names that lead to a hole."""
    zones = data.setdefault("zones", {})
    for hole in holes:
        if hole.named and isinstance(zones, dict):
            if hole.host in zones:
                raise InputError(
                    f"--allow {hole.host}:{hole.port}: the experiment has a zone of this name; remove one of the two"
                )
            zones[hole.host] = {"records": {hole.host: {"A": hole.inside[0]}}}


def _shown(options: Options) -> tuple[str, ...]:
    """The command as journal and reports have it: its arguments may hold secrets, so they are left out unless they are asked for."""
    return options.argv if options.keep_arguments else without_values(options.argv)


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


def _replay(options: Options) -> str:
    words = ["chaoskit", "exec"]
    kept = options.keep_arguments
    variables = [one if kept else f"{one.partition('=')[0]}={LEFT_OUT}" for one in options.environment]
    for name, values in (("--blank", options.blanks), ("--allow", options.allow), ("--env", variables)):
        for value in values:
            words += [name, value]
    if options.experiment:
        words += ["--experiment", options.experiment]
    words += [*(["--no-aws"] if options.no_aws else []), *(["--keep-arguments"] if kept else [])]
    return as_text(_words([*words, "--", *_shown(options)]))
