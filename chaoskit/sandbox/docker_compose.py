"""The compose sandbox: the services of ``docker/compose.yaml`` are up, and this program is one of them.

DNS, mock AWS and each client wait in a container of their own behind a bridge (``sandbox/stdio_bridge.py``); the service's name is the
process's name. Toxiproxy runs as its own image and is driven from here, and so is the canary. What is where comes from the
environment, which ``docker/compose.yaml`` sets: ``CHAOSKIT_NETWORK`` (the run's network), ``CHAOSKIT_HALF`` (the part of it that the DNS
container owns),
``CHAOSKIT_RESOLVERS`` (``client=address …``), ``CHAOSKIT_DOORS`` (``process=host:port …``).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from chaoskit.errors import InputError
from chaoskit.sandbox import stdio_bridge
from chaoskit.sandbox.base import LocalProcesses, Reaper
from chaoskit.sandbox.docker_addresses import Addresses

NAME = "compose"
CERTIFICATES = "/run/chaoskit"
"""A volume of the services that speak TLS: the mock AWS writes its throw-away authority there."""


class ComposeSandbox(LocalProcesses):
    """See the module."""

    name = NAME
    libc_exercised = True
    has_own_clients = True
    """A client's program is in its container: nothing is started here for it."""

    def __init__(self, work: Path, remove: list[Path], empty: list[Path]) -> None:
        self.because = "the services of docker/compose.yaml"
        self.ipv6 = False
        self._keeper = Reaper(remove, empty)
        self._served = work / "served"
        try:
            self._addresses = Addresses(os.environ["CHAOSKIT_NETWORK"], os.environ["CHAOSKIT_HALF"])
            self._resolvers = _pairs(os.environ["CHAOSKIT_RESOLVERS"])
            self._doors = _pairs(os.environ["CHAOSKIT_DOORS"])
        except (KeyError, ValueError) as error:
            raise InputError(
                f"--sandbox compose is for the containers of docker/compose.yaml, which say what is where ({error} is missing "
                "or wrong here); use --sandbox docker to run in containers from outside"
            ) from error
        for label, address in self._resolvers.items():
            self._addresses.reserve(f"resolver of {label}", address)

    async def open(self, labels: list[str]) -> None:
        """Start the keeper. Raises ``InputError`` for a client that is no service."""
        for label in labels:
            if label not in self._resolvers:
                raise InputError(
                    f"client {label}: docker/compose.yaml has no service of this name; it has {', '.join(self._resolvers)}"
                )
        await self._keeper.start([], namespace=False, binds=[])

    def resolver(self, label: str) -> tuple[str, int]:
        """The address that the client's service has under ``dns:``."""
        return self._resolvers[label], 53

    def service(self, address: str, port: int = 443) -> str:
        """The address of the run's network that stands for a service's loopback address."""
        return f"{self._addresses.of(address)}:443"

    async def publish(self, resolvers: dict[str, str], services: dict[str, str]) -> None:
        """Let the clients start: only now is the authority in the volume that of this run, and some read it once, at their start."""
        self._served.touch()

    def adapt(self, name: str, plan: dict[str, Any]) -> dict[str, Any]:
        """A process's plan with the network's addresses, and the volume for certificates."""
        if name == "service":
            return plan | {"certificates": CERTIFICATES}
        return self._addresses.adapt(name, plan)

    def command(self, argv: list[str]) -> list[str]:
        """A plane: behind its stdio_bridge, or here."""
        return self._behind_door(argv[2].rpartition(".")[2], argv, [])

    def client_command(self, label: str, argv: list[str]) -> list[str]:
        """A client: behind its stdio_bridge, or here (the canary)."""
        return self._behind_door(label, argv, ["--after", str(self._served)])

    def _behind_door(self, name: str, argv: list[str], more: list[str]) -> list[str]:
        if (where := self._doors.get(name)) is None:
            return argv
        return [sys.executable, "-I", "-S", stdio_bridge.__file__, "--to", where, *more]

    async def close(self) -> None:
        """Let the keeper remove the run's temporary folders. The services stay up, for another run."""
        await self._keeper.stop()


def _pairs(text: str) -> dict[str, str]:
    """``name=value name=value``. Raises ``ValueError``."""
    pairs = [word.partition("=") for word in text.split()]
    if not all(name and value for name, _, value in pairs):
        raise ValueError(f"{text!r}, which is not name=value name=value,")
    return {name: value for name, _, value in pairs}
