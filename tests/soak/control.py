"""One request to a control API on a Unix socket, with nothing of chaoskit's own."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from tests.cli.serving import PATIENCE_S


class _OverUnix(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(control: str, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    """The status and body of the answer. ``control`` is ``unix:PATH``."""
    connection = _OverUnix(control.removeprefix("unix:"))
    try:
        connection.request(method, path, json.dumps(body or {}), {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
