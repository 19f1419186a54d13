"""A health endpoint and the poller that asks it: ``GET /health`` is answered with 200 or 503."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chaoskit.clients.app import POLL_EVERY_NS, POLL_TIMEOUT_S
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Clock, Instant
from chaoskit.journal.events import HealthChecked


class Endpoint:
    """Listens on a loopback port from the start; ``healthy`` decides what it says."""

    def __init__(self) -> None:
        self.healthy = True
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                """Answer, whatever the path."""
                self.send_response(200 if endpoint.healthy else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing: standard error is for failures."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


async def poll(
    port: int, client: str, clock: Clock, origin: Instant, ends: Instant, emit: Callable[[HealthChecked], object]
) -> None:
    """Ask from ``origin`` until before ``ends``, each time over a connection of its own, as load balancers do."""
    import asyncio

    async def ask(_: Slot) -> None:
        began = clock.now()
        status = await asyncio.to_thread(_status, port)
        now = clock.now()
        emit(HealthChecked(at=now, client=client, status=status, latency_ns=now - began))

    await drive([Lane(POLL_EVERY_NS)], clock, origin, ends, ask)


def _status(port: int) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=POLL_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()
