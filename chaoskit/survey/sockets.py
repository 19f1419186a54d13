"""The kernel's table of TCP sockets in the sandbox, as a witness: what is dialled, what is open, and for how long.

``/proc/net/tcp`` (proc(5)) has addresses as hexadecimal words in the byte order of the machine, and ports in network byte order.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import itertools
import re
import struct
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Literal

from chaoskit.clock import Clock, Instant
from chaoskit.journal.events import ResolverCacheSeen, SocketHeld
from chaoskit.journal.store import Journal
from chaoskit.sandbox.resolver_caches import ResolverCache, find_caches, processes_beside
from chaoskit.units import MILLISECOND

LOOK_EVERY_NS = 100 * MILLISECOND
CACHES_EVERY = 20
"""At each twentieth look the processes of the sandbox are looked at too."""

SHORTEST_NS = 500 * MILLISECOND
"""A socket that was seen for less is not told."""

State = Literal["SYN_SENT", "ESTABLISHED"]
STATES: dict[str, State] = {"01": "ESTABLISHED", "02": "SYN_SENT"}  # include/net/tcp_states.h

_LINE = re.compile(r"\s*\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) ")

Socket = tuple[str, str, State]
"""Local port, the peer's ``host:port``, and the state."""


def sockets_in(table: str) -> set[Socket]:
    """The sockets of one table that are open or being dialled, from the side of whoever has this local port."""
    matches = (match for line in table.splitlines() if (match := _LINE.match(line)))
    return {
        (match[1], f"{_address(match[2])}:{int(match[3], 16)}", STATES[match[4]])
        for match in matches
        if match[4] in STATES
    }


def _address(digits: str) -> str:
    words = [int(digits[place : place + 8], 16) for place in range(0, len(digits), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    address = ipaddress.ip_address(packed)
    plain = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if plain is not None:
        return str(plain)
    return f"[{address}]" if address.version == 6 else str(address)


class SocketLog:
    """Turns looks at the table into spans: a socket is held from the first look that shows it to the last."""

    def __init__(self, client: str) -> None:
        self._client = client
        self._spans: dict[Socket, tuple[Instant, Instant]] = {}

    def look(self, sockets: Iterable[Socket], at: Instant) -> list[SocketHeld]:
        """Take what the table shows at ``at``. Returns the sockets that are gone since the last look, if they lived long enough."""
        present = set(sockets)
        gone = [socket for socket in self._spans if socket not in present]
        events = self._events(gone)
        for socket in gone:
            del self._spans[socket]
        for socket in present:
            since, _ = self._spans.get(socket, (at, at))
            self._spans[socket] = (since, at)
        return events

    def close(self) -> list[SocketHeld]:
        """The sockets of the last look."""
        return self._events(list(self._spans))

    def _events(self, sockets: list[Socket]) -> list[SocketHeld]:
        events = []
        for socket in sorted(sockets):
            (since, last), (_, peer, state) = self._spans[socket], socket
            if last - since >= SHORTEST_NS:
                events.append(SocketHeld(at=last, client=self._client, peer=peer, state=state, since=since))
        return events


@contextlib.asynccontextmanager
async def watch_sockets(keeper: int, client: str, journal: Journal, clock: Clock) -> AsyncIterator[None]:
    """Journal the long-lived sockets, and the caches, of the sandbox that process ``keeper`` holds, until the context ends."""
    tables = [Path(f"/proc/{keeper}/net/{name}") for name in ("tcp", "tcp6")]
    log = SocketLog(client)
    caches: set[ResolverCache] = set()

    def look_for_caches() -> None:
        for cache in sorted(find_caches(processes_beside(keeper)) - caches):
            caches.add(cache)
            journal.append(ResolverCacheSeen(at=clock.now(), program=cache.program, cache=cache.cache))

    async def look_on() -> None:
        for number in itertools.count():
            if not sys.platform.startswith("linux"):
                return
            if number % CACHES_EVERY == 0:
                look_for_caches()
            with contextlib.suppress(OSError):  # the sandbox is gone, or there is no IPv6
                sockets = [socket for table in tables if table.exists() for socket in sockets_in(table.read_text())]
                for event in log.look(sockets, clock.now()):
                    journal.append(event)
            await clock.sleep_until(clock.now() + LOOK_EVERY_NS)

    looking = asyncio.create_task(look_on())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        for event in log.close():
            journal.append(event)
