"""Putting a project's services back as they were, from what a label of our container says.

``up --no-deps`` would leave their dependencies out of Compose's hash, so the container would not be the one that ``docker compose up``
makes. ``create`` keeps them in it, and starts nothing: so no job that has ended runs again. We start the containers ourselves.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Collection, Mapping
from typing import Any

from chaoskit.compose.engine import EVERY_PROFILE, Docker
from chaoskit.compose.overlay import NAME, TOOK_LABEL
from chaoskit.compose.running import HASH, PROJECT, STATE, Origin, Running, containers_of, labels_of, state_of
from chaoskit.errors import HarnessError

WELL_WITHIN_S = 180.0
WELL = ("running", "healthy")


def put_back(docker: Docker, origin: Origin) -> None:
    """Make the project's services anew as they were, start them, and remove all that is ours. Safe to call again.

    Raises ``HarnessError``. Where they could not be made, ours stay too, because they say what is to be put back; where they could not
    be started, ours are gone.
    """
    if any(
        _is_under_ours(container, origin.project)
        for container in docker.present(*containers_of(docker, origin.project))
    ):
        words = [*scales(origin.scale), *scales(origin.beside), *origin.scale]
        try:
            docker.compose([*origin.options, *EVERY_PROFILE], "create", "--no-build", "--pull", "never", *words)
        except HarnessError as error:
            raise HarnessError(
                f"{', '.join(origin.scale)} is still under chaoskit, because it could not be made anew: {error}\nWhen that is mended: "
                f"{origin.put_back_command}"
            ) from error
    try:
        _start(docker, origin)
    finally:
        remove_ours(docker, origin.project)


def scales(scale: Mapping[str, int]) -> list[str]:
    """``--scale`` for each: without it, Compose would make as many as the file says."""
    return [word for name, number in scale.items() for word in ("--scale", f"{name}={number}")]


def settle(docker: Docker, project: str, services: Collection[str]) -> dict[str, str]:
    """Wait until none of these services is starting; those that are not well then, with the state that they are in."""
    states = _states(docker, project, services)
    until = time.monotonic() + WELL_WITHIN_S
    if "starting" in states.values():  # each health check is an event; those just before we listen count too
        words = ("--since", "10s", "--filter", "type=container", "--filter", f"label={PROJECT}={project}")
        with docker.follow("events", *words) as events:
            try:
                while "starting" in states.values() and _something_happens(events, until):
                    states = _states(docker, project, services)
            finally:
                events.terminate()
    return {name: state for name, state in states.items() if state not in WELL}


def _states(docker: Docker, project: str, services: Collection[str]) -> dict[str, str]:
    """Of each service that has containers, the state of the one that is furthest from being well."""
    states_of = {
        name: [state_of(container) for container in docker.present(*containers_of(docker, project, name))]
        for name in services
    }
    return {name: min(states, key=_wellness) for name, states in states_of.items() if states}


def _wellness(state: str) -> int:
    """Sort key of a container's state: 0 undecided (``starting``), 1 unhealthy, 2 healthy."""
    return 0 if state == "starting" else 2 if state in WELL else 1


def _something_happens(events: subprocess.Popen[bytes], until: float) -> bool:
    """Wait for more of the output; False when it has ended, or it is too late."""
    assert events.stdout is not None
    left = until - time.monotonic()
    return left > 0 and bool(
        select.select([events.stdout], [], [], left)[0] and os.read(events.stdout.fileno(), 1 << 16)
    )


def left_behind(docker: Docker, project: str | None = None) -> list[Origin]:
    """What our containers say is to be put back, of one project or of all; whether their ``attach`` lives says ``Origin.owner``."""
    label = TOOK_LABEL if project is None else f"{TOOK_LABEL}={project}"
    containers = docker.present(*docker.lines("ps", "--all", "--quiet", "--filter", f"label={label}"))
    return [Origin.from_json(labels_of(container)[STATE]) for container in containers if STATE in labels_of(container)]


def remove_ours(docker: Docker, project: str) -> None:
    """Our container, network and volume in a project, and nothing else."""
    mine = ("--filter", f"label={TOOK_LABEL}={project}")
    if containers := docker.lines("ps", "--all", "--quiet", *mine):
        docker.run("rm", "--force", "--volumes", *containers)
    for kind in ("network", "volume"):
        if ids := docker.lines(kind, "ls", "--quiet", *mine):
            docker.run(kind, "rm", *ids)


def unlike(before: Running, after: Running) -> list[str]:
    """Services of which the containers are not made from the settings that they had before: none, if the putting back was whole."""

    def hashes(running: Running, name: str) -> list[str]:
        return sorted(labels_of(container).get(HASH, "") for container in running.of(name))

    return [name for name in before.origin.scale if hashes(before, name) != hashes(after, name)]


def _is_under_ours(container: Mapping[str, Any], project: str) -> bool:
    return f"{project}_{NAME}" in container["NetworkSettings"]["Networks"] and TOOK_LABEL not in labels_of(container)


def _start(docker: Docker, origin: Origin) -> None:
    """Start each service after those whose health it awaits. Raises ``HarnessError`` when all that can start have."""
    failed = []
    for name in origin.scale:
        settle(docker, origin.project, origin.awaits.get(name, ()))
        try:
            if containers := containers_of(docker, origin.project, name):
                docker.run("start", *containers)
        except HarnessError as error:
            failed.append(f"{name} is as before, but does not start: {error}")
    if failed:
        raise HarnessError("\n".join(failed))
