"""The TLS front: cheroot, with keep-alive, in front of the mock AWS.

cheroot as it comes would bend what a run measures, so two of its ways are changed here:

* It makes each TLS handshake, blocking, on the one thread that accepts. A connection whose ``ClientHello`` is held back (by a
  ``timeout`` toxic, say) would stall every other client. Here a worker takes a handshake a step further when bytes have come.
* It keeps 10 idle connections and closes the rest, and queues 5 in ``listen``. Here neither limit is in the way.
* It has one idle time-out for all. Here a connection takes on the habits of the service that was asked over it.
"""

from __future__ import annotations

import logging
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cheroot
from cheroot import wsgi
from cheroot.server import HTTPConnection, HTTPServer
from cheroot.ssl import Adapter
from cheroot.ssl.builtin import BuiltinSSLAdapter

from chaoskit.aws.evidence import ARRIVED, NTH, SENT_AS, Application, host_port

VERSION: str = cheroot.__version__

THREADS = 24
MANY_THREADS = (
    256  # where faults hold requests back: slow answers and queues must not take the workers of other services
)
IDLE_S = 3600  # longer than any run: an idle connection that we closed would look like an effect of the fault
BACKLOG = 1024  # a full backlog drops SYNs, and the client's kernel repeats them only after 1 s


@dataclass(frozen=True, slots=True)
class Habits:
    """How a service treats its connections. ``idle_ns``: it closes one that was idle for so long (looked at every 0.1 s).

    ``max_requests``: the last of so many on one connection is answered with ``Connection: close`` (RFC 9112 §9.6); 1: all are.
    """

    idle_ns: int | None = None
    max_requests: int | None = None


NO_HABITS = Habits()


class _Tls(Adapter):
    """Wraps accepted sockets without shaking hands; ``_Connection`` does that."""

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


class _Connection(HTTPConnection):
    """A connection that first shakes hands, as far as the bytes at hand allow, and then counts its requests."""

    shaken = False
    nth = 0
    habits = NO_HABITS
    _last_used: float = 0

    @property
    def last_used(self) -> float:
        """cheroot closes what was not used for ``IDLE_S``; a connection that may idle for less says that it was used earlier."""
        idle_ns = self.habits.idle_ns
        return self._last_used if idle_ns is None else self._last_used - IDLE_S + idle_ns / 1e9

    @last_used.setter
    def last_used(self, at: float) -> None:
        self._last_used = at

    def communicate(self) -> bool:
        """One step; True puts the connection back to wait for more bytes."""
        if not self.shaken:
            return self._shake_hands()
        self.nth += 1
        return bool(super().communicate())  # type: ignore[no-untyped-call]

    def _shake_hands(self) -> bool:
        self.socket.settimeout(0)
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            return True
        except OSError:  # the client went away or does not trust us; ssl.SSLError is an OSError
            return False
        self.socket.settimeout(self.server.timeout)
        self.shaken = True
        return True


class _Gateway(wsgi.Gateway_10):
    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        return environ | {NTH: self.req.conn.nth}

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


class _Server(wsgi.Server):
    ConnectionClass = _Connection
    keep_alive_conn_limit = None  # type: ignore[assignment]
    expiration_interval = 0.1  # seconds within which it sees that it is to stop

    def __init__(
        self,
        application: Application,
        address: tuple[str, int],
        on_failure: Callable[[str], None],
        habits: Mapping[str, Habits],
        threads: int,
    ) -> None:
        super().__init__(address, application, numthreads=threads, request_queue_size=BACKLOG, timeout=IDLE_S)
        self.habits = habits
        self.shutdown_timeout = 1
        self.gateway = _Gateway
        self._on_failure = on_failure

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """cheroot tells of clients that went away at level INFO: no news. What it calls an error is a failure of ours."""
        if level >= logging.ERROR:
            detail = sys.exc_info()[1] if traceback else None
            self._on_failure(f"the TLS front failed: {msg}" + (f" ({detail!r})" if detail else ""))


class Front:
    """The running front. ``address`` is where it listens.

    ``habits`` has the services, by their names on the wire, that do not keep connections for ever. ``threads`` bounds the requests under
    way at once.
    """

    def __init__(
        self,
        application: Application,
        tls: ssl.SSLContext,
        on_failure: Callable[[str], None],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        habits: Mapping[str, Habits] | None = None,
        threads: int = THREADS,
    ) -> None:
        self._server: HTTPServer = _Server(application, (host, port), on_failure, habits or {}, threads)
        self._server.ssl_adapter = _Tls(tls)
        self._server.prepare()
        self.address = host_port(*self._server.bind_addr)
        self._thread = threading.Thread(target=self._server.serve, name="front", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let requests under way finish (at most a second), then close every connection."""
        self._server.stop()
        self._thread.join()
