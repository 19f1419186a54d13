"""One connection of the front: it shakes hands and gathers a request's head as bytes come, and only then takes a worker of a service."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from cheroot.server import HTTPConnection, HTTPRequest

from chaoskit.aws.reader import Reader
from chaoskit.aws.workers import STEPS

IDLE_S = 3600  # longer than any run: an idle connection that we closed would look like an effect of the fault


@dataclass(frozen=True, slots=True)
class Habits:
    """How a service treats its connections. ``idle_ns``: it closes one that was idle for so long (looked at every 0.1 s).

    ``max_requests``: the last of so many on one connection is answered with ``Connection: close`` (RFC 9112 §9.6); 1: all are.
    """

    idle_ns: int | None = None
    max_requests: int | None = None


NO_HABITS = Habits()


class _Request(HTTPRequest):
    """A request whose target is kept as it was sent. What it says wrongly is refused, and is no failure of ours."""

    def parse_request(self) -> None:
        target = self.conn.rfile.hide_target()
        try:
            super().parse_request()
        except ValueError:
            self.ready = False
            self.simple_response("400 Bad Request")
        if self.ready and target is not None:
            path, _, self.qs = target.partition(b"?")
            self.uri, self.path = target, unquote_to_bytes(path)

    def read_request_headers(self) -> bool:
        """As cheroot does, but a ``Content-Length`` is digits and nothing else (RFC 9110 §8.6): cheroot takes ``-7`` too."""
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        length: bytes = self.inheaders.get(b"Content-Length", b"0")
        if not length.isdigit():
            self.simple_response("400 Bad Request", "Malformed Content-Length Header.")
        return length.isdigit()


class Connection(HTTPConnection):
    """A connection that never makes a thread wait for a client that has not sent its request's head."""

    RequestHandlerClass = _Request
    shaken = False
    nth = 0
    habits = NO_HABITS
    pool = STEPS
    _last_used: float = 0

    def __init__(self, server: Any, sock: Any, makefile: Any) -> None:
        super().__init__(server, sock, makefile)
        self.rfile.close()
        self.rfile = Reader(sock)
        self.shaken = server.ssl_adapter is None  # plain HTTP has no handshake
        server.unfinished.add(self)

    @property
    def last_used(self) -> float:
        """cheroot closes what was not used for ``IDLE_S``; a connection that may idle for less says that it was used earlier."""
        idle_ns = self.habits.idle_ns
        return self._last_used if idle_ns is None else self._last_used - IDLE_S + idle_ns / 1e9

    @last_used.setter
    def last_used(self, at: float) -> None:
        self._last_used = at

    def work(self) -> None:
        """One step: of handshake and head, or a whole request. Whatever breaks the connection is the client's doing."""
        keep = False
        try:
            if self.pool != STEPS:
                keep = self._request()
            elif (keep := self._gather()) and self.shaken and self.rfile.has_head:
                self.server.unfinished.discard(self)
                self.pool = self.server.pool_of(self.rfile.head)
                self.server.process_conn(self)
                return
        except OSError:  # it hung up, at whatever moment; ssl.SSLError is one too
            keep = False
        except Exception:  # noqa: BLE001 - the thread must live on, and the failure is told
            self.server.error_log("a connection broke", level=logging.ERROR, traceback=True)
        if keep:
            self.pool = STEPS
            try:
                self.server.put_conn(self)
            except (KeyError, OSError, ValueError):  # the front has been stopped, and its selector is closed
                self.close()
        else:
            self.close()

    def _gather(self) -> bool:
        """Go as far with handshake and head as the bytes at hand allow. Returns whether there is more to come, or to do."""
        if not self.shaken:
            self.socket.settimeout(0)
            try:
                self.socket.do_handshake()
            except ssl.SSLWantReadError:
                return True
            self.shaken = True
        return bool(self.rfile.gather())

    def _request(self) -> bool:
        """Answer one request. Returns whether the connection stays open."""
        self.nth += 1
        self.socket.settimeout(self.server.timeout)
        return bool(super().communicate())  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close the socket; what is not closed is left to the client."""
        self.server.unfinished.discard(self)
        super().close()
