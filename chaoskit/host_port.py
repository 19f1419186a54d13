"""``host:port`` as text."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

_WRITTEN = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^:/@\s\[\]]+):(?P<port>\d{1,5})")


def host_port(address: tuple[Any, ...]) -> str:
    """A socket's address, or a host and a port, as text, with an IPv6 host in brackets (RFC 3986 §3.2.2)."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_host_port(text: str, example: str = "127.0.0.1:8000") -> tuple[str, int]:
    """Host, without brackets, and port of ``text``. Raises ``ValueError`` for what is no ``host:port``; ``example`` is told as the cure."""
    match = _WRITTEN.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise ValueError(f"{text!r} is no address; write host:port, like {example}")
    return match["host"].strip("[]"), int(match["port"])


def is_loopback(host: str) -> bool:
    """Whether ``host`` is ``localhost`` or an address of the loopback interface."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
