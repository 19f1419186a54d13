"""Docker's own command line, and nothing else of Docker: what it says as data, and its complaints as our errors.

Every command is a session of its own, so that Ctrl-C in the terminal ends no ``up`` half-way: the caller decides what to put back.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from chaoskit.errors import HarnessError, InputError

WITHIN_S = 600.0
EVERY_PROFILE = ("--profile", "*")
"""Options of ``docker compose``: services of all profiles count."""


class CommandError(HarnessError):
    """A command failed; ``said`` is all of its standard error, ``printed`` of its standard output."""

    def __init__(self, message: str, stderr: str, printed: bytes = b"") -> None:
        super().__init__(message)
        self.said = stderr
        self.printed = printed


class Docker:
    """The ``docker`` program. Raises ``InputError`` where there is none."""

    def __init__(self) -> None:
        if shutil.which("docker") is None:
            raise InputError("docker is not installed here (no `docker` on PATH); install it, or run this where it is")

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """What ``docker ARGUMENTS`` prints. Raises ``HarnessError`` with its own complaint."""
        return self._run(arguments, stdin).decode(errors="replace")

    def json(self, *arguments: str) -> Any:
        """The same, as data."""
        return json.loads(self.run(*arguments))

    def lines(self, *arguments: str) -> list[str]:
        """The same, by lines, without empty ones."""
        return [line for line in self.run(*arguments).splitlines() if line.strip()]

    def inspect(self, *names: str, kind: str = "container") -> list[dict[str, Any]]:
        """``docker inspect``; empty for no names."""
        objects: list[dict[str, Any]] = self.json("inspect", "--type", kind, *names) if names else []
        return objects

    def present(self, *names: str, kind: str = "container") -> list[dict[str, Any]]:
        """The same of what was listed before: what has gone since, as others' containers may at any time, is left out."""
        try:
            return self.inspect(*names, kind=kind)
        except CommandError as error:
            if not all(re.search("no such|not found", line, re.IGNORECASE) for line in error.said.splitlines()):
                raise
            objects: list[dict[str, Any]] = json.loads(error.printed)
            return objects

    def read(self, container: str, path: str, most: int = 64 << 20) -> bytes | None:
        """A file of a container, links followed, running or not; None when there is none. No shell in it is needed."""
        try:
            packed = self._run(("cp", "--follow-link", f"{container}:{path}", "-"), None)
        except HarnessError:
            return None
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            for member in archive:
                if member.isfile() and (stream := archive.extractfile(member)) is not None:
                    return stream.read(most)
        return None

    def compose(self, project: Sequence[str], *arguments: str, stdin: str | None = None) -> str:
        """``docker compose PROJECT… ARGUMENTS``; ``project`` are its ``-f`` and ``-p`` options, ``stdin`` is the file called ``-``."""
        try:
            return self.run("compose", *project, *arguments, stdin=stdin)
        except CommandError as error:
            raise HarnessError(f"docker compose {arguments[0]}: {_complaint(error.said)}") from error

    def config(self, project: Sequence[str]) -> str:
        """The project of every profile as ``docker compose config`` resolves it, in JSON or YAML; ``read_config`` reads both.

        Compose 2.26 cannot print ``build.ssh`` as JSON, though it takes such a project otherwise. Raises ``HarnessError``.
        """
        options = [*project, *EVERY_PROFILE]
        try:
            return self.compose(options, "config", "--format", "json")
        except HarnessError:
            return self.compose(options, "config")  # where the project itself is wrong, this says so again

    def follow(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command that goes on, its standard output to be read."""
        return subprocess.Popen(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _run(self, arguments: Sequence[str], stdin: str | None) -> bytes:
        try:
            done = subprocess.run(
                ["docker", *arguments],
                input=None if stdin is None else stdin.encode(),
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                timeout=WITHIN_S,
                start_new_session=True,
                env=dict(_environment(os.environ)),
            )
        except subprocess.TimeoutExpired as error:
            raise HarnessError(f"docker {arguments[0]} took more than {WITHIN_S:g} s; is the engine well?") from error
        if done.returncode:
            stderr = done.stderr.decode(errors="replace").rstrip() or f"exit code {done.returncode}"
            raise CommandError(
                f"docker {' '.join(arguments[:2])}: {stderr.splitlines()[-1].strip()}", stderr, done.stdout
            )
        return done.stdout


def read_config(text: str) -> Any:
    """What ``Docker.config`` printed, as data."""
    return json.loads(text) if is_json(text) else yaml.safe_load(text)


def is_json(text: str) -> bool:
    """Whether ``Docker.config`` printed JSON, not YAML."""
    return text.startswith("{")


def _complaint(stderr: str) -> str:
    """What is wrong, without warnings and the lines that tell of progress (which are indented)."""
    lines = [line for line in stderr.splitlines() if not line.startswith(" ") and "level=warning" not in line]
    return "\n".join(lines) or stderr


def has_compose() -> bool:
    """Whether ``docker compose`` is there."""
    if shutil.which("docker") is None:
        return False
    done = subprocess.run(["docker", "compose", "version", "--short"], capture_output=True, stdin=subprocess.DEVNULL)
    return done.returncode == 0


def engine_version(docker: Docker) -> str:
    """The engine's version. Raises ``HarnessError`` saying why no engine answers."""
    return docker.run("version", "--format", "{{.Server.Version}}").strip()


def _environment(inherited: Mapping[str, str]) -> Mapping[str, str]:
    """Ours, without what would make compose talk to a terminal."""
    return {**inherited, "COMPOSE_PROGRESS": "plain", "COMPOSE_ANSI": "never", "DOCKER_CLI_HINTS": "false"}
