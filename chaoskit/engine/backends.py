"""What answers the services of the user's own: the way into the sandbox for a program of this machine that is no part of the run."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from chaoskit.engine.ports import Sandbox
from chaoskit.experiment.own_plans import backends_of, outside_backends, relay_addresses
from chaoskit.experiment.schema import ExperimentSpec
from chaoskit.sandbox.docker_sandbox import DockerSandbox
from chaoskit.sandbox.namespace import NamespaceSandbox
from chaoskit.sandbox.port_forwards import PortForward, PortForwards


@contextlib.asynccontextmanager
async def reachable_backends(
    spec: ExperimentSpec, sandbox: Sandbox, work: Path, fail: Callable[[str, str], None]
) -> AsyncIterator[dict[str, str]]:
    """What answers each own service, as the planes see it; relays lead out of a sandbox that has a loopback of its own.

    ``fail`` is told of a relay that ends too early. Raises ``SandboxError`` where one cannot be made.
    """
    forwards = PortForwards("backend")
    command = _relay_command(sandbox)
    if command is not None:
        try:
            await forwards.open(forwards_of(spec), command, work, ipv6=sandbox.ipv6)
        except BaseException:
            await asyncio.shield(forwards.close())
            raise
    try:
        forwards.watch(lambda message: fail("backend", message))
        yield backends_of(spec, relayed=command is not None)
    finally:
        await asyncio.shield(forwards.close())


def forwards_of(spec: ExperimentSpec) -> list[PortForward]:
    """The ways that an experiment needs to programs of this machine, each with the address that it has in the sandbox."""
    inside = relay_addresses(spec)
    return [
        PortForward(host, port, (inside[name][0],), named=False)
        for name, (host, port) in outside_backends(spec).items()
    ]


def _relay_command(sandbox: Sandbox) -> Callable[[list[str]], list[str]] | None:
    """What puts the inner end of a relay into a sandbox that has a loopback of its own; None where this machine's loopback is the run's."""
    match sandbox:
        case NamespaceSandbox():
            return sandbox.command
        case DockerSandbox():
            return sandbox.relay_command
    return None
