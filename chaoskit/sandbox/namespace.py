"""The namespace sandbox: an unmodified process, the real libc resolver, real host names, and no route out.

user + mount + network + PID namespaces, made by util-linux's ``unshare`` and entered by its ``nsenter`` (user_namespaces(7)). The
keeper is process 1 in there. Inside, resolv.conf names chaoskit's DNS, port 53 and 443 can be bound, and loopback is the only interface.
Each client gets a resolver *address* of its own (127.0.53.k), by a mount namespace with a resolv.conf of its own: a query's
destination then tells which client asked, without touching the client.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from chaoskit.dns.resolver_settings import ResolverSettings
from chaoskit.errors import SandboxError
from chaoskit.host_port import host_port
from chaoskit.sandbox.base import LocalProcesses, Reaper
from chaoskit.sandbox.file_sockets import find_sockets, socket_folders
from chaoskit.sandbox.syscall_filter import FilterUnavailable, compile_filter

NAME = "namespace"
TOOLS = ("unshare", "nsenter")
CLIENT_LAUNCHER = Path(__file__).with_name("client_launcher.py")


@dataclass(frozen=True, slots=True)
class WayIn:
    """How a launcher gets in: the keeper's pid, whether by its user namespace, and what to mount: (source, target).

    ``sockets`` and ``filter`` are what it closes, as the plan of ``inside.py`` has them.
    """

    target: int
    user: bool
    binds: tuple[tuple[str, str], ...]
    sockets: dict[str, list[str]]
    filter: str


class NamespaceSandbox(LocalProcesses):
    """See the module. Use: ``open``, then ``command`` for each process, then ``close``."""

    name = NAME
    libc_exercised = True

    def __init__(
        self,
        work: Path,
        remove: list[Path],
        empty: list[Path],
        settings: Mapping[str, ResolverSettings] = MappingProxyType({}),
        addresses: Sequence[str] = (),
    ) -> None:
        """``settings`` are what the resolv.conf of a client says beside its name server, by the client's label.

        ``addresses`` are what the loopback gets besides its own.
        """
        self.addresses = tuple(addresses)
        self.because = "Linux namespaces work here"
        self._settings = settings
        self.ipv6 = False
        self._work = work
        self._keeper = Reaper(remove, empty)
        self._enter: list[str] = []
        self._held = (0, False)
        self._resolvers: dict[str, str] = {}
        self._closed: list[str] | None = None

    async def open(self, labels: list[str]) -> None:
        """Make the namespaces for clients with these labels. Raises ``SandboxError`` saying what forbids them."""
        self._resolvers = {label: f"127.0.53.{number}" for number, label in enumerate(labels, 1)}
        if len(labels) > 250:
            raise SandboxError("at most 250 clients fit the sandbox's resolver addresses; use fewer")
        if not sys.platform.startswith("linux"):
            raise SandboxError(
                "namespaces exist on Linux only; docker/linux, in a clone, runs chaoskit in a Linux container (docs/install.md)"
            )
        if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
            raise SandboxError(f"{', '.join(missing)} not found; install util-linux")
        binds = self._write_files()
        reasons = []
        for user_namespace in self._ways():
            prefix = ["unshare", "--mount", "--ipc", "--net", "--pid", "--fork", "--kill-child"]
            flags = ["--user", "--map-root-user"] if user_namespace else []
            try:
                ready = await self._keeper.start(
                    prefix[:1] + flags + prefix[1:], namespace=True, binds=binds, addresses=self.addresses
                )
            except SandboxError as error:
                reasons.append(str(error))
                continue
            join = ["--user", "--preserve-credentials"] if user_namespace else []
            self._enter = ["nsenter", "--target", str(ready.pid), *join, "--mount", "--ipc", "--net", "--pid", "--"]
            self._held = (ready.pid, user_namespace)
            self.ipv6 = ready.ipv6
            if (reason := await self._fails_to_confine(labels[0])) is None:
                return
            await self._keeper.release()
            reasons.append(reason)
        raise SandboxError(f"{reasons[-1]}. {_way_out()}")

    async def _fails_to_confine(self, label: str) -> str | None:
        """Why no client can be confined on this machine, in its own words; None where one can."""
        command = self.client_command(label, ["true"])
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=nothing, stderr=pipe)
        _, complaint = await process.communicate()
        return complaint.decode(errors="replace").strip() or "a client ended at once" if process.returncode else None

    @staticmethod
    def _ways() -> list[bool]:
        # Root without a user namespace can read every file, such as a virtualenv in another user's home under sudo; inside one it
        # could not. But a container's root may be allowed only the latter.
        return [False, True] if os.geteuid() == 0 else [True]

    def _write_files(self) -> list[tuple[str, str]]:
        folder = self._work / "etc"
        folder.mkdir()
        for label, address in self._resolvers.items():
            settings = self._settings.get(label)
            lines = (f"nameserver {address}", *(settings.lines if settings else ()))
            (folder / f"resolv.{label}").write_text("".join(f"{line}\n" for line in lines))
        (folder / "resolv").write_text("nameserver 127.0.53.1\n")
        (folder / "nsswitch").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
        (folder / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        files = {"resolv": "/etc/resolv.conf", "nsswitch": "/etc/nsswitch.conf", "hosts": "/etc/hosts"}
        return [(str(folder / name), target) for name, target in files.items()]

    def resolver(self, label: str) -> tuple[str, int]:
        """The address and port that chaoskit's DNS must listen on for this client."""
        return self._resolvers[label], 53

    @property
    def keeper(self) -> int:
        """The process number of the keeper, as this machine has it: its ``/proc`` folder shows the sandbox's network."""
        return self._held[0]

    def service(self, address: str, port: int = 443) -> str:
        """Where the proxy must listen for clients that resolved a service to ``address``."""
        return host_port((address, port))

    async def publish(self, resolvers: dict[str, str], services: dict[str, str]) -> None:
        """Nothing to tell anyone: addresses are as promised."""

    def command(self, argv: list[str]) -> list[str]:
        """``argv`` as a process of the namespaces."""
        return [*self._enter, *argv]

    def client_command(self, label: str, argv: list[str]) -> list[str]:
        """``argv`` as a client: with the resolv.conf of ``label``, and confined as a command of the user's is."""
        plan = self._work / "etc" / f"client.{label}.json"
        plan.write_text(json.dumps(asdict(self._way_in([self._resolv_of(label)]))))
        return [sys.executable, "-I", "-S", str(CLIENT_LAUNCHER), str(plan), *argv]

    def way_in(self, label: str, opened: Sequence[str] = ()) -> WayIn:
        """The way in for a command of the user's: the resolv.conf of ``label``, and a hosts file that knows this machine's own name.

        ``opened`` are the Unix sockets of this machine that it may connect to.
        """
        hosts = self._work / "etc" / "hosts.command"
        name = socket.gethostname()
        # The JVM, for one, looks its own host up; it would ask our DNS, which knows no such name.
        hosts.write_text(f"127.0.0.1 localhost {name}\n::1 localhost\n")
        return self._way_in([self._resolv_of(label), (str(hosts), "/etc/hosts")], opened)

    def _resolv_of(self, label: str) -> tuple[str, str]:
        return str(self._work / "etc" / f"resolv.{label}"), "/etc/resolv.conf"

    def _way_in(self, binds: list[tuple[str, str]], opened: Sequence[str] = ()) -> WayIn:
        self._closed = self._closed if self._closed is not None else find_sockets()
        sockets = {"closed": self._closed, "folders": socket_folders(), "opened": list(opened)}
        present = tuple((source, target) for source, target in binds if Path(target).exists())
        return WayIn(*self._held, present, sockets, _filter())

    async def close(self) -> None:
        """End every process in there and remove the run's temporary folders."""
        await self._keeper.stop()


def _filter() -> str:
    """The filter of system calls in base64; empty where there is no libseccomp, and ``chaoskit doctor`` says so."""
    try:
        return base64.b64encode(compile_filter()).decode()
    except FilterUnavailable:
        return ""


def _way_out() -> str:
    """What the user can do about it, by what this machine says."""
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if restricted.exists() and restricted.read_text().strip() == "1":
        return "AppArmor restricts user namespaces here: run with sudo, or use --sandbox inline"
    if Path("/.dockerenv").exists():
        return "Docker's default seccomp profile forbids it: run the container with --cap-add SYS_ADMIN, or use --sandbox inline"
    return "Run as root, or allow unprivileged user namespaces, or use --sandbox inline"


async def probe(work: Path) -> tuple[bool, bool, str]:
    """Whether a namespace sandbox can be made here, whether it has IPv6, and why not; leaves nothing behind."""
    sandbox = NamespaceSandbox(work, [], [])
    try:
        await sandbox.open(["probe"])
    except SandboxError as error:
        return False, False, str(error)
    finally:
        await sandbox.close()
    return True, sandbox.ipv6, sandbox.because
