"""A stack of somebody else's, really up: two services that know nothing of chaoskit, in a folder and project of the test's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chaoskit.compose.helper import OWNER_LABEL

APP = Path(__file__).parent / "app"
PROGRAM = Path(__file__).parents[2] / "docker" / "kubernetes"
"""Where the app itself is: the one of the Kubernetes example."""
IMAGE = "chaoskit-test-shop"


def no_engine() -> str:
    """Why containers cannot be tested here; empty if they can."""
    if shutil.which("docker") is None:
        return "docker is not installed here"
    for words in (["version"], ["compose", "version"]):
        done = subprocess.run(["docker", *words], capture_output=True, text=True)
        if done.returncode:
            return (
                f"docker {' '.join(words)}: {done.stderr.strip().splitlines()[-1] if done.stderr else done.returncode}"
            )
    return ""


def docker(*words: str, check: bool = True) -> str:
    """What ``docker WORDS`` prints."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout


def chaoskit(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """The command line, to its end."""
    return subprocess.run([sys.executable, "-m", "chaoskit", *words], capture_output=True, text=True, **more)


@dataclass(frozen=True)
class Shop:
    """The stack: its folder, its project, and a subnet that no other test uses."""

    folder: Path
    project: str
    subnet: str

    @property
    def file(self) -> Path:
        return self.folder / "compose.yaml"

    def compose(self, *words: str, files: tuple[Path, ...] = (), check: bool = True) -> str:
        named = [word for path in (self.file, *files) for word in ("-f", str(path))]
        return docker("compose", "-p", self.project, *named, *words, check=check)

    def containers(self) -> dict[str, dict[str, Any]]:
        """``docker inspect`` of what runs, by service."""
        names = docker("ps", "-q", "--filter", f"label=com.docker.compose.project={self.project}").split()
        found = json.loads(docker("inspect", *names)) if names else []
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}

    def ours(self) -> list[str]:
        """What of chaoskit's is in the project: containers, networks, volumes."""
        label = ("--filter", f"label=chaoskit.attach={self.project}", "-q")
        return [
            *docker("ps", "-a", *label).split(),
            *docker("network", "ls", *label).split(),
            *docker("volume", "ls", *label).split(),
        ]

    def measuring(self) -> list[str]:
        """What measures Docker's resolver beside an ``attach`` of the project."""
        label = ("--filter", f"label={OWNER_LABEL}={self.project}", "-q")
        return [*docker("ps", "-a", *label).split(), *docker("network", "ls", *label).split()]

    def ask(self, service: str = "web") -> str:
        """What the app's health check says, asked inside its container."""
        code = (
            "import urllib.request, urllib.error\n"
            "try: print(urllib.request.urlopen('http://127.0.0.1:8080/health').read().decode())\n"
            "except urllib.error.HTTPError as error: print(error.read().decode())\n"
            "except OSError as error: print('not up:', error)\n"
        )
        return docker("exec", self.containers()[service]["Id"], "python3", "-c", code).strip()


@pytest.fixture(scope="session")
def shop_image() -> str:
    """The app's image: Python's own base, with the SDK."""
    if why := no_engine():
        pytest.skip(why)
    done = subprocess.run(
        ["docker", "build", "-q", "-t", IMAGE, "-f", str(APP / "Dockerfile"), str(PROGRAM)],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"the app's image cannot be built here: {done.stderr.strip().splitlines()[-1]}")
    return IMAGE


@pytest.fixture
def shop(shop_image: str, tmp_path: Path) -> Iterator[Shop]:
    """The stack in a folder of its own, not yet up; whatever of it runs at the end is taken away."""
    folder = tmp_path / "shop"
    folder.mkdir()
    text = (APP / "compose.yaml").read_text()
    (folder / "compose.yaml").write_text(text.replace("${SHOP_IMAGE:-shop:test}", shop_image))
    (folder / "worker.env").write_text("QUEUE=orders\n")
    name = uuid.uuid4()
    found = Shop(folder, f"shop-{name.hex[:8]}", f"10.213.{name.int % 256}.0/24")
    try:
        yield found
    finally:
        chaoskit("attach", "--project", found.project, "--put-back")
        override = folder / "chaoskit.override.yaml"
        found.compose(
            "down", "--volumes", "--timeout", "1", "--remove-orphans", files=(override,) if override.exists() else ()
        )
