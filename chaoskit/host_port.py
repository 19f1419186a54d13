"""``host:port`` as text."""

from __future__ import annotations

from typing import Any


def host_port(address: tuple[Any, ...]) -> str:
    """A socket's address, or a host and a port, as text, with an IPv6 host in brackets (RFC 3986 §3.2.2)."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
