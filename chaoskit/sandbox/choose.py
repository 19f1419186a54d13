"""Which sandbox a run gets: the one asked for, or the best that this machine can do."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from chaoskit.dns.resolver_settings import ResolverSettings
from chaoskit.errors import SandboxError
from chaoskit.sandbox.docker_compose import ComposeSandbox
from chaoskit.sandbox.docker_sandbox import DockerSandbox
from chaoskit.sandbox.docker_toxiproxy import InlineWithToxiproxy
from chaoskit.sandbox.inline import InlineSandbox
from chaoskit.sandbox.namespace import NamespaceSandbox

AnySandbox: TypeAlias = NamespaceSandbox | InlineSandbox | DockerSandbox | ComposeSandbox

CHOICES = ("auto", "namespace", "docker", "inline", "compose")
"""``compose`` is for the containers of ``docker/compose.yaml`` alone."""


def tell(line: str) -> None:
    """Progress of what takes long: standard error, because standard output is the run's own."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


async def open_sandbox(
    choice: str,
    work: Path,
    labels: list[str],
    remove: list[Path],
    empty: list[Path],
    toxiproxy: str | None = None,
    settings: Mapping[str, ResolverSettings] = MappingProxyType({}),
    addresses: Sequence[str] = (),
) -> AnySandbox:
    """Open the sandbox ``choice`` for clients with these labels.

    ``auto`` is ``namespace``, or ``inline`` where that is forbidden; the reason is in the sandbox's ``because``. ``remove`` are folders
    that vanish with the sandbox, whatever ends the run; ``empty`` those that vanish if nothing is in them. Raises ``SandboxError``,
    and then the folders still stand. ``toxiproxy`` is the image of a proxy to run as a container, for the docker and inline sandboxes;
    ``""`` keeps the docker sandbox from choosing one by itself.
    ``settings`` are those of the clients' resolvers, by label, which only the namespace and docker sandboxes can honour; ``addresses``
    are what the loopback of the namespace sandbox gets besides its own.
    """
    if choice == "docker":
        docker = DockerSandbox(work, remove, empty, tell, toxiproxy, settings)
        await docker.open(labels)
        return docker
    if choice == "compose":
        compose = ComposeSandbox(work, remove, empty)
        await compose.open(labels)
        return compose
    if choice in ("auto", "namespace"):
        namespace = NamespaceSandbox(work, remove, empty, settings, addresses)
        try:
            await namespace.open(labels)
        except SandboxError as error:
            if choice == "namespace":
                raise
            if addresses:
                raise SandboxError(f"{error}. The address {' '.join(addresses)} needs the namespace sandbox") from error
            if settings:
                raise SandboxError(
                    f"{error}. The settings of 'resolver' need the namespace or docker sandbox"
                ) from error
            because = f"no namespace sandbox: {error}"
            tell(f"chaoskit: {because}; using the inline sandbox, which runs Python clients only")
        else:
            return namespace
    else:
        because = "asked for with --sandbox inline"
    inline = (
        InlineWithToxiproxy(work, remove, empty, because, toxiproxy, tell)
        if toxiproxy
        else InlineSandbox(work, remove, empty, because)
    )
    await inline.open(labels)
    return inline
