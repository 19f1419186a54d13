"""The TLS front: cheroot, with keep-alive, in front of the mock AWS.

cheroot as it comes would bend what a run measures, so some of its ways are changed here:

* It makes each TLS handshake, blocking, on the one thread that accepts, and a worker waits for the rest of a head. A connection whose bytes
  are held back (by a ``timeout`` toxic, say) would stall others. Here a thread takes a connection a step further when bytes have come
  (``aws/reader.py``), and a request is worked at once its head is there, by a thread of its service (``aws/workers.py``).
* It takes a client that hangs up at the wrong moment for an error of its own. Here that is the client's affair.
* It decodes paths. Here they are handed on as they were sent too (``REQUEST_URI``, ``RAW_URI``).
* It keeps 10 idle connections and closes the rest, and queues 5 in ``listen``. Here neither limit is in the way.
* It has one idle time-out for all. Here a connection takes on the habits of the service that was asked over it.
"""

from __future__ import annotations

import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import cheroot
from cheroot import wsgi
from cheroot.errors import MaxSizeExceeded
from cheroot.server import HTTPServer
from cheroot.ssl import Adapter
from cheroot.ssl.builtin import BuiltinSSLAdapter

from chaoskit.aws.connection import IDLE_S, NO_HABITS, Connection, Habits
from chaoskit.aws.evidence import (
    ARRIVED,
    NTH,
    SENT_AS,
    UNDERSCORED,
    Application,
    BrokenBody,
    service_of_head,
)
from chaoskit.aws.reader import MOST_HEAD
from chaoskit.aws.workers import MOST, Workers
from chaoskit.host_port import host_port

VERSION: str = cheroot.__version__

BACKLOG = 1024  # a full backlog drops SYNs, and the client's kernel repeats them only after 1 s
MOST_UNFINISHED = 512
"""Connections at once whose first request has not come; the oldest of more is closed."""

OTHER = "other"
"""The pool of requests of services that are not known."""


class _Tls(Adapter):
    """Wraps accepted sockets without shaking hands; ``Connection`` does that."""

    makefile = BuiltinSSLAdapter.makefile

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: Any) -> Any:
        return sock

    def wrap(self, sock: Any) -> tuple[Any, dict[str, str]]:
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, str]:
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}


class _Body:
    """A request's body. Whatever is wrong with it is the client's doing: ``BrokenBody``."""

    def __init__(self, body: Any) -> None:
        self._body = body

    @property
    def remaining(self) -> int:
        """Bytes that are still to come; 0 where the client did not say."""
        return int(getattr(self._body, "remaining", 0))

    def read(self, size: int | None = None) -> bytes:
        return self._guarded(self._body.read, size)

    def readline(self, size: int | None = None) -> bytes:
        return self._guarded(self._body.readline, size)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _guarded(self, read: Callable[..., bytes], size: int | None) -> bytes:
        try:
            return read() if size is None or size < 0 else read(size)
        except (OSError, ValueError, MaxSizeExceeded) as error:
            raise BrokenBody(str(error)) from error


class _Gateway(wsgi.Gateway_10):
    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        sent = self.req.uri.decode("latin-1")
        body = _Body(environ["wsgi.input"])
        own = {NTH: self.req.conn.nth, UNDERSCORED: self._underscored(), "wsgi.input": body}
        return environ | own | {"RAW_URI": sent, "REQUEST_URI": sent}

    def _underscored(self) -> tuple[str, ...]:
        """The header names with an underscore in them, which WSGI cannot tell from a hyphen; without those that were sent with both."""
        names = {name.decode("latin-1").lower() for name in self.req.inheaders}
        return tuple(name for name in names if "_" in name and name.replace("_", "-") not in names)

    def respond(self) -> None:
        super().respond()
        if (sent := self.env.get(SENT_AS)) is not None and sent.cut:
            self.req.close_connection = True  # only now: the head must not announce it

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        write: Callable[[bytes], object] = super().start_response(status, headers, exc_info)
        if (sent := self.env.get(SENT_AS)) is not None and sent.declared is not None:
            self.remaining_bytes_out = None  # a fault lies about the length: cheroot must not hold it to that
        if (arrived := self.env.get(ARRIVED)) is not None:
            connection = self.req.conn
            connection.habits = habits = self.req.server.habits.get(arrived.service, NO_HABITS)
            if habits.max_requests is not None and connection.nth >= habits.max_requests:
                self.req.close_connection = True
        return write


class _Unfinished:
    """The connections whose first request has not come, oldest first; there is room for ``MOST_UNFINISHED``."""

    def __init__(self) -> None:
        self._connections: dict[Connection, None] = {}
        self._lock = threading.Lock()

    def add(self, connection: Connection) -> None:
        with self._lock:
            self._connections[connection] = None
            if len(self._connections) <= MOST_UNFINISHED:
                return
            oldest = next(iter(self._connections))
            del self._connections[oldest]
        with suppress(OSError):  # whoever waits for its bytes sees its end
            socket.socket.shutdown(oldest.socket, socket.SHUT_RDWR)

    def discard(self, connection: Connection) -> None:
        with self._lock:
            self._connections.pop(connection, None)


class _Server(wsgi.Server):
    ConnectionClass = Connection
    keep_alive_conn_limit = None  # type: ignore[assignment]
    expiration_interval = 0.1  # seconds within which it sees that it is to stop

    def __init__(
        self,
        application: Application,
        address: tuple[str, int],
        on_failure: Callable[[str], None],
        habits: Mapping[str, Habits],
        hosts: Mapping[str, str],
        most: int,
    ) -> None:
        super().__init__(address, application, request_queue_size=BACKLOG, timeout=IDLE_S)
        self.max_request_header_size = MOST_HEAD
        self.requests = Workers(most)
        self.unfinished = _Unfinished()
        self.habits = habits
        self.hosts = hosts
        self._known = frozenset(hosts.values()) | frozenset(habits)
        self.shutdown_timeout = 1
        self.gateway = _Gateway
        self._on_failure = on_failure

    def pool_of(self, head: bytes) -> str:
        """Whose workers a request with this head gets."""
        service = service_of_head(head, self.hosts)
        return service if service in self._known else OTHER

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """cheroot tells of clients that went away at level INFO: no news. What it calls an error is a failure of ours."""
        error = sys.exc_info()[1]
        if level >= logging.ERROR and not isinstance(error, OSError):
            self._on_failure(f"the TLS front failed: {msg}" + (f" ({error!r})" if traceback and error else ""))


class Front:
    """The running front. ``address`` is where it listens.

    ``habits`` has the services, by their names on the wire, that do not keep connections for ever. ``hosts`` maps host names, or ``*.`` and
    a name, to the services' names on the wire. ``most`` bounds the requests of one service under way at once. ``tls`` None is plain HTTP.
    """

    def __init__(
        self,
        application: Application,
        tls: ssl.SSLContext | None,
        on_failure: Callable[[str], None],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        habits: Mapping[str, Habits] | None = None,
        hosts: Mapping[str, str] | None = None,
        most: int = MOST,
    ) -> None:
        self._server: HTTPServer = _Server(application, (host, port), on_failure, habits or {}, hosts or {}, most)
        if tls is not None:
            self._server.ssl_adapter = _Tls(tls)
        self._server.prepare()
        self.address = host_port(self._server.bind_addr)
        self._thread = threading.Thread(target=self._server.serve, name="front", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let requests under way finish (at most a second), then close every connection."""
        self._server.stop()
        self._thread.join()
