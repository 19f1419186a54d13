"""``host:port`` as the embedded proxy takes it: of loopback, or of a network of the run's own; it serves a rehearsal and nothing else."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any


def host_port(address: tuple[Any, ...]) -> str:
    """A socket's address as text, with an IPv6 host in brackets (RFC 3986 §3.2.2)."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse(text: str, within: Sequence[str] = ()) -> tuple[str, int]:
    """Host and port. Raises ``ValueError`` unless the host is a loopback address, or one of the prefixes ``within``.

    A host *name* is refused: it would be looked up in the very DNS that a run disturbs.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if host == "localhost":
        host = "127.0.0.1"
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not host:port; write for example 127.0.0.1:8001")
    try:
        found = ipaddress.ip_address(host)
        ours = found.is_loopback or any(found in ipaddress.ip_network(prefix) for prefix in within)
    except ValueError:
        ours = False
    if not ours:
        raise ValueError(
            f"{text!r}: the embedded proxy serves loopback addresses only; write for example 127.0.0.1:8001"
        )
    return host, int(port)
