"""Names outside our zones, asked of another resolver (``--upstream``). Its answer is the honest one, and faults apply to it.

Forged answers are made improbable as RFC 5452 says: each question leaves by a socket of its own, from a port that the kernel chooses,
connected so that only the upstream's datagrams arrive, with a random id and random case of its letters (draft-vixie-dnsext-dns0x20). An
upstream that does not keep the case is asked again over TCP.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.dns.codec import CD, RD_BIT, SERVER_UDP_SIZE, Request
from chaoskit.dns.message import Answer
from chaoskit.dns.upstream_codec import CaseChanged, ResponseMismatch, read_reply
from chaoskit.dns.zone import TRANSFERS, Zones

TRIES_S = (1.2, 1.8)
"""How long each datagram is waited for: both together less than the 5 s after which a stub resolver asks again."""

TCP_WITHIN_S = 2.0
MAX_UNDER_WAY = 256

Result: TypeAlias = Literal["answered", "timed out", "unreachable", "malformed", "too many under way"]

FAILED = Answer("SERVFAIL", aa=False, ra=True)


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of a question that was passed on: the upstream's answer, or SERVFAIL and why."""

    answer: Answer
    result: Result


class Upstream:
    """One upstream resolver, ``address`` its IP address and port; ``most`` questions are put to it at once."""

    def __init__(self, address: tuple[str, int], tries_s: tuple[float, ...] = TRIES_S, most: int | None = None) -> None:
        self._most = most
        self.address = address
        self._tries_s = tries_s
        self._under_way = 0

    def answers(self, request: Request, zones: Zones) -> bool:
        """Whether this question is for the upstream: of a name outside our zones, by somebody who wants it resolved (RD)."""
        query = request.query
        return bool(request.flags & RD_BIT) and query.rtype not in TRANSFERS and zones.find(query.name) is None

    async def resolve(self, request: Request) -> Passed:
        """Ask; never raises for what the network or the upstream does."""
        if self._under_way >= (MAX_UNDER_WAY if self._most is None else self._most):
            return Passed(FAILED, "too many under way")
        self._under_way += 1
        try:
            return Passed(await self._resolve(request), "answered")
        except TimeoutError:
            return Passed(FAILED, "timed out")
        except OSError:
            return Passed(FAILED, "unreachable")
        except (ValueError, EOFError):
            return Passed(FAILED, "malformed")
        finally:
            self._under_way -= 1

    async def _resolve(self, request: Request) -> Answer:
        for within_s in self._tries_s[:-1]:
            with contextlib.suppress(TimeoutError):
                return await self._ask(request, within_s)
        return await self._ask(request, self._tries_s[-1])

    async def _ask(self, request: Request, within_s: float) -> Answer:
        number, question = secrets.randbits(16), _mixed_case(request.question)
        message = _message(request, number, question)
        try:
            answer, truncated = await self._ask_udp(message, number, question, within_s)
        except CaseChanged:
            truncated = True
        if truncated:
            async with asyncio.timeout(TCP_WITHIN_S):
                return await self._ask_tcp(message, number, question)
        return answer

    async def _ask_udp(self, message: bytes, number: int, question: bytes, within_s: float) -> tuple[Answer, bool]:
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as udp:
            udp.setblocking(False)
            udp.connect(self.address)
            async with asyncio.timeout(within_s):
                await loop.sock_sendall(udp, message)
                while True:
                    data = await loop.sock_recv(udp, 65535)
                    try:
                        return read_reply(data, number, question)
                    except CaseChanged:
                        raise
                    except ResponseMismatch:
                        continue

    async def _ask_tcp(self, message: bytes, number: int, question: bytes) -> Answer:
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(struct.pack("!H", len(message)) + message)
            (size,) = struct.unpack("!H", await reader.readexactly(2))
            return read_reply(await reader.readexactly(size), number, question, exact=False)[0]
        except ResponseMismatch as error:
            raise ValueError("another question's answer over TCP") from error
        finally:
            writer.close()


def _message(request: Request, number: int, question: bytes) -> bytes:
    """With EDNS, so that long answers need no second question; DO and CD as the asker has them."""
    flags = RD_BIT | request.flags & CD
    do = 0x8000 if request.dnssec_ok else 0
    opt = struct.pack("!BHHIH", 0, 41, SERVER_UDP_SIZE, do, 0)
    return struct.pack("!6H", number, flags, 1, 0, 0, 1) + question + opt


def _mixed_case(question: bytes) -> bytes:
    """The name's letters in random case; type and class as they are. Length bytes are below 64, so they are no letters."""
    name, rest = question[:-4], question[-4:]
    return (
        bytes(byte ^ 0x20 if chr(byte).isalpha() and byte < 128 and secrets.randbits(1) else byte for byte in name)
        + rest
    )
