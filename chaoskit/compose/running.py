"""A compose project that is up, as Docker's labels tell of it, and how to bring its services up again exactly so.

Compose writes on each container where its project came from and a hash of the service's settings. So before anything is touched it can be
known whether the files would give the same container again.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from chaoskit.compose.engine import Docker, read_config
from chaoskit.compose.overlay import TOOK_LABEL
from chaoskit.compose.project import HEALTHY, Project, from_plain
from chaoskit.errors import HarnessError, InputError
from chaoskit.sandbox.owner import Owner

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
FILES = "com.docker.compose.project.config_files"
FOLDER = "com.docker.compose.project.working_dir"
ENV_FILE = "com.docker.compose.project.environment_file"
HASH = "com.docker.compose.config-hash"
IMAGE_ID = "com.docker.compose.image"
ONE_OFF = "com.docker.compose.oneoff"
STATE = "chaoskit.attach.state"
"""Label of our container: what is to be put back, as JSON of ``Origin`` (its value survives ``kill -9`` of whoever wrote it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a project was brought up: the options of ``docker compose``, and the services to bring up so, with their number of containers.

    ``scale`` is in the order in which they start; ``beside`` are the services they depend on, which are not made anew, with the number
    of their containers; ``awaits`` are those of ``scale`` that must be healthy first. ``owner`` is the ``attach`` at work on it.
    """

    project: str
    options: tuple[str, ...]
    scale: Mapping[str, int]
    beside: Mapping[str, int] = field(default_factory=dict)
    awaits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    owner: Owner | None = None

    @property
    def at_work(self) -> Owner | None:
        """The ``attach`` that may still be at work on it; None when it has ended."""
        return self.owner if self.owner is not None and self.owner.lives else None

    @property
    def put_back_command(self) -> str:
        """What a user types to have it put back."""
        return f"chaoskit attach --project {shlex.quote(self.project)} --put-back"

    def to_json(self) -> str:
        """For the label."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Origin:
        """The origin of ``to_json``."""
        plain = json.loads(text)
        owner = Owner(**plain["owner"]) if plain.get("owner") else None
        return cls(**plain | {"options": tuple(plain["options"]), "owner": owner})


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running project: how it was brought up, what its files say now, and its containers by service (``docker inspect``).

    ``containers`` are those that run, ``stopped`` those that do not.
    """

    origin: Origin
    project: Project
    containers: Mapping[str, Sequence[dict[str, Any]]]
    stopped: Mapping[str, Sequence[dict[str, Any]]] = field(default_factory=dict)

    def of(self, name: str) -> list[dict[str, Any]]:
        """All containers of a service."""
        return [*self.containers.get(name, ()), *self.stopped.get(name, ())]

    def taking(self, chosen: Sequence[str]) -> Running:
        """Copy whose ``origin`` lists ``chosen`` as the services to restore."""
        every = self.project.with_needed(chosen)
        scale = {name: len(self.containers[name]) for name in every if name in chosen}
        awaits = {
            name: [other for other, condition in self.project.services[name].needs.items() if condition == HEALTHY]
            for name in scale
        }
        origin = replace(
            self.origin,
            scale=scale,
            beside={name: len(self.of(name)) for name in every if name not in scale},
            awaits={
                name: mine for name, others in awaits.items() if (mine := [other for other in others if other in scale])
            },
        )
        return replace(self, origin=origin)

    def choose(self, names: Sequence[str]) -> list[str]:
        """The running services of these ``names``, or all that can be given a resolver. Raises ``InputError``."""
        for name in names:
            if name not in self.containers:
                running = ", ".join(self.containers) or "none"
                raise InputError(
                    f"project {self.origin.project}: no container of service {name!r} runs; running: {running}"
                )
        services = self.project.services
        chosen = names or [name for name in self.containers if name in services and not services[name].fixed_network]
        if not chosen:
            raise InputError(
                f"project {self.origin.project}: none of {', '.join(self.containers)} can be put in a network of ours, so none can be "
                "given a resolver"
            )
        return list(chosen)


def find(docker: Docker, project: str) -> Running:
    """The running project of this name. Raises ``InputError`` where there is none, or its files cannot be read any more."""
    containers: dict[str, list[dict[str, Any]]] = {}
    stopped: dict[str, list[dict[str, Any]]] = {}
    for container in docker.present(*containers_of(docker, project)):
        if TOOK_LABEL not in labels_of(container):
            among = containers if container["State"]["Running"] else stopped
            among.setdefault(labels_of(container)[SERVICE], []).append(container)
    if not containers:
        known = ", ".join(sorted(projects(docker))) or "none"
        raise InputError(f"no container of compose project {project!r} runs; projects that run: {known}")
    first = labels_of(next(iter(containers.values()))[0])
    options = ["--project-name", project, "--project-directory", first.get(FOLDER, "")]
    options += [word for path in first.get(ENV_FILE, "").split(",") if path for word in ("--env-file", path)]
    options += [word for path in first.get(FILES, "").split(",") if path for word in ("--file", path)]
    try:
        plain = read_config(docker.config(options))
    except HarnessError as error:
        raise InputError(
            f"project {project}: its files cannot be read from here, so it could not be put back: {error}"
        ) from error
    origin = Origin(
        project=project, options=tuple(options), scale={name: len(ones) for name, ones in containers.items()}
    )
    declared = _as_it_runs(from_plain(plain, first.get(FILES, project)), containers)
    return Running(origin=origin, project=declared, containers=containers, stopped=stopped)


def _as_it_runs(project: Project, containers: Mapping[str, Sequence[Mapping[str, Any]]]) -> Project:
    """The project with the environment that its containers really have: the image's own and what Docker's config.json adds are in it."""
    services = dict(project.services)
    for name, members in containers.items():
        lines = [line for container in members for line in container["Config"].get("Env") or ()]
        if name in services and lines:
            services[name] = services[name].with_environment(dict(line.split("=", 1) for line in lines if "=" in line))
    return replace(project, services=services)


def containers_of(docker: Docker, project: str, service: str | None = None) -> list[str]:
    """The ids of a project's containers, or of one service's, running or not; without those of ``docker compose run``."""
    labels = [f"{PROJECT}={project}", f"{ONE_OFF}=False", *([f"{SERVICE}={service}"] if service else ())]
    return docker.lines(
        "ps", "--all", "--quiet", *(word for label in labels for word in ("--filter", f"label={label}"))
    )


def state_of(container: Mapping[str, Any]) -> str:
    """In a word: ``healthy``, ``unhealthy`` or ``starting`` by its health check, else Docker's own: ``running``, ``exited`` …"""
    state = container["State"]
    if state["Status"] == "running" and (health := state.get("Health")) and health["Status"] != "none":
        return str(health["Status"])
    return str(state["Status"])


def projects(docker: Docker) -> set[str]:
    """The names of all running compose projects."""
    return set(docker.lines("ps", "--filter", f"label={PROJECT}", "--format", f'{{{{.Label "{PROJECT}"}}}}'))


def labels_of(container: Mapping[str, Any]) -> dict[str, str]:
    """A container's labels."""
    return dict(container["Config"]["Labels"] or {})
