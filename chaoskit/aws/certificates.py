"""A throw-away certificate authority for one run (trustme). Its key never leaves this process's memory."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Container, Sequence
from pathlib import Path

import trustme

CA_FILE = "ca.pem"


class Authority:
    """A new CA. Clients trust it by the file that ``publish`` writes, and it signs the front's certificates."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="chaoskit throw-away CA")

    def publish(self, folder: Path) -> Path:
        """Write ``ca.pem`` into ``folder``: whole or not at all, because clients wait for the file to appear."""
        path = folder / CA_FILE
        part = folder / f".{CA_FILE}.{os.getpid()}"
        part.write_bytes(self._ca.cert_pem.bytes())
        part.replace(path)
        return path

    def server_context(self, names: Sequence[str], more: Container[str] = ()) -> ssl.SSLContext:
        """A server's TLS settings with a certificate for ``names`` (RFC 6125: ``*`` stands for one whole label).

        A client that asks for one of ``more`` by name (SNI, RFC 6066 §3) is shown a certificate for that name alone, which is made
        when the name is first asked for. So thousands of names cost nothing, and no certificate is larger than AWS's own.
        """
        context = self._context(names)
        shown = frozenset(names)
        by_name: dict[str, ssl.SSLContext] = {}
        making = threading.Lock()

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            pattern = _pattern((name or "").lower(), more)
            if pattern is None or shown.intersection((pattern, f"*.{(name or '').lower().partition('.')[2]}")):
                return
            with making:
                if pattern not in by_name:
                    by_name[pattern] = self._context([pattern])
            connection.context = by_name[pattern]

        context.sni_callback = choose
        return context

    def _context(self, names: Sequence[str]) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context


def _pattern(name: str, patterns: Container[str]) -> str | None:
    """``name`` itself, or the pattern that stands for it, if ``patterns`` has one of the two."""
    wild = f"*.{name.partition('.')[2]}"
    return name if name in patterns else wild if wild in patterns else None
