"""What a machine, or a sandbox, cannot do with apps, services and probes of the user's own: told before anything starts."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from chaoskit.clients import CLIENTS
from chaoskit.clients.probe import PROBES
from chaoskit.errors import ExperimentError, FieldPath, Problem, dotted
from chaoskit.experiment.address_spec import METADATA_ADDRESS
from chaoskit.experiment.loader import Experiment
from chaoskit.experiment.own_plans import app_plan, outside_backends
from chaoskit.experiment.plans import program_of

ANSWER_WITHIN_S = 2.0

CONTAINERS = ("docker", "compose", "overlay")
"""Sandboxes whose processes are in containers: no program of this machine is there."""

Complaint = tuple[FieldPath, str, str]


def check_own(experiment: Experiment, sandbox: str) -> None:
    """Raise ``ExperimentError``, with every problem, for what cannot be started or reached.

    ``sandbox`` is a word of ``CHOICES``, or ``overlay``: an ``attach``.
    """
    complaints = [
        *_placed(experiment, sandbox),
        *_probes(experiment, sandbox),
        *(() if sandbox in CONTAINERS else _apps(experiment)),
        *(() if sandbox == "compose" else _outside(experiment)),
    ]
    problems = [
        Problem(experiment.line(field), dotted(field), message, fix, field) for field, message, fix in complaints
    ]
    if problems:
        raise ExperimentError(experiment.source, problems)


def _placed(experiment: Experiment, sandbox: str) -> Iterator[Complaint]:
    """What does not fit the sandbox."""
    for name in experiment.spec.apps:
        field: FieldPath = ("apps", name)
        if sandbox == "inline":
            message = (
                "the inline sandbox hooks the resolver of chaoskit's own Python, and this is a program of your own."
            )
            yield field, message, "Use --sandbox namespace."
        elif sandbox == "overlay":
            message = "chaoskit attach starts no program of this machine."
            yield (
                field,
                message,
                "Make it a service of the compose project; a service's backend can be NAME:PORT of one.",
            )
        elif sandbox in CONTAINERS:
            yield field, "containers of chaoskit's image do not have this program.", "Use --sandbox namespace."
    for name, service in experiment.spec.own_services.items():
        if sandbox == "compose":
            message = "the game day of docker/compose.yaml serves mocks of AWS alone."
            yield ("services", name), message, "Use --sandbox docker or namespace."
        elif METADATA_ADDRESS in service.addresses and sandbox in ("inline", "docker", "overlay"):
            place = "this machine's loopback" if sandbox == "inline" else "the network of a run in containers"
            message = f"{METADATA_ADDRESS} is no address of {place}."
            yield ("services", name, "addresses"), message, "Use --sandbox namespace, whose loopback gets it."
        elif (
            sandbox in ("docker", "overlay")
            and service.addresses
            and all(":" in address for address in service.addresses)
        ):
            message = "the network of a run in containers has IPv4 addresses alone."
            yield ("services", name, "addresses"), message, "Add one like 127.0.5.1, which stands for one there."


def _probes(experiment: Experiment, sandbox: str) -> Iterator[Complaint]:
    """Libraries that are not installed, and lookups that the sandbox would not see."""
    for label, client in experiment.spec.clients.items():
        if client.use not in PROBES:
            continue
        kind, field = CLIENTS.get(client.use), ("clients", label, "use")
        for package in kind.PACKAGES:
            if sandbox == "docker":
                message = f"chaoskit's image does not have the package {package}, which 'use: {client.use}' needs."
                yield field, message, "Use --sandbox namespace, or 'use: http' or 'use: tcp'."
                break
            if importlib.util.find_spec(package) is None:
                message = f"'use: {client.use}' needs the package {package}, which is not installed."
                yield field, message, f"Install it: pip install 'chaoskit[{client.use}]'"
                break
        if kind.PROGRAM is not None:
            yield from _program(experiment, sandbox, label, client.program or kind.PROGRAM)
        if kind.RESOLVER is not None and sandbox == "inline":
            message = f"the inline sandbox hooks Python's own resolver, and {kind.RESOLVER} asks name servers past it."
            yield field, message, "Use --sandbox namespace."


def _program(experiment: Experiment, sandbox: str, label: str, program: str) -> Iterator[Complaint]:
    """A program of a probe that is not there, or that the sandbox cannot run."""
    field: FieldPath = ("clients", label, "use")
    if sandbox not in ("namespace", "auto"):
        message = f"{program} is no Python, whose resolver the inline sandbox hooks, and in no image of chaoskit's."
        yield field, message, "Use --sandbox namespace."
    elif shutil.which(program_of(program, experiment.source)) is None:
        yield (
            field,
            f"there is no program {program!r}.",
            f"Install it: apt-get install {program}" if "/" not in program else "",
        )


def _apps(experiment: Experiment) -> Iterator[Complaint]:
    """Programs and folders that are not there."""
    for label, app in experiment.spec.apps.items():
        plan, field = app_plan(label, app, experiment.source, ""), ("apps", label)
        if shutil.which(plan["argv"][0], path=app.env.get("PATH", os.environ.get("PATH"))) is None:
            fix = "Give its path from this file's folder, or put it on PATH."
            yield (*field, "argv"), f"there is no program {app.argv[0]!r} that can be executed.", fix
        if not Path(plan["cwd"]).is_dir():
            yield (*field, "cwd"), f"there is no folder {plan['cwd']}.", "It is taken from this file's folder."


def _outside(experiment: Experiment) -> Iterator[Complaint]:
    """Backends of this machine at which nobody listens."""
    for name, address in outside_backends(experiment.spec).items():
        try:
            socket.create_connection(address, timeout=ANSWER_WITHIN_S).close()
        except OSError as error:
            message = f"nobody answers at {address[0]}:{address[1]} ({error.strerror or error})."
            yield (
                ("services", name, "backend"),
                message,
                "Start it first, or let an app of this experiment answer ('apps').",
            )
