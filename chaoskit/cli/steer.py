"""``chaoskit blank`` and ``chaoskit restore``: faults of a run from inside ``chaoskit exec``, for tests of any language."""

from __future__ import annotations

import json
import os
import socket
from typing import Annotated, Any

import typer

from chaoskit.errors import HarnessError, InputError
from chaoskit.host_port import split_host_port
from chaoskit.units import parse_duration

VARIABLE = "CHAOSKIT_STEERING"
PATIENCE_S = 30.0
NOT_IN_EXEC = "this is not inside of `chaoskit exec`, whose DNS server it steers; for a server of your own there is `chaoskit inject`"


def blank(
    name: Annotated[str, typer.Argument(help="Host name whose record is to go.")],
    length: Annotated[
        str | None, typer.Option("--for", help="Length of the fault, such as 5s; default: until `chaoskit restore`.")
    ] = None,
    fault: Annotated[str, typer.Option(help="Fault: empty, nxdomain, servfail, refused or drop.")] = "empty",
) -> None:
    """Blank a name from inside `chaoskit exec`.

    Returns when the run's DNS server answers so. Exit code: 0 done, 2 for a name or fault that cannot be, 4 outside of a run.
    """
    try:
        for_ns = parse_duration(length) if length is not None else None
    except ValueError as error:
        raise InputError(f"--for {length}: {error}") from error
    ask({"do": "blank", "name": name, "fault": fault, "for_ns": for_ns})


def restore(
    name: Annotated[str | None, typer.Argument(help="Host name; default: every name that a fault is on for.")] = None,
) -> None:
    """End the faults of a name from inside `chaoskit exec`.

    Returns when the run's DNS server answers honestly. Exit code: 0 done, 2 if no fault is on, 4 outside of a run.
    """
    ask({"do": "restore", "name": name})


def ask(request: dict[str, Any], around: str = NOT_IN_EXEC) -> dict[str, Any]:
    """Send a request to the run around us, and return its answer.

    Raises ``InputError`` for what it refuses, ``HarnessError``, which says ``around``, where there is none.
    """
    place = os.environ.get(VARIABLE)
    if not place:
        raise HarnessError(around)
    try:
        with socket.create_connection(split_host_port(place), timeout=PATIENCE_S) as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            line = connection.makefile("rb").readline()
        answer: dict[str, Any] = json.loads(line)
    except (OSError, ValueError) as error:
        raise HarnessError(f"the run around us does not answer at {place}: {error}") from error
    if "error" in answer:
        raise InputError(answer["error"])
    return answer
