"""``python -m chaoskit.compose.probe``: asks DNS servers and libc from inside a container's network, and prints what came back.

It runs in a helper container of our image that shares the network and the resolv.conf of the container in question, in which nothing
is started and nothing need be installed. Argument and answer are JSON: ``Question`` and ``Found``.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
import socket
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from chaoskit.dns.codec import decode_answer, encode_question

WITHIN_S = 12.0
"""Longer than Docker's resolver tries (8 s) and glibc (10 s)."""

TYPES = ("A", "AAAA")
ENCRYPTED = {443: "DNS over HTTPS", 853: "DNS over TLS"}
PUBLIC_RESOLVERS = (
    "1.1.1.1",
    "1.0.0.1",
    "8.8.8.8",
    "8.8.4.4",
    "9.9.9.9",
    "149.112.112.112",
    "94.140.14.14",
    "208.67.222.222",
)
"""Of Cloudflare, Google, Quad9, AdGuard and OpenDNS: connections to their ports 443 and 853 are lookups that no resolv.conf governs."""

ESTABLISHED = "01"  # proc_net_tcp(5)


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask: each of ``names`` of each of ``servers`` (addresses), and of libc."""

    names: tuple[str, ...]
    servers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What one server said to one question; ``rcode`` *silence* after ``WITHIN_S``, *closed* if nothing listens."""

    server: str
    name: str
    rtype: str
    rcode: str
    addresses: tuple[str, ...]
    took_ms: float

    @property
    def says(self) -> str:
        """For people: ``NODATA`` for NOERROR without addresses."""
        return "NODATA" if self.rcode == "NOERROR" and not self.addresses else self.rcode


@dataclass(frozen=True, slots=True)
class Libc:
    """What ``getaddrinfo`` of the helper's glibc made of a name: ``code`` 0, or its ``EAI_*`` number."""

    name: str
    code: int
    addresses: tuple[str, ...]
    took_ms: float


@dataclass(frozen=True, slots=True)
class Found:
    """All that came back. ``encrypted`` are connections of the container to public resolvers past every resolv.conf."""

    answered: tuple[Answered, ...]
    libc: tuple[Libc, ...]
    encrypted: tuple[str, ...]

    @classmethod
    def from_json(cls, text: str) -> Found:
        """What ``main`` printed."""
        plain = json.loads(text)
        answered = tuple(Answered(**row | {"addresses": tuple(row["addresses"])}) for row in plain["answered"])
        libc = tuple(Libc(**row | {"addresses": tuple(row["addresses"])}) for row in plain["libc"])
        return cls(answered, libc, tuple(plain["encrypted"]))

    def said(self, server: str, name: str, rtype: str = "A") -> Answered | None:
        """What ``server`` said to this question."""
        question = (server, name, rtype)
        return next(
            (answer for answer in self.answered if (answer.server, answer.name, answer.rtype) == question), None
        )


def ask(server: str, name: str, rtype: str) -> Answered:
    """One question over UDP, once."""
    number = secrets.randbelow(1 << 16)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    started = time.monotonic()

    def answered(rcode: str, addresses: tuple[str, ...] = ()) -> Answered:
        return Answered(server, name, rtype, rcode, addresses, round((time.monotonic() - started) * 1000, 1))

    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        try:
            udp.connect((server, 53))
            udp.send(encode_question(name, rtype, number))
            while (left := started + WITHIN_S - time.monotonic()) > 0:
                udp.settimeout(left)
                answer = decode_answer(udp.recv(65535))
                if answer is not None and answer.id == number:
                    return answered(answer.rcode, answer.addresses)
        except TimeoutError:
            pass
        except ConnectionRefusedError:
            return answered("closed")
        except OSError as error:
            return answered(error.strerror or "unreachable")
    return answered("silence")


def look_up(name: str) -> Libc:
    """``getaddrinfo``, as an application calls it."""
    started = time.monotonic()
    code = 0
    addresses: tuple[str, ...] = ()
    try:
        infos = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
        addresses = tuple(sorted({str(info[4][0]) for info in infos}))
    except socket.gaierror as error:
        code = error.errno or -1
    return Libc(name, code, addresses, round((time.monotonic() - started) * 1000, 1))


def encrypted(tables: Sequence[str]) -> list[str]:
    """Connections to public resolvers, from the text of ``/proc/net/tcp`` and ``tcp6``."""
    connections = set()
    for table in tables:
        for line in table.splitlines()[1:]:
            fields = line.split()
            if len(fields) > 3 and fields[3] == ESTABLISHED:
                address, port = _remote(fields[2])
                if address in PUBLIC_RESOLVERS and port in ENCRYPTED:
                    connections.add(f"{ENCRYPTED[port]} to {address}")
    return sorted(connections)


def _remote(written: str) -> tuple[str, int]:
    """``0100007F:0035`` of /proc/net/tcp: the address as little-endian words, the port in plain hexadecimal."""
    host, _, port = written.partition(":")
    words = [bytes.fromhex(host[start : start + 8])[::-1] for start in range(0, len(host), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address), int(port, 16)


def main() -> None:
    """Ask everything at once; a silent server holds up nothing else."""
    question = Question(**json.loads(sys.argv[1]))
    asked = [(server, name, rtype) for server in question.servers for name in question.names for rtype in TYPES]
    with ThreadPoolExecutor(len(asked) + len(question.names) + 1) as pool:
        answered = [pool.submit(ask, *arguments) for arguments in asked]
        looked = [pool.submit(look_up, name) for name in question.names]
        tables = [path.read_text() for path in map(Path, ("/proc/net/tcp", "/proc/net/tcp6")) if path.exists()]
        results = Found(
            tuple(future.result() for future in answered),
            tuple(future.result() for future in looked),
            tuple(encrypted(tables)),
        )
    sys.stdout.write(json.dumps(asdict(results)) + "\n")


if __name__ == "__main__":
    main()
