"""The docker sandbox: every process of a run in a container of its own, on a network that leads nowhere else.

The planes share the network of one container, the *world*, which owns the upper half of the run's network: each client gets a
resolver address there, each service its addresses. A client has a network of its own, and Docker's resolver (127.0.0.11) between libc
and chaoskit's DNS, as any container has. The ``docker`` command line runs the containers and carries the process contract over standard
input and output; all else is asked of the engine (``sandbox/docker.py``).
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chaoskit.dns.resolver_settings import ResolverSettings
from chaoskit.errors import SandboxError
from chaoskit.sandbox import docker_toxiproxy as toxiproxy
from chaoskit.sandbox import relay
from chaoskit.sandbox.base import ProcessAction, Reaper
from chaoskit.sandbox.docker import Engine, InfraContainer, Tell, connect
from chaoskit.sandbox.docker_addresses import Addresses, upper_half
from chaoskit.sandbox.docker_clean import labels_of
from chaoskit.sandbox.docker_image import TAG, USER
from chaoskit.sandbox.environment import client_environment

NAME = "docker"
DNS = 53

HOST_ONLY = {"PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT"}
"""Variables that speak of the host's files: the image has its own."""


class DockerSandbox:
    """See the module. ``tell`` gets a line for each step that takes time.

    ``toxiproxy`` is the image of the proxy; None: Toxiproxy's own if it is here, or else the embedded proxy, which ``""`` asks for.
    """

    name = NAME
    libc_exercised = True
    has_own_clients = False

    def __init__(
        self,
        work: Path,
        remove: list[Path],
        empty: list[Path],
        tell: Tell,
        toxiproxy: str | None = None,
        settings: Mapping[str, ResolverSettings] = MappingProxyType({}),
    ) -> None:
        self.because = "asked for with --sandbox docker"
        self.ipv6 = False
        self.run = secrets.token_hex(4)
        self._work = work
        self._tell = tell
        self._toxiproxy = toxiproxy
        self._settings = settings
        self._pipe: Path | None = None
        sweep = [sys.executable, "-m", "chaoskit.sandbox.docker", "sweep", self.run]
        self._keeper = Reaper(remove, empty, last=[sweep])
        self._docker = self._image = ""
        self._engine: Engine | None = None
        self._world: InfraContainer | None = None
        self._addresses: Addresses | None = None
        self._user = f"{os.getuid()}:{os.getgid()}"
        self._relays = itertools.count(1)

    async def open(self, labels: list[str]) -> None:
        """Make image, network and world. Raises ``SandboxError``."""
        self._docker = shutil.which("docker") or ""
        if not self._docker:
            raise SandboxError("the docker command line is not on PATH; install Docker, or use --sandbox namespace")
        engine = self._engine = await asyncio.to_thread(connect)
        if await asyncio.to_thread(engine.needs_build):
            self._tell(f"building the image {TAG}, once for this version (about a minute)")
            await asyncio.to_thread(engine.build, self._tell)
        self._image = await asyncio.to_thread(engine.image)
        if os.getuid() == 0:  # nothing in a container runs as root
            os.chown(self._work, USER, USER)
            self._user = f"{USER}:{USER}"
        await self._keeper.start([], namespace=False, binds=[])
        try:
            self._world = await asyncio.to_thread(engine.make_world, self.run, self._image, self._tell)
            self.because = f"asked for with --sandbox docker; engine {engine.version}"
            await self._start_toxiproxy(engine, self._world)
            self._addresses = Addresses(self._world.subnet, upper_half(self._world.subnet))
        except BaseException:
            await self._keeper.stop()
            raise

    async def _start_toxiproxy(self, engine: Engine, world: InfraContainer) -> None:
        if self._toxiproxy == "":
            return
        image = self._toxiproxy or toxiproxy.IMAGE
        if self._toxiproxy:
            await asyncio.to_thread(engine.fetch, image, self._tell)
        elif not await asyncio.to_thread(engine.has_image, image):
            return
        command = toxiproxy.command("127.0.0.1", toxiproxy.API_PORT)
        network = f"container:{world.container}"
        log = await asyncio.to_thread(engine.start, self.run, "toxiproxy", image, command, network)
        self._pipe = toxiproxy.lead_log(log, self._work)

    def resolver(self, label: str) -> tuple[str, int]:
        """Its address in the world: Docker's resolver of that client passes every question on to it."""
        assert self._addresses is not None
        return self._addresses.of(f"resolver of {label}"), DNS

    def service(self, address: str, port: int = 443) -> str:
        """The address in the world that stands for a service's loopback address."""
        assert self._addresses is not None
        return f"{self._addresses.of(address)}:{port}"

    async def publish(self, resolvers: dict[str, str], services: dict[str, str]) -> None:
        """Nothing to tell anyone: addresses are as promised."""

    def adapt(self, name: str, plan: dict[str, Any]) -> dict[str, Any]:
        """A process's plan with the world's addresses in place of loopback's."""
        assert self._addresses is not None
        adapted = self._addresses.adapt(name, plan)
        if name == "network" and self._pipe is not None:
            return toxiproxy.adapted(adapted, toxiproxy.API_PORT, self._pipe)
        return adapted

    def command(self, argv: list[str]) -> list[str]:
        """``argv`` (``python -m chaoskit.plane``) as a container in the world."""
        assert self._world is not None
        return self._run(argv[2].rpartition(".")[2], ["--network", f"container:{self._world.container}"], argv)

    def relay_command(self, argv: list[str]) -> list[str]:
        """The inner end of a relay, which ``argv`` starts from a file of this machine, as a container in the world."""
        assert self._world is not None
        network = ["--network", f"container:{self._world.container}"]
        return self._run(f"relay-{next(self._relays)}", network, [argv[0], "-m", relay.__name__])

    def client_command(self, label: str, argv: list[str]) -> list[str]:
        """``argv`` as a container on the run's network, whose resolver is Docker's, which asks ours alone."""
        assert self._world is not None
        host, _ = self.resolver(label)
        settings = self._settings.get(label, ResolverSettings())
        words = [word for domain in settings.search or (".",) for word in ("--dns-search", domain)]
        words += [word for option in settings.options for word in ("--dns-option", option)]
        return self._run(label, ["--network", self._world.network, "--dns", host, *words], argv)

    async def act(self, name: str, action: ProcessAction) -> bool:
        """Pause, resume or kill a process of the run: the whole of its container."""
        assert self._engine is not None
        actions = {"pause": self._engine.pause, "resume": self._engine.resume, "kill": self._engine.kill}
        containers = {"service": "aws", "network": "toxiproxy" if self._pipe is not None else "network"}
        await asyncio.to_thread(actions[action], self.container(containers.get(name, name)))
        return True

    def container(self, name: str) -> str:
        """The container of a process of the run."""
        return f"chaoskit-{self.run}-{name}"

    def _run(self, name: str, network: list[str], argv: list[str]) -> list[str]:
        if argv[0] != sys.executable:
            raise SandboxError(
                f"{name}: the docker sandbox runs Python clients only, from chaoskit's image, not {argv[0]}"
            )
        assert self._engine is not None
        known = client_environment(self._work, self._work, "", {})
        variables = [
            part for name in (*known, "LANG", "LC_ALL", "TZ") if name not in HOST_ONLY for part in ("--env", name)
        ]
        labels = [word for pair in labels_of(self.run).items() for word in ("--label", "=".join(pair))]
        return [
            *(self._docker, "--host", self._engine.host, "run", "--interactive", "--rm"),
            *("--name", self.container(name), *labels, *network),
            *("--user", self._user, "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *("--no-healthcheck", "--log-driver", "none"),
            *("--mount", f"type=bind,source={self._work},target={self._work}", "--workdir", str(self._work)),
            *variables,
            *("--entrypoint", "python3", self._image, *argv[1:]),
        ]

    async def close(self) -> None:
        """Remove everything of the run that carries its label, and its temporary folders."""
        await self._keeper.stop()
