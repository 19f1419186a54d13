"""The inline sandbox: no namespaces, so the resolver is hooked inside the client, which must be Python.

For macOS and locked-down CI. The report says that libc's resolver was not exercised.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from chaoskit.errors import SandboxError
from chaoskit.sandbox.base import LocalProcesses, Reaper

NAME = "inline"
STARTS_OTHERS = ("chaoskit.clients.command", "chaoskit.clients.curl")
"""Clients whose calls are programs: the hook is not in those, and they would ask the real resolver."""


class InlineSandbox(LocalProcesses):
    """See the module. ``because`` says why this sandbox and not the namespace one."""

    name = NAME
    libc_exercised = False

    def __init__(self, work: Path, remove: list[Path], empty: list[Path], because: str) -> None:
        self.because = because
        self.ipv6 = False
        self._map = work / "inline.json"
        self._keeper = Reaper(remove, empty)

    @property
    def published(self) -> Path:
        """The file that tells the hook where things listen."""
        return self._map

    async def open(self, labels: list[str]) -> None:
        """Start the keeper. Raises ``SandboxError``."""
        ready = await self._keeper.start([], namespace=False, binds=[])
        self.ipv6 = ready.ipv6

    def resolver(self, label: str) -> tuple[str, int]:
        """Any port of loopback: the hook is told which."""
        return "127.0.0.1", 0

    def service(self, address: str, port: int = 443) -> str:
        """Any port of loopback, of the address's family: the hook sends connections there."""
        return "[::1]:0" if ":" in address else "127.0.0.1:0"

    async def publish(self, resolvers: dict[str, str], services: dict[str, str]) -> None:
        """Write the file that the hook reads at the first lookup."""
        self._map.write_text(json.dumps({"resolvers": resolvers, "services": services}))

    def command(self, argv: list[str]) -> list[str]:
        """Planes need no hook."""
        return argv

    def client_command(self, label: str, argv: list[str]) -> list[str]:
        """``argv`` (``python -m module``) with the hook loaded first."""
        if argv[:2] != [sys.executable, "-m"] or argv[2] in STARTS_OTHERS:
            raise SandboxError("the inline sandbox runs Python clients only; use --sandbox namespace or docker")
        return [sys.executable, "-m", "chaoskit.sandbox.inline_hook", str(self._map), label, *argv[2:]]

    async def close(self) -> None:
        """Let the keeper remove the run's temporary folders."""
        await self._keeper.stop()
