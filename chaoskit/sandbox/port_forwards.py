"""The holes that the user asked for with ``--allow``: which they are, and the pairs of relays that make them.

A hole leads to one TCP port of this very machine, and to nothing else: an address is this machine's own exactly if a socket can be
bound to it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaoskit.errors import InputError, SandboxError

PROGRAM = (sys.executable, "-I", "-S", str(Path(__file__).with_name("relay.py")))
"""The argv of a relay."""

_WRITTEN = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:]+)\]|(?P<host>[^:\[\]\s]+)):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class PortForward:
    """The way to ``host``:``port`` of this machine. ``inside`` are the addresses that it has in the sandbox.

    ``named`` tells that the sandbox's DNS must know ``host`` under the first of them.
    """

    host: str
    port: int
    inside: tuple[str, ...]
    named: bool


def parse_port_forward(written: str, number: int) -> PortForward:
    """The hole that ``HOST:PORT`` means; ``number`` (1-based) gives a name its address. Raises ``InputError``."""
    match = _WRITTEN.fullmatch(written)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise InputError(f"--allow {written}: write HOST:PORT, like 127.0.0.1:5432, [::1]:5432 or localhost:5432")
    host, port = match["v6"] or match["host"], int(match["port"])
    if host in ("localhost", socket.gethostname()):  # as the sandbox's hosts file has it
        return PortForward(host, port, ("127.0.0.1", "::1"), named=False)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        _must_be_ours(written, host)
        return PortForward(host, port, (f"127.0.2.{number}",), named=True)
    if not address.is_loopback:
        raise InputError(
            f"--allow {written}: the sandbox has no interface but loopback, so nothing in it can have this address; "
            f"write 127.0.0.1:{port}, or a name of this machine"
        )
    return PortForward(host, port, (host,), named=False)


def _must_be_ours(written: str, name: str) -> None:
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise InputError(f"--allow {written}: {name} does not resolve on this machine: {error.strerror}") from error
    if foreign := sorted(address for address in addresses if not _is_ours(address)):
        raise InputError(
            f"--allow {written}: {name} is {', '.join(foreign)}, which is not this machine; "
            "a hole leads to programs on this machine only"
        )


def _is_ours(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def outer_plan(option: str, number: int, forward: PortForward, folder: Path) -> dict[str, Any]:
    """The plan of the outer relay of the ``number``-th hole that ``option`` asked for; its socket is in ``folder``."""
    socket_name = f"{option.strip('-')}-{number}"
    addresses = [(forward.host, forward.port)]
    return {"folder": str(folder), "socket": socket_name, "role": "outside", "addresses": addresses}


class PortForwards:
    """The relays of a run. They end when this object's pipes do, so with the run, whatever ends that."""

    def __init__(self, option: str = "--allow") -> None:
        """``option`` is what asked for the holes, for messages."""
        self._option = option
        self.relays: list[asyncio.subprocess.Process] = []
        self._watch: list[asyncio.Task[None]] = []

    async def open(
        self, holes: list[PortForward], command: Callable[[list[str]], list[str]], work: Path, *, ipv6: bool
    ) -> None:
        """Start both ends of the relays; ``command`` puts an argv into the sandbox.

        Raises ``SandboxError`` when a port is taken in there.
        """
        places = [self._places(hole, ipv6=ipv6) for hole in holes]
        for number, hole in enumerate(holes, 1):
            await self._start([*PROGRAM], outer_plan(self._option, number, hole, work), hole)
            await self._start_inner(number, hole, places[number - 1], command, work)

    async def open_inside(self, holes: list[PortForward], work: Path) -> None:
        """Start the inner ends here, where the outer ones, of another world, have their sockets in ``work``. Raises ``SandboxError``."""
        for number, hole in enumerate(holes, 1):
            await self._start_inner(number, hole, self._places(hole, ipv6=False), list, work)

    def _places(self, hole: PortForward, *, ipv6: bool) -> list[tuple[str, int]]:
        """Where the inner end listens."""
        listen = [(address, hole.port) for address in hole.inside if ipv6 or ":" not in address]
        if not listen:
            raise SandboxError(
                f"{self._option} {hole.host}:{hole.port}: there is no IPv6 in this sandbox; name an IPv4 address"
            )
        return listen

    async def _start_inner(
        self,
        number: int,
        hole: PortForward,
        listen: list[tuple[str, int]],
        command: Callable[[list[str]], list[str]],
        work: Path,
    ) -> None:
        plan = outer_plan(self._option, number, hole, work) | {"role": "inside", "addresses": listen}
        await self._start(command([*PROGRAM]), plan, hole)

    async def _start(self, argv: list[str], plan: dict[str, Any], hole: PortForward) -> None:
        pipe = asyncio.subprocess.PIPE
        relay = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, start_new_session=True)
        self.relays.append(relay)
        assert relay.stdin is not None
        assert relay.stdout is not None
        relay.stdin.write(json.dumps(plan).encode() + b"\n")
        answer = (await relay.stdout.readline()).decode().strip()
        if answer != "ready":
            raise SandboxError(
                f"{self._option} {hole.host}:{hole.port}: {plan['role']} the sandbox: {answer or 'it died'}"
            )

    def watch(self, died: Callable[[str], None]) -> None:
        """Call ``died`` with a message if a relay ends before ``close``."""

        async def watch_relay(relay: asyncio.subprocess.Process) -> None:
            code = await relay.wait()
            died(f"a relay of {self._option} ended with code {code}")

        self._watch = [asyncio.create_task(watch_relay(relay)) for relay in self.relays]

    async def close(self) -> None:
        """End the relays."""
        for task in self._watch:
            task.cancel()
        for relay in self.relays:
            assert relay.stdin is not None
            relay.stdin.close()
            await relay.wait()
