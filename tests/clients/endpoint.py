"""A DynamoDB of one answer under TLS on loopback, and a resolver that leads its real host name there."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

HOST = "dynamodb.us-east-1.amazonaws.com"


@dataclass
class Endpoint:
    """What the endpoint saw: per request its connection, its place on it, and its invocation id; ``refuse`` makes it answer 400 with
    that id as the error code, so that a client's report can be told from every other.
    """

    port: int = 0
    refuse: bool = False
    requests: list[tuple[str, int, str]] = field(default_factory=list)


@contextmanager
def endpoint(folder: Path, *, refuse: bool = False) -> Iterator[tuple[Endpoint, Path]]:
    """A running endpoint and the file of the CA that signed its certificate."""
    seen = Endpoint(refuse=refuse)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        nth = 0

        def setup(self) -> None:
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()

        def do_POST(self) -> None:
            self.nth += 1
            invocation = self.headers["amz-sdk-invocation-id"]
            seen.requests.append((f"{self.client_address[1]}", self.nth, invocation))
            self.rfile.read(int(self.headers["Content-Length"]))
            answer: dict[str, Any] = {"__type": invocation, "message": "refused"} if seen.refuse else {}
            body = json.dumps(answer).encode()
            self.send_response(400 if seen.refuse else 200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        seen.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield seen, folder / "ca.pem"
        finally:
            server.shutdown()
            thread.join()


def leading_to(port: int) -> Any:
    """A ``getaddrinfo`` for which the real host name is at loopback ``port``, and no other name is anywhere."""

    def getaddrinfo(host: str, *_: Any, **__: Any) -> Any:
        if host != HOST:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    return getaddrinfo


def no_address(*_: Any, **__: Any) -> Any:
    """A ``getaddrinfo`` as glibc's on NODATA."""
    raise socket.gaierror(socket.EAI_NODATA, "No address associated with hostname")
