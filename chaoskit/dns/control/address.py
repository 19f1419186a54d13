"""Where a control API is: ``127.0.0.1:8530``, ``http://127.0.0.1:8530`` or ``unix:PATH``."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from chaoskit.errors import InputError

DEFAULT = "127.0.0.1:8530"


@dataclass(frozen=True, slots=True)
class Tcp:
    """An IP address and a port; port 0 lets the kernel choose."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Unix:
    """A Unix socket."""

    path: Path

    is_loopback = True

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address: TypeAlias = Tcp | Unix


def parse_control(text: str) -> Address:
    """Raises ``InputError`` saying what would be right."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path:
            raise InputError("unix: needs a path, for example unix:/run/user/1000/chaoskit.sock")
        return Unix(Path(path))
    host, port = parse_host_port(text.removeprefix("http://").rstrip("/"), "--control")
    return Tcp(host, port)


def parse_host_port(text: str, option: str, default_port: int | None = None) -> tuple[str, int]:
    """``127.0.0.1:53``, ``[::1]:53`` and ``localhost:53``; an address alone where there is a ``default_port``. Raises ``InputError``."""
    host, _, port = text.rpartition(":")
    if default_port is not None and _address(text) is not None:
        host, port = text, str(default_port)
    found = _address("127.0.0.1" if host == "localhost" else host)
    if found is None or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise InputError(f"{option} {text}: write an IP address and a port, for example 127.0.0.1:5300 or [::1]:5300")
    return found, int(port)


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        return None
