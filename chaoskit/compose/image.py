"""chaoskit's image, made of the code that runs here when it is not there yet."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from chaoskit.compose.engine import Docker
from chaoskit.errors import HarnessError
from chaoskit.sandbox import docker_image


def ensure_image(docker: Docker, tell: Callable[[str], None]) -> str:
    """The image's tag; it is built first where there is none of this code. Raises ``HarnessError`` with the builder's last words."""
    tag, digest = docker_image.TAG, docker_image.digest()
    found = docker.lines("images", "--quiet", "--filter", f"label={docker_image.SOURCE_LABEL}={digest}", tag)
    if found:
        return tag
    tell(f"building the image {tag} (once for each version of the code)")
    label = f"{docker_image.SOURCE_LABEL}={digest}"
    built = subprocess.run(
        [
            "docker",
            "build",
            "--file",
            "docker/Dockerfile",
            "--tag",
            tag,
            "--label",
            label,
            "--build-arg",
            f"BASE={docker_image.BASE}",
            "-",
        ],
        input=docker_image.context().read(),
        capture_output=True,
        start_new_session=True,
    )
    if built.returncode:
        last = "\n".join(built.stderr.decode(errors="replace").strip().splitlines()[-5:])
        raise HarnessError(f"the image {tag} cannot be built:\n{last}")
    return tag
