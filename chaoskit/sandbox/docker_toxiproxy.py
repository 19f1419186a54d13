"""Toxiproxy as a container of its own image: in the docker sandbox's world, or on this machine's network for the inline sandbox.

Its API tells nothing of connections, its log does; so the log is led to the network plane through a named pipe in the run's folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chaoskit.errors import SandboxError
from chaoskit.sandbox.base import Reaper
from chaoskit.sandbox.docker import Tell, connect
from chaoskit.sandbox.inline import InlineSandbox

IMAGE = "ghcr.io/shopify/toxiproxy:2.5.0"
API_PORT = 8474
PIPE = "toxiproxy.log"


def image_of(named: str | None) -> str | None:
    """The image that ``--toxiproxy docker`` or ``--toxiproxy docker:IMAGE`` means; None: it means something else."""
    if named == "docker":
        return IMAGE
    return named.removeprefix("docker:") if named and named.startswith("docker:") else None


def command(host: str, port: int) -> list[str]:
    """What the image's program is told."""
    return ["-host", host, "-port", str(port), "-proxy-metrics"]


def adapted(plan: dict[str, Any], port: int, pipe: Path) -> dict[str, Any]:
    """The network plane's plan, with where it finds the container and its log."""
    return plan | {"toxiproxy": f"http://127.0.0.1:{port}", "log": str(pipe)}


def lead_log(chunks: Iterable[bytes], work: Path) -> Path:
    """Write ``chunks`` into a named pipe in ``work``, on a thread, as soon as somebody reads there; returns the pipe."""
    pipe = work / PIPE
    os.mkfifo(pipe)
    pipe.chmod(0o644)

    def write() -> None:
        with contextlib.suppress(OSError), pipe.open("wb", buffering=0) as end:
            for chunk in chunks:
                end.write(chunk)

    threading.Thread(target=write, name="toxiproxy log", daemon=True).start()
    return pipe


class InlineWithToxiproxy(InlineSandbox):
    """The inline sandbox, with Toxiproxy's image on this machine's own loopback (a container in the host's network)."""

    def __init__(self, work: Path, remove: list[Path], empty: list[Path], because: str, image: str, tell: Tell) -> None:
        super().__init__(work, remove, empty, because)
        self._image = image
        self._work = work
        self._tell = tell
        self._run = secrets.token_hex(4)
        self._sweeper = Reaper([], [], last=[[sys.executable, "-m", "chaoskit.sandbox.docker", "sweep", self._run]])
        self._port = 0
        self._pipe = work / PIPE

    async def open(self, labels: list[str]) -> None:
        """Start the container, and the keeper. Raises ``SandboxError``."""
        if not sys.platform.startswith("linux"):
            raise SandboxError("a container shares this machine's loopback on Linux only; use --sandbox docker")
        engine = await asyncio.to_thread(connect)
        await asyncio.to_thread(engine.fetch, self._image, self._tell)
        await self._sweeper.start([], namespace=False, binds=[])
        try:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self._port = probe.getsockname()[1]
            argv = command("127.0.0.1", self._port)
            log = await asyncio.to_thread(engine.start, self._run, "toxiproxy", self._image, argv, "host")
            self._pipe = lead_log(log, self._work)
            await super().open(labels)
        except BaseException:
            await self._sweeper.stop()
            raise

    def adapt(self, name: str, plan: dict[str, Any]) -> dict[str, Any]:
        """A process's plan, with the container in place of another proxy."""
        return adapted(plan, self._port, self._pipe) if name == "network" else plan

    async def close(self) -> None:
        """Remove the container, and the run's temporary folders."""
        await self._sweeper.stop()
        await super().close()
