"""The inline sandbox's hook: runs a Python module with ``socket.getaddrinfo`` asking chaoskit's DNS and nobody else.

``python -m chaoskit.sandbox.inline_hook MAP LABEL MODULE``. MAP is the file that the sandbox publishes: label → DNS ``host:port``,
service address → proxy ``host:port``. The answers and errors are those of glibc (resolv.conf(5): 5 s, 2 attempts; A and AAAA from one
port), but glibc itself is not in the path, and the report says so. Connecting and sending to anything but loopback is refused, in
Python's ``socket``: that is a guard against accidents, not against code that means to leave.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import runpy
import secrets
import select
import socket
import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from chaoskit.dns.codec import StubAnswer, decode_answer, encode_question

TIMEOUT_S = 5.0
ATTEMPTS = 2
HTTPS = 443

EAI_NONAME = socket.EAI_NONAME
EAI_AGAIN = socket.EAI_AGAIN
EAI_NODATA = getattr(socket, "EAI_NODATA", EAI_NONAME)  # macOS has it, others may not
TEXTS = {
    EAI_NONAME: "Name or service not known",
    EAI_AGAIN: "Temporary failure in name resolution",
    EAI_NODATA: "No address associated with hostname",
}
FAMILIES = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}


class Hook:
    """The replacement of ``socket.getaddrinfo`` for one client. ``original`` serves literals and localhost."""

    def __init__(self, published: Path, label: str, original: Callable[..., Any]) -> None:
        self._published = published
        self._label = label
        self._original = original

    @cached_property
    def _where(self) -> dict[str, dict[str, str]]:
        # Read at the first lookup: the sandbox publishes it before any client is started.
        addresses: dict[str, dict[str, str]] = json.loads(self._published.read_text())
        return addresses

    def getaddrinfo(
        self,
        host: Any,
        port: Any,
        family: int = 0,
        type: int = 0,  # noqa: A002
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """As ``socket.getaddrinfo``."""
        name = host.decode("idna") if isinstance(host, bytes) else host
        if name is None or name == "localhost" or _is_literal(name):
            original: list[Any] = self._original(host, port, family, type, proto, flags)
            return original
        addresses = self._resolve(name, family)
        results = []
        for address in addresses:
            target, number = self._target(address, port)
            results += self._original(target, number, 0, type, proto, flags)
        return results

    def _target(self, address: str, port: Any) -> tuple[str, Any]:
        """Where a connection to ``address`` really goes: one to a service of the run leads to its proxy."""
        services = self._where["services"]
        is_https = str(port) in (str(HTTPS), "https")
        proxy = services.get(f"{address}:{port}") or (services.get(address) if is_https else None)
        if proxy is None:
            return address, port
        host, _, number = proxy.rpartition(":")
        return host.strip("[]"), int(number)

    def _resolve(self, name: str, family: int) -> list[str]:
        types = [rtype for rtype, of in FAMILIES.items() if family in (0, of)]
        answers = self._ask(name, types)
        # As glibc sorts on a host with both (RFC 6724): IPv6 first.
        addresses = [address for rtype in sorted(types, reverse=True) for address in answers[rtype].addresses]
        if addresses:
            return addresses
        rcodes = {answer.rcode for answer in answers.values()}
        code = EAI_NODATA if "NOERROR" in rcodes else EAI_NONAME if rcodes == {"NXDOMAIN"} else EAI_AGAIN
        if rcodes - {"NOERROR", "NXDOMAIN"}:
            code = EAI_AGAIN
        raise socket.gaierror(code, TEXTS[code])

    def _ask(self, name: str, types: list[str]) -> dict[str, StubAnswer]:
        host, _, port = self._where["resolvers"][self._label].rpartition(":")
        server = (host.strip("[]"), int(port))
        answers: dict[str, StubAnswer] = {}
        with socket.socket(socket.AF_INET6 if ":" in server[0] else socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.connect(server)
            for _ in range(ATTEMPTS):
                missing = [rtype for rtype in types if rtype not in answers or answers[rtype].rcode == "SERVFAIL"]
                if missing:
                    _exchange(udp, server, name, missing, answers)
        silent = StubAnswer(id=0, rcode="timeout", truncated=False, addresses=())
        return {rtype: answers.get(rtype, silent) for rtype in types}


def _exchange(
    udp: socket.socket, server: tuple[str, int], name: str, types: list[str], answers: dict[str, StubAnswer]
) -> None:
    """Ask for all ``types`` at once, and wait until each has answered or the time is up."""
    asked = {secrets.randbelow(1 << 16): rtype for rtype in types}
    try:
        for number, rtype in asked.items():
            udp.send(encode_question(name, rtype, number))
        deadline = time.monotonic() + TIMEOUT_S
        while asked and (left := deadline - time.monotonic()) > 0:
            if not select.select([udp], [], [], left)[0]:
                return
            answer = decode_answer(udp.recv(65535))
            if answer is None or answer.id not in asked:
                continue
            rtype = asked.pop(answer.id)
            answers[rtype] = _over_tcp(server, name, rtype, answer) if answer.truncated else answer
    except OSError:
        return  # nobody listens: as glibc sees it, no answer from this server


def _over_tcp(server: tuple[str, int], name: str, rtype: str, truncated: StubAnswer) -> StubAnswer:
    question = encode_question(name, rtype, truncated.id)
    with socket.create_connection(server, timeout=TIMEOUT_S) as tcp, tcp.makefile("rb") as stream:
        tcp.sendall(len(question).to_bytes(2, "big") + question)
        size = int.from_bytes(stream.read(2), "big")
        return decode_answer(stream.read(size)) or truncated


def _is_literal(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


PLACE_OF_ADDRESS = {"connect": (0, 0), "connect_ex": (0, 0), "sendto": (1, -1), "sendmsg": (3, 3)}
"""Methods of a socket that are told where to: the fewest arguments before the address, and the address's place among them."""


def refuse_to_leave() -> None:
    """Let sockets of this process connect and send to loopback only."""
    for method, (before, place) in PLACE_OF_ADDRESS.items():
        setattr(socket.socket, method, _loopback_only(getattr(socket.socket, method), before, place))


def _loopback_only(method: Callable[..., Any], before: int, place: int) -> Callable[..., Any]:
    def guarded(self: socket.socket, *words: Any) -> Any:
        address = words[place] if len(words) > before else None
        if address is not None and self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        return method(self, *words)

    return guarded


def _is_loopback(host: str) -> bool:
    return _is_literal(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback


def main() -> None:
    """Hook, then run the module as if it had been started alone."""
    published, label, module = sys.argv[1:4]
    hook = Hook(Path(published), label, socket.getaddrinfo)
    setattr(socket, "getaddrinfo", hook.getaddrinfo)  # noqa: B010  (mypy forbids the plain assignment)
    refuse_to_leave()
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
