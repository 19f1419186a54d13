"""Anything with an address in place of moto: DynamoDB Local, LocalStack, a team's own stub. Requests go on to it over plain HTTP.

The TLS front, the faults and the evidence stay as they are. What it answers is passed on as it came, hop-by-hop fields aside
(RFC 9110 §7.6.1). One that cannot be reached is a failure of the harness and never looks like a fault.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Any

from chaoskit.aws.evidence import ARRIVED, Application, Environ
from chaoskit.errors import PlaneError

ANSWER_WITHIN_S = 60
_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length")
)


class StandIns:
    """Sends requests of some services to ``addresses`` (``host:port`` by name on the wire), and the others to ``application``."""

    def __init__(self, application: Application, addresses: Mapping[str, str]) -> None:
        self._application = application
        self._addresses = addresses

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        service = environ[ARRIVED].service
        address = self._addresses.get(service)
        if address is None:
            return self._application(environ, start_response)
        body = request_body(environ)
        try:
            status, reason, headers, answer = forward(address, environ, body)
        except http.client.IncompleteRead as error:
            got = len(error.partial)
            raise PlaneError(
                f"{service} is answered by {address}, and an answer of it ended after {got} bytes of body"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise PlaneError(
                f"{service} is to be answered by {address}, which does not answer ({error!r}); is it running, and does it speak HTTP?"
            ) from error
        start_response(f"{status} {reason}", headers)
        return [answer]


def request_body(environ: Environ) -> bytes:
    """The whole body of a request, by its length or in chunks."""
    length = environ.get("CONTENT_LENGTH", "")
    chunked = environ.get("wsgi.input_terminated", False)
    body: bytes = environ["wsgi.input"].read(*([] if chunked else [int(length or 0)]))
    return body


def forward(address: str, environ: Environ, body: bytes) -> tuple[int, str, list[tuple[str, str]], bytes]:
    """Send a request to ``address``; status, reason, headers and body of the answer.

    A connection for each, which costs little on loopback and is never stale. Raises ``OSError`` and ``http.client.HTTPException``.
    """
    method = environ["REQUEST_METHOD"]
    with closing(http.client.HTTPConnection(address, timeout=ANSWER_WITHIN_S)) as connection:
        connection.request(method, _target(environ), body, _fields(environ))
        response = connection.getresponse()
        answer = response.read()
    headers = [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP]
    length = response.getheader("Content-Length") if method == "HEAD" else str(len(answer))
    if length is not None and response.status not in (204, 304):
        headers.append(("Content-Length", length))
    return response.status, response.reason or "Unknown", headers, answer


def _target(environ: Environ) -> str:
    """Path and query as the client wrote them: signatures and S3 keys depend on every byte."""
    uri: str = environ.get("REQUEST_URI") or environ["PATH_INFO"]
    return uri


def _fields(environ: Environ) -> dict[str, str]:
    fields = {
        name.removeprefix("HTTP_").replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    return {name: value for name, value in fields.items() if name.lower() not in _HOP_BY_HOP and name != "EXPECT"}
