"""Outside vantage points: one probe asks a resolver for a name, another dials the address that the name should lead to.

Together they tell a missing phone-book entry from a dead endpoint. Nothing is probed but what the operator named.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from chaoskit.dns.control.address import parse_host_port
from chaoskit.dns.message import Answer
from chaoskit.dns.names import canonical, labels, wire
from chaoskit.dns.upstream_codec import ResponseMismatch, read_reply
from chaoskit.errors import InputError

WITHIN_S = 2.0
"""How long a probe waits before it says *no answer*."""

_TYPE_NUMBERS = {"A": 1, "AAAA": 28}
_RECURSION_DESIRED = 0x0100

Tone: TypeAlias = Literal["ok", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class Reach:
    """A name, and the address and port where what it names is expected to answer."""

    name: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What one probe found."""

    tone: Tone
    words: str


UNKNOWN = Seen("unknown", "unknown: not probed yet")


def read_reach(written: str) -> Reach:
    """``NAME=ADDRESS:PORT``. Raises ``InputError``."""
    name, equals, place = written.partition("=")
    if not (name and equals):
        raise InputError(f"--reach {written}: write NAME=ADDRESS:PORT, such as api.example.com=127.0.0.1:8443")
    try:
        return Reach(canonical(name), *parse_host_port(place, f"--reach {name}="))
    except ValueError as error:
        raise InputError(f"--reach {written}: {error}") from error


async def by_resolver(resolver: tuple[str, int], name: str) -> Seen:
    """Ask ``resolver`` for the addresses of ``name`` over UDP, once, without a cache: an address of either family is enough."""
    words = []
    for rtype in _TYPE_NUMBERS:
        try:
            answer = await _ask(resolver, name, rtype)
        except TimeoutError:
            words.append(f"no answer to {rtype} within {WITHIN_S:g} s")
            continue
        except (OSError, ValueError, EOFError) as error:
            words.append(f"{rtype}: {error or type(error).__name__}")
            continue
        addresses = [record.data for record in answer.records if record.rtype == rtype]
        if addresses:
            return Seen("ok", f"has an address: {addresses[0]}")
        words.append(f"{rtype}: {'NODATA' if answer.rcode == 'NOERROR' else answer.rcode}")
    return Seen("bad", "; ".join(words))


async def _ask(resolver: tuple[str, int], name: str, rtype: str) -> Answer:
    loop = asyncio.get_running_loop()
    number = secrets.randbits(16)
    question = wire(labels(name)) + struct.pack("!HH", _TYPE_NUMBERS[rtype], 1)
    message = struct.pack("!6H", number, _RECURSION_DESIRED, 1, 0, 0, 0) + question
    with socket.socket(socket.AF_INET6 if ":" in resolver[0] else socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        udp.connect(resolver)
        async with asyncio.timeout(WITHIN_S):
            await loop.sock_sendall(udp, message)
            while True:
                try:
                    return read_reply(await loop.sock_recv(udp, 65535), number, question)[0]
                except ResponseMismatch:
                    continue


async def by_address(reach: Reach) -> Seen:
    """Open a connection to the address, and close it at once."""
    try:
        async with asyncio.timeout(WITHIN_S):
            _, writer = await asyncio.open_connection(reach.host, reach.port)
    except TimeoutError:
        return Seen("bad", f"{reach.host} did not answer within {WITHIN_S:g} s")
    except OSError as error:
        return Seen("bad", f"{reach.host}: {error.strerror or error}")
    writer.close()
    return Seen("ok", f"{reach.host} accepts connections on port {reach.port}")


def conclusion(resolver: Seen, address: Seen) -> str:
    """What the two together say."""
    match resolver.tone, address.tone:
        case "ok", "ok":
            return "Both ways lead there."
        case "bad", "ok":
            return "The folks are there; the phone book went blank."
        case "ok", "bad":
            return "The phone book is right; nobody answers at the address."
        case "bad", "bad":
            return "Neither way leads there."
    return "Not known yet."


class Vantage:
    """The probes of all names in ``reaches``, made about once a second while somebody looks."""

    def __init__(self, resolver: tuple[str, int], reaches: tuple[Reach, ...]) -> None:
        self._resolver = resolver
        self._reaches = reaches
        self._results: dict[Reach, tuple[Seen, Seen]] = dict.fromkeys(reaches, (UNKNOWN, UNKNOWN))
        self._round: asyncio.Task[None] | None = None

    def look(self) -> list[dict[str, Any]]:
        """What was found last; begins another round unless one is under way. On the loop that probes."""
        if self._reaches and (self._round is None or self._round.done()):
            self._round = asyncio.get_running_loop().create_task(self._probe())
        return [
            {
                "what": reach.name,
                "tone": "ok"
                if resolver.tone == address.tone == "ok"
                else resolver.tone
                if address.tone == "ok"
                else address.tone,
                "resolver": {"tone": resolver.tone, "words": resolver.words},
                "address": {"tone": address.tone, "words": address.words},
                "conclusion": conclusion(resolver, address),
            }
            for reach, (resolver, address) in self._results.items()
        ]

    async def _probe(self) -> None:
        async with asyncio.TaskGroup() as group:
            for reach in self._reaches:
                group.create_task(self._probe_one(reach))

    async def _probe_one(self, reach: Reach) -> None:
        self._results[reach] = (await by_resolver(self._resolver, reach.name), await by_address(reach))
