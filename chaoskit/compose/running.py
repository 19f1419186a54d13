"""A compose project that is up, as Docker's labels tell of it, and how to bring its services up again exactly so.

Compose writes on each container where its project came from and a hash of the service's settings. So before anything is touched it can be
known whether the files would give the same container again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.compose.engine import Docker
from chaoskit.compose.overlay import NAME, TOOK_LABEL
from chaoskit.compose.project import Project, from_plain
from chaoskit.errors import HarnessError, InputError

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
FILES = "com.docker.compose.project.config_files"
FOLDER = "com.docker.compose.project.working_dir"
ENV_FILE = "com.docker.compose.project.environment_file"
HASH = "com.docker.compose.config-hash"
ONE_OFF = "com.docker.compose.oneoff"
STATE = "chaoskit.attach.state"
"""Label of our container: what is to be put back, as JSON of ``Origin`` (its value survives ``kill -9`` of whoever wrote it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a project was brought up: the options of ``docker compose``, and the services to bring up so, with their number of containers."""

    project: str
    options: tuple[str, ...]
    scale: Mapping[str, int]

    def to_json(self) -> str:
        """For the label."""
        return json.dumps({"project": self.project, "options": self.options, "scale": dict(self.scale)})

    @classmethod
    def from_json(cls, text: str) -> Origin:
        """The origin of ``to_json``."""
        plain = json.loads(text)
        return cls(project=plain["project"], options=tuple(plain["options"]), scale=plain["scale"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running project: how it was brought up, what its files say now, and its containers by service (``docker inspect``)."""

    origin: Origin
    project: Project
    containers: Mapping[str, Sequence[dict[str, Any]]]

    def choose(self, wanted: Sequence[str]) -> list[str]:
        """The running services among those ``wanted``, or all. Raises ``InputError``."""
        for name in wanted:
            if name not in self.containers:
                running = ", ".join(name for name in self.containers if name != NAME) or "none"
                raise InputError(
                    f"project {self.origin.project}: no container of service {name!r} runs; running: {running}"
                )
        return [name for name in wanted or self.containers if name != NAME]


def find(docker: Docker, project: str, chosen: Sequence[str] = ()) -> Running:
    """The running project of this name. Raises ``InputError`` where there is none, or its files cannot be read any more."""
    names = docker.lines(
        "ps", "--quiet", "--filter", f"label={PROJECT}={project}", "--filter", f"label={ONE_OFF}=False"
    )
    containers: dict[str, list[dict[str, Any]]] = {}
    for one in docker.inspect(*names):
        if TOOK_LABEL not in labels_of(one):
            containers.setdefault(labels_of(one)[SERVICE], []).append(one)
    if not containers:
        known = ", ".join(sorted(projects(docker))) or "none"
        raise InputError(f"no container of compose project {project!r} runs; projects that run: {known}")
    first = labels_of(next(iter(containers.values()))[0])
    options = ["--project-name", project, "--project-directory", first.get(FOLDER, "")]
    options += [word for path in first.get(ENV_FILE, "").split(",") if path for word in ("--env-file", path)]
    options += [word for path in first.get(FILES, "").split(",") if path for word in ("--file", path)]
    try:
        plain = json.loads(docker.compose(options, "--profile", "*", "config", "--format", "json"))
    except HarnessError as error:
        raise InputError(
            f"project {project}: its files cannot be read from here, so it could not be put back: {error}"
        ) from error
    scale = {name: len(ones) for name, ones in containers.items() if name in chosen or not chosen}
    origin = Origin(project=project, options=tuple(options), scale=scale)
    return Running(origin=origin, project=from_plain(plain, first.get(FILES, project)), containers=containers)


def projects(docker: Docker) -> set[str]:
    """The names of all running compose projects."""
    return set(docker.lines("ps", "--filter", f"label={PROJECT}", "--format", f'{{{{.Label "{PROJECT}"}}}}'))


def labels_of(container: Mapping[str, Any]) -> dict[str, str]:
    """A container's labels."""
    return dict(container["Config"]["Labels"] or {})


def strangers(docker: Docker, running: Running, chosen: Sequence[str]) -> list[str]:
    """Services whose files would now give another container than the one that runs: they could not be put back as they were.

    ``up`` hashes a service with its ``env_file`` read, which ``config --hash`` leaves unread (Compose 2.26). So the project is hashed as
    it is written and as ``config`` resolves it: of files that have not changed, one is what stands on the container.
    """
    if not chosen:
        return []
    options, asked = running.origin.options, ("--profile", "*", "config", "--hash", ",".join(chosen))
    resolved = docker.compose(options, "--profile", "*", "config", "--format", "json")
    told = docker.compose(options, *asked) + docker.run(
        "compose", "--project-name", running.origin.project, "--file", "-", *asked, stdin=resolved
    )
    hashes = {tuple(line.split()[:2]) for line in told.splitlines()}
    return [
        name
        for name in chosen
        if any((name, labels_of(one).get(HASH)) not in hashes for one in running.containers[name])
    ]
