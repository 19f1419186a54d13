"""A throw-away certificate authority for one run (trustme). Its key never leaves this process's memory."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from pathlib import Path

import trustme

CA_FILE = "ca.pem"


class Authority:
    """A new CA. Clients trust it by the file that ``publish`` writes, and it signs the front's certificate."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="chaoskit throw-away CA")

    def publish(self, folder: Path) -> Path:
        """Write ``ca.pem`` into ``folder``: whole or not at all, because clients wait for the file to appear."""
        path = folder / CA_FILE
        part = folder / f".{CA_FILE}.{os.getpid()}"
        part.write_bytes(self._ca.cert_pem.bytes())
        part.replace(path)
        return path

    def server_context(self, names: Sequence[str]) -> ssl.SSLContext:
        """A server's TLS settings with a certificate for ``names`` (RFC 6125: ``*`` stands for one whole label)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context
