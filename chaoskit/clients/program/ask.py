"""Asking a program on this machine whether it is there: over HTTP, or by connecting."""

from __future__ import annotations

import http.client
import socket
from contextlib import closing
from urllib.parse import urlsplit

from chaoskit.clients.program import ASK_TIMEOUT_S
from chaoskit.host_port import split_host_port


def status_of(url: str) -> int | None:
    """The status of the answer to ``GET url``, over a connection of its own as load balancers do; None where there was none in time."""
    try:
        return _get(url)
    except (OSError, http.client.HTTPException):
        return None


def why_not_ready(place: str) -> str | None:
    """What keeps ``place`` (a URL, or ``host:port``) from being ready; None where it is: it accepts, or answers below 400."""
    try:
        if "://" not in place:
            socket.create_connection(split_host_port(place), timeout=ASK_TIMEOUT_S).close()
            return None
        status = _get(place)
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    return None if status < 400 else f"status {status}"


def _get(url: str) -> int:
    parts = urlsplit(url)
    with closing(
        http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=ASK_TIMEOUT_S)
    ) as connection:
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        return connection.getresponse().status
