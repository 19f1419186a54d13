"""A client of the control API over TCP or a Unix socket. It is the standard library's, so it heeds no proxy variable."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaoskit.dns.control.address import Address, Unix
from chaoskit.errors import HarnessError, InputError, PlaneError

WITHIN_S = 10.0
STREAM_WITHIN_S = 60.0
"""A feed says something, if only that there is nothing new, more often than this."""


class Over(InputError):
    """The injection has already ended (HTTP status 410)."""


@dataclass(frozen=True, slots=True)
class ControlClient:
    """Client of the control API. Raises ``InputError`` for what the server refuses, ``PlaneError`` when no server answers."""

    address: Address
    token: str | None = None

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Send a request and return the server's answer, a JSON object."""
        headers = {"Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = self._connection()
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise PlaneError(
                f"no chaoskit server answers at {self.address} ({why}); "
                "start one with: chaoskit serve, or say with --control where it is"
            ) from error
        finally:
            connection.close()
        return self._read(status, text)

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes]]:
        """The lines of an answer that goes on while the block runs. Raises ``PlaneError`` where it is refused."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        connection = self._connection()
        connection.timeout = STREAM_WITHIN_S
        try:
            connection.request("GET", path, None, headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise PlaneError(f"the server at {self.address} refuses {path} (status {answer.status})")
            yield iter(answer.readline, b"")
        finally:
            connection.close()

    def _read(self, status: int, text: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise PlaneError(f"what answers at {self.address} is no chaoskit server (status {status}); check --control")
        if status < 400:
            return answer
        message = str(answer.get("error", f"status {status}"))
        if status >= 500:
            raise HarnessError(f"the server at {self.address} failed: {message}")
        raise (Over if status == 410 else InputError)(message)

    def _connection(self) -> http.client.HTTPConnection:
        if isinstance(self.address, Unix):
            return _UnixConnection(self.address.path)
        return http.client.HTTPConnection(self.address.host, self.address.port, timeout=WITHIN_S)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=WITHIN_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(WITHIN_S)
        self.sock.connect(str(self._path))
